#!/bin/sh
# npm run demo: from a fresh Debian machine (root, Node) to a proven Hail-on-Spark cluster of four hosts.
set -eu
cd "$(dirname "$0")/.."
say() { printf '\n== %s\n' "$*"; }
hailbook() { node dist/cli.js "$@"; }

started=$(date +%s)
say 'build'
# Also when an installation was cut off, or left out what is needed to build.
[ -x node_modules/.bin/tsc ] || npm ci --no-audit --no-fund
npm run --silent build
say 'four bare hosts'
hailbook lab up --install
# Named, because an inventory.yml in this folder (somebody's own cluster) would win over the lab.
inventory=$(hailbook lab status | awk '$1 == "inventory" { print $2 }')
say 'hailbook run playbooks/cluster.yml'
hailbook run -i "$inventory" playbooks/cluster.yml
say 'hailbook run playbooks/verify.yml'
hailbook run -i "$inventory" playbooks/verify.yml
say 'proven'
hailbook exec -i "$inventory" --become spark_master -- cat /opt/hailbook/verify/report.json
cat <<TEXT

From bare hosts to a verified cluster in $((($(date +%s) - started) / 60)) min $((($(date +%s) - started) % 60)) s.
Every worker completed some of the tasks above. What to try next:

  node dist/cli.js check playbooks/cluster.yml            # nothing to change: exit code 0
  node dist/cli.js lab ssh spark-master                   # log in; then: sudo -iu hail, python, import hail as hl; hl.init()
  node dist/cli.js exec spark_workers -- sudo systemctl stop spark-worker
  node dist/cli.js check playbooks/cluster.yml --diff     # finds it; run mends it
  node dist/cli.js lab down                               # leaves nothing behind
TEXT
