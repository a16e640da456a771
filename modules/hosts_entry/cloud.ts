import { sh } from '../../engine/plan/sh.ts';

/**
 * What cloud-init does with /etc/hosts (its module cc_update_etc_hosts), from its settings in the order in which they count, the
 * user's own last; and the banner that its template puts into the file.
 */
export const CLOUD = sh`if [ -x /usr/bin/cloud-init ] && [ ! -e /etc/cloud/cloud-init.disabled ]; then
  set --
  for file in /etc/cloud/cloud.cfg /etc/cloud/cloud.cfg.d/*.cfg /var/lib/cloud/instance/cloud-config.txt; do
    [ ! -r "$file" ] || set -- "$@" "$file"
  done
  ! grep -q "^# Your system has configured 'manage_etc_hosts' as True" /etc/hosts 2>/dev/null || echo 'managed banner'
  [ $# = 0 ] || awk '/^manage_etc_hosts[ \\t]*:/ { sub(/^[^:]*:[ \\t]*/, ""); sub(/[ \\t]*#.*$/, ""); gsub(/["\\047\\r]/, ""); print "managed", tolower($0), FILENAME }' "$@"
  echo "self $(uname -n)"
fi`;

interface Managed {
  /** `true /etc/cloud/cloud.cfg`, `banner`, empty. */
  readonly managed: string;
  readonly self: string;
  readonly names: readonly string[];
  readonly address?: string | undefined;
  readonly state: string;
}

/** For a person: that cloud-init undoes what this task does. */
export function sayManaged({ managed, self, names, address, state }: Managed): string[] {
  const [value = '', where] = managed.split(' ');
  const set = where === undefined ? 'as its first lines say' : `manage_etc_hosts: ${value} in ${where}`;
  const isOwn = names.some((name) => name === self.toLowerCase() || name === self.toLowerCase().split('.')[0]);
  if (['true', 'yes', 'on', '1', 'template', 'banner'].includes(value))
    return [
      `cloud-init writes /etc/hosts anew at every boot (${set}), and this change is lost then; set manage_etc_hosts: false, or make the same change in its template too (path: /etc/cloud/templates/hosts.debian.tmpl)`,
    ];
  if (value === 'localhost' && state === 'present' && isOwn && address !== '127.0.1.1')
    return [
      `cloud-init puts the host's own name back under 127.0.1.1 at every boot (${set}); set manage_etc_hosts: false`,
    ];
  return [];
}
