/** What makes a checkout what it should be: `checkout NAME=VALUE…` (repo key version remote bare single recursive depth force). */
export const CHECKOUT = `fetch() { asked g fetch -q --force --no-recurse-submodules "$@"; }
# begin: while the mark is there a run is at work on the files, or was cut off.
begin() {
  rm -f $dir/hailbook-unfinished
  : >$dir/hailbook-unfinished || exit
  trap ended EXIT
  trap 'trap - EXIT; exit 143' HUP INT TERM
}
# ended: what could not be made at all leaves nothing.
ended() { if [ $? != 0 ] && [ $fresh = yes ]; then find . -mindepth 1 -delete; else rm -f $dir/hailbook-unfinished; fi; }
one_at_a_time() {
  exec 9<. || exit
  flock -n 9 && return
  say "waiting for another run that works on \${path%/.}"
  flock -w 3600 9 || refuse STEP_FAILED "another run that works on \${path%/.} does not end"
}
# started: there is a repository. $cut_off: a run was killed that was at work on it.
started() {
  cut_off=no fresh=no
  if repository; then
    if begun; then
      cut_off=yes
      # Nobody of ours is at work: we have the lock.
      find $dir -name '*.lock' -delete
    fi
    return
  fi
  [ -z "$(ls -A)" ] || begun || refuse PATH_REFUSED "\${path%/.} is there and is no checkout"
  if [ "$bare" = true ]; then dir=. && set -- --bare; else dir=.git && mkdir -p .git || exit; fi
  fresh=yes
  begin
  g -c init.defaultBranch=main init -q --template= "$@" . || exit
}
# resolve: sets $ref; $branch where it is one. A commit that is named by its hash has neither.
resolve() {
  ref='' branch=''
  case $hash in true) return ;; esac
  remotely
  has() { printf '%s\\n' "$answer" | cut -f 2 | grep -Fqx -- "$1"; }
  case $version in
    HEAD) branch=$(default_branch) ref=HEAD ;;
    refs/heads/*) branch=\${version#refs/heads/} ;;
    refs/*) ref=$version ;;
    *) if has "refs/heads/$version"; then branch=$version; else ref=refs/tags/$version; fi ;;
  esac
  [ -z "$branch" ] || ref=refs/heads/$branch
  case $version in HEAD) has HEAD ;; *) has "$ref" ;; esac || refuse REPOSITORY_FAILED "$repo has no branch or tag $version"
}
# obtain: what is wanted comes here, as $target.
obtain() {
  if [ -n "$depth" ]; then set -- "--depth=$depth"; elif [ "$(g rev-parse --is-shallow-repository)" = true ]; then set -- --unshallow; fi
  all="+refs/heads/*:refs/remotes/$remote/*"
  # A tag that is gone there goes here, too, when it is to be a copy of all.
  [ $dir = .git ] || set -- "$@" --prune
  case $ref in
    '') target=$version ;;
    refs/heads/*) target=refs/remotes/$remote/$branch ;;
    refs/tags/*) target=$ref ;;
    *) target=refs/hailbook/version ;;
  esac
  if [ $dir = . ]; then
    all='+refs/heads/*:refs/heads/*'
    case $ref in refs/heads/*) target=$ref ;; esac
  fi
  case $ref$* in refs*|HEAD*|*--unshallow*) ;; *) if g cat-file -e "$target^{commit}" 2>/dev/null; then return; fi ;; esac
  say "fetching $repo"
  if [ -n "$ref" ] && [ "$single" = true ]; then fetch --no-tags "$@" -- "$remote" "+$ref:$target"
  elif [ -n "$ref" ] && [ $dir = . ]; then fetch "$@" -- "$remote" "$all" '+refs/tags/*:refs/tags/*'
  elif [ -n "$ref" ]; then fetch --prune --tags "$@" -- "$remote" "$all" "+$ref:$target"
  else
    # Not every server gives a single commit, and not every commit is on a branch.
    if [ "$single" = false ] || ! g fetch -q --no-tags "$@" -- "$remote" "$target" 2>/dev/null; then
      case $* in *--depth*) set -- ;; esac
      fetch --tags "$@" -- "$remote" "$all"
    fi
    g cat-file -e "$target^{commit}" 2>/dev/null || g fetch -q --no-tags -- "$remote" "$target" 2>/dev/null ||
      refuse REPOSITORY_FAILED "$repo has no commit $target"
  fi
}
checkout() {
  for word; do eval "\${word%%=*}=\\\${word#*=}"; done
  umask 022
  need git git
  surroundings
  GIT_OPTIONAL_LOCKS=1
  one_at_a_time
  started
  resolve
  over=''
  if [ $dir = .git ]; then
    if [ $force = true ] || [ $cut_off = yes ]; then over=--force; fi
    if [ -z "$over" ] && [ -n "$(modified)" ]; then refuse LOCAL_CHANGES "\${path%/.} has changed files"; fi
    if [ -z "$over" ] && [ "$(alone "$branch")" != 0 ]; then refuse LOCAL_CHANGES "\${path%/.} has commits that are nowhere else"; fi
  fi
  g config "remote.$remote.url" "$repo" || exit
  if [ $dir = .git ]; then
    spec='*'
    [ "$single" = false ] || spec=\${branch:-*}
    g config --replace-all "remote.$remote.fetch" "+refs/heads/$spec:refs/remotes/$remote/$spec" || exit
  fi
  obtain
  # What was wanted once does not count as somebody's own.
  g update-ref refs/hailbook/at "$target^{commit}" || exit
  begin
  if [ $dir = . ]; then
    [ -z "$branch" ] || g symbolic-ref HEAD "refs/heads/$branch"
    return
  fi
  if [ -n "$over" ] && g rev-parse -q --verify HEAD >/dev/null; then g reset -q --hard || exit; fi
  if [ -n "$branch" ]; then g checkout -q $over -B "$branch" --track "refs/remotes/$remote/$branch" || exit
  else g checkout -q $over --detach "$target" || exit
  fi
  [ "$recursive" = true ] && [ -f .gitmodules ] || return 0
  say "fetching submodules"
  GIT_ALLOW_PROTOCOL=git:http:https:ssh
  g submodule sync -q --recursive || exit
  asked g submodule update -q --init --recursive $over \${depth:+"--depth=$depth"}
}`;
