#!/bin/sh
# npm run demo: builds what is not built, and hands over to `hailbook demo`.
set -eu
cd "$(dirname "$0")/.."
# Also when an installation was cut off, or left out what is needed to build.
[ -x node_modules/.bin/tsc ] || npm ci --no-audit --no-fund
npm run --silent build
exec node dist/cli.js demo "$@"
