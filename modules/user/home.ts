import { raw, type Sh, sh } from '../../engine/plan/sh.ts';
import { homeOf } from '../_file/home.ts';
import { FILE_SHELL } from '../_file/shell.ts';

/**
 * `nest OWNER:GROUP` makes the folder ./$name with the files of /etc/skel in one go, so it is never there half-made. On a
 * file system that hosts share another one may be quicker: then its folder is the one, where useradd would fail.
 */
const NEST = `
nest() {
  [ ! -d "./$name" ] || return 0
  [ ! -e "./$name" ] && [ ! -L "./$name" ] || refuse PATH_REFUSED "$path is there and is no folder"
  new=$(mktemp -d ./.hailbook.XXXXXXXXXX) ||
    refuse PATH_REFUSED "$(id -un) can make nothing in \${path%/*}: what another machine serves has to be made there"
  trap 'rm -rf -- "$new"' EXIT
  trap 'exit 143' HUP INT TERM
  [ ! -d /etc/skel ] || cp -R -P --preserve=mode,timestamps -- /etc/skel/. "$new" || exit
  chmod -- 0750 "$new" && chown -R -h -- "$1" "$new" || exit
  mv -T -- "$new" "./$name" 2>/dev/null || [ -d "./$name" ] || mv -T -- "$new" "./$name"
}`;

/** Makes an account's home where there is none: the one that it has, or the one that it is to get. Others do not look into it. */
export function makeHome(name: string, path?: string): Sh {
  return sh`${raw(homeOf(name, sh`exit 1`))}
${raw(path === undefined ? sh`d=$h` : sh`d=${path}`)}
${raw(FILE_SHELL)}
FILE=$FILE${NEST}
eval "$FILE"
parent=\${d%/*}
[ -d "\${parent:-/}" ] || settle "$parent" folder '' '' '' || exit
settle "$d" nest "$u:$g"`;
}
