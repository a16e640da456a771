#!/bin/sh
# npm test: everything that CI asserts, in the order in which a mistake is cheapest to find. Ends with `N passed, N failed`.
set -eu
cd "$(dirname "$0")/.."
say() { printf '\n== %s\n' "$*"; }
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

say 'types, lint, dead code'
npm run --silent typecheck
npm run --silent lint
say 'build; generated files are fresh'
npm run --silent build
node dist/cli.js schema --write schemas
if git rev-parse --git-dir >/dev/null 2>&1; then git diff --exit-code -- schemas; fi

failed=0
for project in unit e2e; do
  say "$project tests"
  [ "$project" = unit ] || node dist/cli.js lab up --install
  npx vitest run --project "$project" --reporter=default --reporter=json --outputFile.json="$results/$project.json" || failed=1
  [ "$failed" = 0 ] || break
done
say 'lab down'
node dist/cli.js lab down

node test/totals.mjs "$results"/*.json
exit "$failed"
