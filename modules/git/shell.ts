import { raw, sh } from '../../engine/plan/sh.ts';
import { FILE_SHELL } from '../_file/shell.ts';
import { WORK_SHELL } from '../_work/shell.ts';
import { CHECKOUT } from './checkout.ts';

/**
 * All of it is called by `settle` in the checkout's folder, as whoever controls that: what a checkout's configuration makes git run
 * is run as nobody else.
 */
const SURROUNDINGS = `surroundings() {
  case $repo in
    # A path of the host is for who wrote the playbook to name, not for a submodule.
    /*|file:*) GIT_ALLOW_PROTOCOL=file ;;
    *) GIT_ALLOW_PROTOCOL=git:http:https:ssh ;;
  esac
  # Nobody is there to be asked, and no host is believed that is not known.
  GIT_TERMINAL_PROMPT=0 GIT_ASKPASS='' GIT_SSH_VARIANT=ssh HAILBOOK_KEY=$key
  GIT_SSH_COMMAND='ssh -o BatchMode=yes -o StrictHostKeyChecking=yes -o ConnectTimeout=20 -o ServerAliveInterval=15 \${HAILBOOK_KEY:+-o IdentitiesOnly=yes -i "$HAILBOOK_KEY"}'
  # A folder that is no checkout may lie in one. And a look writes nothing.
  GIT_CEILING_DIRECTORIES=\${PWD%/*}/ GIT_OPTIONAL_LOCKS=0
  HOME=$(getent passwd "$(id -u)" | cut -d : -f 6)
  export GIT_ALLOW_PROTOCOL GIT_TERMINAL_PROMPT GIT_ASKPASS GIT_SSH_VARIANT HAILBOOK_KEY GIT_SSH_COMMAND GIT_CEILING_DIRECTORIES GIT_OPTIONAL_LOCKS HOME
}
g() {
  git -c core.hooksPath=/dev/null -c core.fsmonitor=false -c gc.autoDetach=false -c maintenance.autoDetach=false \
    -c http.lowSpeedLimit=1000 -c http.lowSpeedTime=40 -c advice.detachedHead=false -c color.ui=false "$@" </dev/null
}
# repository: sets $dir to where git keeps its own; fails where this folder is none, or not yet.
repository() {
  if [ -d .git ] && [ ! -L .git ]; then dir=.git; else dir=.; fi
  [ "$(g rev-parse --git-dir 2>/dev/null)" = $dir ]
}
begun() { [ -e $dir/hailbook-unfinished ]; }
# asked COMMAND...: of the repository. What it says, in one line, is the error.
asked() {
  said=$("$@" 2>&1) || refuse REPOSITORY_FAILED "$repo: $(printf '%s' "$said" | sed 's/^fatal: //' | tr -s '\\n' ' ' | cut -c 1-400)"
}
# remotely: sets $answer: "HASH<tab>REF" of what the version may be, and "ref: BRANCH<tab>HEAD".
remotely() {
  case $version in
    HEAD) set -- HEAD ;;
    refs/*) set -- "$version" "$version^{}" ;;
    *) set -- "refs/heads/$version" "refs/tags/$version" "refs/tags/$version^{}" ;;
  esac
  if [ $dir = . ] && [ "$single" = false ]; then set -- "$@" HEAD 'refs/heads/*' 'refs/tags/*'; fi
  case $repo in /*|file:*|http*|git:*) ;; *) need ssh openssh-client ;; esac
  asked g ls-remote --symref -- "$repo" "$@"
  answer=$said
}
default_branch() { printf '%s\\n' "$answer" | sed -n 's,^ref: refs/heads/\\(.*\\)\\tHEAD$,\\1,p'; }
# alone BRANCH: how many commits would be lost when it is moved, or HEAD while that is on none.
alone() {
  set -- "$(g rev-parse -q --verify "refs/heads/$1^{commit}")"
  g symbolic-ref -q HEAD >/dev/null || set -- "$1" "$(g rev-parse -q --verify 'HEAD^{commit}')"
  set -- $*
  if [ $# -gt 0 ]; then g rev-list --count "$@" --not --remotes --tags --glob=refs/hailbook/; else echo 0; fi
}
modified() {
  g status --porcelain=v2 --untracked-files=no --ignore-submodules=none | head -n 1000 | awk '
    # A submodule at another commit is nothing that somebody changed; a file in it may be.
    $3 ~ /^S/ && $3 !~ /^S.M/ && $1 == "1" { next }
    { blanks = $1 == "1" ? 8 : $1 == "2" ? 9 : 10
      for (i = 0; i < blanks; i++) sub(/^[^ ]+ /, ""); sub(/\\t.*/, ""); print "modified " $0 }'
}`;

const LOOK = `# look NAME=VALUE...: repo key version remote single recursive online
look() {
  for word; do eval "\${word%%=*}=\\\${word#*=}"; done
  stat -c 'owner %U' .
  if [ -z "$(ls -A)" ]; then echo empty; return; fi
  need git git
  surroundings
  if ! repository; then
    if begun; then echo unfinished; else echo foreign; fi
    return
  fi
  [ $dir = .git ] || echo bare
  ! begun || echo unfinished
  echo "repo $(g config --get "remote.$remote.url")"
  echo "branch $(g symbolic-ref -q --short HEAD)"
  echo "shallow $(g rev-parse --is-shallow-repository)"
  branch=\${version#refs/heads/}
  if [ $dir = .git ]; then
    echo "commit $(g rev-parse -q --verify 'HEAD^{commit}')"
    modified
    [ "$recursive" = false ] || [ ! -f .gitmodules ] ||
      g submodule status --recursive 2>/dev/null | sed -n 's/^[-+U][0-9a-f]* \\([^(]*[^ (]\\).*/submodule \\1/p'
  else
    echo "commit $(g rev-parse -q --verify "refs/heads/$version^{commit}" || g rev-parse -q --verify "refs/tags/$version^{commit}" ||
      g rev-parse -q --verify "$version^{commit}")"
  fi
  if [ "$online" = true ]; then
    remotely
    printf '%s\\n' "$answer" | sed -n '/^[0-9a-f]\\{40,64\\}\\t/s/^/remote /p; /^ref: /s/^/remote /p'
    [ "$version" != HEAD ] || branch=$(default_branch)
    if [ $dir = . ] && [ "$single" = false ]; then behind | head -n 1000; fi
  fi
  if [ $dir = .git ]; then echo "alone $(alone "$branch")"; fi
}
# behind: the branches and tags that are others here.
behind() {
  {
    g for-each-ref --format='%(objectname) %(refname)' refs/heads refs/tags
    echo
    printf '%s\\n' "$answer" | sed -n '/\\^{}$/d; s/^\\([0-9a-f]\\{40,64\\}\\)\\t\\(refs.*\\)/\\1 \\2/p'
  } | awk '$0 == "" { remote = 1; next } !remote { here[$2] = $1; next } { if (here[$2] != $1) print "behind " $2; delete here[$2] }
    END { for (ref in here) print "behind " ref }' | sort -u
}`;

/**
 * `settle DEST/. look NAME=VALUE…` prints how it is there, and with `online=true` how it is in the repository;
 * `settle DEST/. checkout NAME=VALUE…`.
 */
export const GIT_SHELL = sh`${raw(FILE_SHELL)}
FILE="$FILE
"${[WORK_SHELL, SURROUNDINGS, LOOK, CHECKOUT].join('\n')}
eval "$FILE"`;
