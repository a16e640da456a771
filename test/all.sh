#!/bin/sh
# npm test: everything that CI asserts, in the order in which a mistake is cheapest to find. Ends with `N passed, N failed`.
# With HAILBOOK_FULL (npm run e2e:full) there is more of what chance plays a part in, on two releases of Debian, and docs/full-run.md is written.
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

say 'what the tests need of this machine'
# The transport's tests log in to a real sshd of their own, and become other users by a real sudo.
missing=
for need in openssh-server:/usr/sbin/sshd openssh-client:ssh sudo:sudo openssl:openssl curl:curl wget:wget procps:pgrep busybox-static:busybox \
  git:git xz-utils:xz zstd:zstd bzip2:bzip2 unzip:unzip zip:zip; do
  command -v "${need#*:}" >/dev/null || missing="$missing ${need%%:*}"
done
if [ -n "$missing" ]; then
  echo "installing$missing"
  apt-get update -qq
  # shellcheck disable=SC2086 # one word each
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi
# A lab of the tests' own (vitest.config.ts names the same folder), so that one that somebody works in stays as it is.
export HAILBOOK_LAB_DIR=/var/lib/hailbook-test HAILBOOK_TALLY="$results/tally"
trap 'rm -rf "$results"; node dist/cli.js lab down' EXIT
node dist/cli.js lab up --install --subnet "${HAILBOOK_TEST_SUBNET:-10.78.0.0/24}"

failed=0
for project in unit e2e ${HAILBOOK_FULL:+full property hostile}; do
  say "$project tests"
  if [ "$project" = property ]; then node dist/cli.js lab reset ${HAILBOOK_FULL:+--release bookworm,trixie}; fi
  npx vitest run --project "$project" --reporter=default --reporter=json --outputFile.json="$results/$project.json" || failed=1
  [ "$failed" = 0 ] || break
done
say 'lab down'
if [ -n "${HAILBOOK_FULL:-}" ]; then
  node dist/cli.js lab reset --release "$(. /etc/os-release; echo "$VERSION_CODENAME")"
  node test/full-run.mjs "$results/tally" "$results"/*.json
fi
node dist/cli.js lab down
trap 'rm -rf "$results"' EXIT
node test/totals.mjs "$results"/*.json
exit "$failed"
