import { raw, sh } from '../../engine/plan/sh.ts';
import { REFUSE } from '../_refusal/refusal.ts';

/**
 * For steps that take long, called by `settle` (modules/_file) in the folder of PATH, where it is ./$name. They may outlive their
 * connection: what a lost run left working is waited for, and what a dead one left is cleaned up.
 *
 * `say TEXT` · `need PROGRAM PACKAGE` · `claim SECONDS` sets $work, and $waited when another run had it.
 */
export const WORK_SHELL = sh`${raw(REFUSE)}
# A lost connection is no reason to end: without the trap an echo would.
say() ( trap '' PIPE; printf '%s\n' "$1" || : ) 2>/dev/null
need() { command -v "$1" >/dev/null || refuse PROGRAM_MISSING "$1 is not on this host; on Debian it is in the package $2"; }
# claim SECONDS: $work, a folder beside ./$name that nobody else can enter, is ours alone until the last process that
# was started from here has ended: the folder itself is the lock.
claim() {
  work=$PWD/.$name.hailbook-work waited=''
  tidy
  while :; do
    mkdir -m 0700 -- "$work" 2>/dev/null || [ -d "$work" ] || mkdir -m 0700 -- "$work" || exit
    # In /tmp and its like others can make one of that name first.
    [ ! -L "$work" ] && [ -O "$work" ] || refuse PATH_REFUSED "$work is somebody else's"
    exec 9<"$work" || exit
    if ! flock -n 9; then
      waited=yes
      say "waiting for another run that works on $path"
      flock -w "$1" 9 || refuse STEP_FAILED "another run that works on $path does not end"
    fi
    # Whoever had it removes it in the end.
    [ "$(stat -L -c %d:%i /proc/self/fd/9)" != "$(stat -c %d:%i -- "$work" 2>/dev/null)" ] || break
  done
  trap release EXIT
  trap 'exit 143' HUP INT TERM
  restore
  clear_work
}
# restore: an old folder that was about to be replaced when a run was cut off goes back to its place.
restore() { [ ! -d "$work/old" ] || [ -e "./$name" ] || mv -T -- "$work/old" "./$name"; }
# What has the name part-… is kept: a next run goes on from there.
clear_work() { find "$work" -mindepth 1 -maxdepth 1 ! -name 'part-*' -exec rm -rf -- {} +; }
release() {
  restore
  clear_work
  rmdir -- "$work" 2>/dev/null
}
# tidy: what runs of long ago left for paths in this folder that nobody asks for any more.
tidy() {
  for left in ./.*.hailbook-work; do
    [ -d "$left" ] && [ ! -L "$left" ] && [ -O "$left" ] || continue
    other=\${left#./.}
    [ ! -e "$left/old" ] || [ -e "./\${other%.hailbook-work}" ] || continue
    [ -n "$(find "$left" -maxdepth 0 -mtime +7)" ] || continue
    (flock -n 9 && rm -rf -- "$left") 9<"$left"
  done
}`;
