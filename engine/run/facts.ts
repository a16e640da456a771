import type { Probe } from '../plan/contract.ts';
import type { Facts } from '../plan/facts.ts';
import { sh } from '../plan/sh.ts';

/** One look for all facts. */
export const factsProbe: Probe<Facts> = {
  script: sh`
awk -F= '$1=="ID"||$1=="VERSION_ID" {gsub(/["\\047]/,"",$2); print ($1=="ID"?"os":"version"), $2}' /etc/os-release
echo "arch $(uname -m)"
echo "cores $(nproc)"
awk '$1=="MemTotal:" {print "memory_mb", int($2/1024)}' /proc/meminfo
if command -v ip >/dev/null; then ip -o addr show scope global | awk '{sub("/.*","",$4); print "address", $3, $4}'
else hostname -I | tr ' ' '\\n' | awk 'NF {print "address", (index($1,":")?"inet6":"inet"), $1}'; fi
for key in /etc/ssh/ssh_host_*_key.pub; do [ -r "$key" ] && awk '{print "key", $1, $2}' "$key"; done
:`,
  parse(stdout) {
    const rows = stdout.split('\n').map((line) => line.trim().split(/\s+/));
    const one = (name: string): string => rows.find((row) => row[0] === name)?.[1] ?? '';
    const addresses = (family: string): string[] =>
      rows.filter((row) => row[0] === 'address' && row[1] === family).map((row) => row[2] ?? '');
    return {
      os: one('os'),
      version: one('version'),
      arch: one('arch'),
      cores: Number(one('cores')),
      memory_mb: Number(one('memory_mb')),
      addresses: [...addresses('inet'), ...addresses('inet6')],
      ssh_host_keys: rows
        .filter((row) => row[0] === 'key')
        .map((row) => `${row[1]} ${row[2]}`)
        .sort(),
    };
  },
};
