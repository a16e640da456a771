import { sh } from '../../engine/plan/sh.ts';

/**
 * `stale` prints the services of which a program still runs from a file that has been replaced or removed: a library's security fix has
 * not reached them. `stale UNIT` may be restarted; `spared UNIT` may not, for connections, sessions or machines would go with it: the
 * list is that of needrestart 3.6. Of a service that leaves sessions running when it is restarted (KillMode=process, as ssh) only
 * the main process counts. Without root's rights only own processes are seen.
 */
export const STALE = sh`stale() {
  for pid in $(grep -l -s -E ' /(usr/|usr/local/)?(s?bin|lib[^/ ]*|libexec)/.* [(]deleted[)]$' /proc/[0-9]*/maps | tr -dc '0-9\n'); do
    unit=$(sed -n 's|^.*:/system[.]slice/\\(.*/\\)\\{0,1\\}\\([^/]*[.]service\\)\\(/.*\\)\\{0,1\\}$|\\2|p; s|^.*:/init[.]scope$|systemd|p' "/proc/$pid/cgroup" 2>/dev/null | head -n 1)
    case $unit in
      '') ;;
      dbus*|gdm*|kdm*|nodm*|sddm*|wdm*|xdm*|lightdm*|lxdm*|slim*|bird*|network*|NetworkManager*|ModemManager*|wpa_supplicant*|openvpn*|quagga*|frr*|tinc*|*swan*|bluetooth*|\\
      getty@*|serial-getty@*|zfs-fuse*|mythtv-backend*|xendomains*|lxcfs*|libvirt*|virtlogd*|virtlockd*|docker*|containerd*|emergency.*|rescue.*|\\
      elogind*|systemd-logind*|apt-daily*|unattended-upgrades.*|cron-*|rc-local.*) echo "spared $unit" ;;
      systemd) echo "stale systemd" ;;
      *)
        case $(systemctl show -p MainPID,KillMode -- "$unit" | sort | tr '\n' ' ') in
          'KillMode=control-group '*|'KillMode=mixed '*|*"MainPID=$pid ") echo "stale $unit" ;;
        esac
    esac
  done | sort -u
  [ ! -e /run/reboot-required ] || echo "reboot $(paste -s -d , /run/reboot-required.pkgs 2>/dev/null)"
}`;
