import type { ModuleFailure, Output } from '../../engine/plan/contract.ts';
import { raw, sh } from '../../engine/plan/sh.ts';
import { REFUSE, refusal } from '../_refusal/refusal.ts';
import { WANTS_JOURNAL } from './scope.ts';

/** `hash_of FILE` sets $hash; a folder counts with the files that are right in it, and an empty one as none. */
export const HASH_OF = sh`hash_of() {
  hash=absent
  if [ -d "$1" ]; then
    set -- "$1"/*
    [ ! -e "$1" ] || hash=$(sha256sum -- "$@" 2>/dev/null | sha256sum)
  elif [ -f "$1" ]; then
    hash=$(sha256sum <"$1") || exit
  fi
  hash=\${hash%% *}
}`;

/**
 * Shell functions that start or stop a unit and stay until it is clear how that went. They use $unit, its name; $account,
 * whose it is, or empty for the host's own; $limit, the seconds that systemctl may take. The record of what a service was
 * started with is about one run of it, which systemd's InvocationID names: a person or systemd itself may start it again,
 * and what it read then nobody knows.
 */
export const SYSTEMD_SHELL = sh`${raw(REFUSE)}
${raw(HASH_OF)}
records=/run/hailbook/restart_on
[ -z "$account" ] || records=$XDG_RUNTIME_DIR/hailbook/restart_on
record=$records/$unit
ctl() { timeout -k 5 "$limit" systemctl \${account:+--user} "$@"; }
# broken MESSAGE: an error with the last lines that the unit wrote.
broken() {
  printf 'hailbook: SERVICE_FAILED %s\n' "$1" >&2
  [ -z "$account" ] || exit ${WANTS_JOURNAL}
  journalctl --no-pager -q -n 20 -o cat --unit="$unit" >&2
  exit 73
}
property() { ctl show -p "$1" --value -- "$unit"; }
condition() { printf '%s (%s, %s)' "$(property ActiveState)" "$(property SubState)" "$(property Result)"; }
# A unit that is not known yet may be there since a moment ago; one that is known may have another file by now.
known() {
  if [ "$(property LoadState)" = not-found ] || [ "$(property NeedDaemonReload)" = yes ]; then ctl daemon-reload || exit; fi
  case $(property LoadState) in
    not-found) refuse SERVICE_FAILED "there is no unit $unit" ;;
    bad-setting|error) broken "systemd does not accept the settings of $unit" ;;
  esac
}
# A person masked it so that nothing starts it; it can still be stopped.
unmasked() {
  case $(property UnitFileState) in masked*) refuse SERVICE_FAILED "$unit is masked" ;; esac
}
disable() { ctl disable -q -- "$unit" || refuse SERVICE_FAILED "$unit cannot be disabled: systemctl disable failed"; }
mask() {
  ctl mask -q -- "$unit" || refuse SERVICE_FAILED "$unit cannot be masked: its own file is in the way"
}
# enable VERB: enable, or reenable when the links are those of another text.
enable() {
  unmasked
  ctl "$1" -q -- "$unit" || refuse SERVICE_FAILED "$unit cannot be enabled: systemctl $1 failed"
  case $(property UnitFileState) in
    enabled|alias|generated) ;;
    static) refuse SERVICE_FAILED "$unit cannot be enabled: its file has no [Install] section" ;;
    *) refuse SERVICE_FAILED "$unit cannot be enabled: it is $(property UnitFileState)" ;;
  esac
}
# fingerprint FILE...: a line each, also for one that is not there.
fingerprint() {
  for file; do
    hash_of "$file"
    printf '%s %s\n' "$hash" "$file"
  done
}
# remember PRINTS: of the files that this run of the service was started with, taken before it was started. At once when it
# is known which run that is, because whoever watches it may be killed.
remember() {
  [ -n "$1" ] || return 0
  mkdir -p "$records" && chmod 0755 "\${records%/*}" "$records" || exit
  { printf 'run %s\n' "$(property InvocationID)" && printf '%s\n' "$1"; } >"$record.new" && mv -f "$record.new" "$record" || exit
}
# holds SECONDS: those that are asked for. Else by the kind: what says by itself when it is ready has shown that it works;
# of Type=simple systemd knows only that there is a process, and many die when a first time-out of theirs (10 s) is over.
holds() {
  if [ -n "$1" ]; then echo "$1"; return; fi
  case $unit in *.service) ;; *) echo 0; return ;; esac
  case $(property Type) in simple|exec|idle) echo 12 ;; *) echo 3 ;; esac
}
# lived: for how long a service that failed had run; empty when it did not fail, or not within its first minute.
lived() {
  [ "$(property ActiveState)" = failed ] || return 0
  from=$(property ExecMainStartTimestampMonotonic) to=$(property ExecMainExitTimestampMonotonic)
  seconds=$(((\${to:-0} - \${from:-0}) / 1000000))
  [ $seconds -lt 0 ] || [ $seconds -gt 60 ] || echo $seconds
}
# lasting: can it stay started at all?
lasting() {
  [ "$(property Type) $(property RemainAfterExit)" != 'oneshot no' ] ||
    refuse SERVICE_FAILED "$unit runs once and ends (Type=oneshot), so it cannot stay started"
}
# settled SECONDS: it is active and stays so, as the same process.
settled() {
  tries=$(($1 + 1)) first=''
  while :; do
    now=$(ctl show -p ActiveState,SubState,MainPID,NRestarts,InvocationID -- "$unit") || exit
    case $now in
      *ActiveState=active*) ;;
      *)
        [ "$(property ConditionResult)" != no ] || broken "$unit was not started: a condition in its file does not hold"
        if [ "$(property Type) $(property Result) $(property ActiveState)" = 'oneshot success inactive' ]; then return; fi
        broken "$unit did not stay active: it is $(condition)"
        ;;
    esac
    # Of a socket or a timer the state below says only whether something came in just now.
    case $unit in *.service) ;; *) now=$(printf '%s\n' "$now" | grep -v '^SubState=') ;; esac
    [ "$now" = "\${first:=$now}" ] || broken "$unit does not stay the same process: it was restarted"
    tries=$((tries - 1))
    [ $tries -gt 0 ] || return 0
    sleep 1
  done
}
# renewed: is this another run of it than there was before?
renewed() { [ "$(property InvocationID)" != "\${was:-}" ]; }
# turn VERB: by systemd, which may take $limit seconds.
turn() {
  ctl "$1" -- "$unit" || {
    case $? in
      124|137)
        # systemd goes on with it.
        renewed && remember "\${prints:-}"
        broken "$unit did not $1 within $limit s: it is $(condition)"
        ;;
    esac
    broken "$unit did not $1: it is $(condition)"
  }
}
# A socket cannot listen again while the service that it handed its connections to still has them.
turn_socket() {
  held=
  [ "$(property Accept)" = yes ] || for other in $(property Triggers); do
    if ctl is-active -q -- "$other"; then held="$held $other"; ctl stop -- "$other" || broken "$other did not stop"; fi
  done
  (turn "$1") || { code=$?; for other in $held; do ctl start -- "$other"; done; exit $code; }
  for other in $held; do ctl start -- "$other" || broken "$other did not start"; done
}
# bring VERB SECONDS FILE...: start, restart or reload; the files are those that it reads then.
bring() {
  verb=$1 seconds=$2
  shift 2
  unmasked
  case $verb in reload) seconds=\${seconds:-3} ;; esac
  seconds=$(holds "$seconds") longer=$(lived)
  # It may look well for as long as it did the last time.
  [ -z "$longer" ] || [ $((longer + 3)) -le "$seconds" ] || seconds=$((longer + 3))
  prints=$(fingerprint "$@") || exit
  was=$(property InvocationID)
  # After too many failed starts systemd refuses any other until this.
  [ "$verb" = reload ] || ctl reset-failed -- "$unit" 2>/dev/null
  case $unit in *.socket) turn_socket "$verb" ;; *) turn "$verb" ;; esac
  # A start of what somebody else has started meanwhile does nothing.
  if renewed || [ "$verb" = reload ]; then remember "$prints"; fi
  settled "$seconds"
}`;

export const MASKED_HINT = 'write `masked: false` in a task of the module `service`, or leave this one out';

/** What a step refused; `unit` for the remedies. */
export function systemdFailure(output: Output, unit: string, user?: string): ModuleFailure | null {
  const found = refusal(output);
  if (found === null) return null;
  const hint = REMEDIES.find(([end]) => end.test(found.message))?.[1](unit, user);
  return hint === undefined ? found : { ...found, hint };
}

const REMEDIES: readonly (readonly [RegExp, (unit: string, user?: string) => string])[] = [
  [/ is masked$/, () => MASKED_HINT],
  [
    /^\S+ cannot be masked: /,
    (unit) => `remove /etc/systemd/system/${unit}, or write \`state: stopped\` and \`enabled: false\``,
  ],
  [
    / cannot stay started$/,
    () => 'write `RemainAfterExit=yes` into its file, start its timer in its place, or run it by the module `restart`',
  ],
  [/^no systemd of .* runs$/, (_, user) => `write \`linger: true\`, or do this while ${user} is logged in`],
];
