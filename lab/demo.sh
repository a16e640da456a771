#!/bin/sh
# npm run demo: from a fresh Debian machine (root, Node) to a proven Hail-on-Spark cluster of four hosts.
set -eu
cd "$(dirname "$0")/.."
say() { printf '\n== %s\n' "$*"; }
hailbook() { node dist/cli.js "$@"; }

started=$(date +%s)
say 'build'
[ -d node_modules ] || npm ci --no-audit --no-fund
npm run --silent build
say 'four bare hosts'
hailbook lab up --install
say 'hailbook run playbooks/cluster.yml'
hailbook run playbooks/cluster.yml
say 'hailbook run playbooks/verify.yml'
hailbook run playbooks/verify.yml
say 'proven'
hailbook exec --become spark_master -- cat /opt/hailbook/verify/report.json
cat <<TEXT

From bare hosts to a verified cluster in $((($(date +%s) - started) / 60)) min $((($(date +%s) - started) % 60)) s.
Every worker completed some of the tasks above. What to try next:

  node dist/cli.js check playbooks/cluster.yml            # nothing to change: exit code 0
  node dist/cli.js lab ssh spark-master                   # log in; then: sudo -iu hail, python, import hail as hl; hl.init()
  node dist/cli.js exec spark_workers -- sudo systemctl stop spark-worker
  node dist/cli.js check playbooks/cluster.yml --diff     # finds it; run mends it
  node dist/cli.js lab down                               # leaves nothing behind
TEXT
