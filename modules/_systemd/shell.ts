import type { ModuleFailure, Output } from '../../engine/plan/contract.ts';
import { raw, sh } from '../../engine/plan/sh.ts';
import { REFUSE, refusal } from '../_refusal/refusal.ts';

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
 * Shell functions that start or stop a unit and stay until it is clear how that went; `unit` holds its name. The record
 * of what a service was started with is about one run of it, which systemd's InvocationID names: a person or systemd itself
 * may start it again, and what it read then nobody knows.
 */
export const SYSTEMD_SHELL = sh`${raw(REFUSE)}
${raw(HASH_OF)}
record=/run/hailbook/restart_on/$unit
# broken MESSAGE: an error with the last lines that the unit wrote.
broken() {
  printf 'hailbook: SERVICE_FAILED %s\n' "$1" >&2
  journalctl --no-pager -q -n 20 -o cat --unit="$unit" >&2
  exit 73
}
property() { systemctl show -p "$1" --value -- "$unit"; }
# A service that is not known yet may be there since a moment ago; one that is known may have another file by now.
known() {
  if [ "$(property LoadState)" = not-found ] || [ "$(property NeedDaemonReload)" = yes ]; then systemctl daemon-reload || exit; fi
  [ "$(property LoadState)" != not-found ] || refuse SERVICE_FAILED "there is no unit $unit"
}
# A person masked it so that nothing starts it; it can still be stopped.
unmasked() {
  case $(property UnitFileState) in masked*) refuse SERVICE_FAILED "$unit is masked" ;; esac
}
enable() {
  unmasked
  systemctl enable -q -- "$unit" || exit
  [ "$(property UnitFileState)" != static ] || refuse SERVICE_FAILED "$unit cannot be enabled: its file has no [Install] section"
}
# fingerprint FILE...: a line each, also for one that is not there.
fingerprint() {
  for file; do
    hash_of "$file"
    printf '%s %s\n' "$hash" "$file"
  done
}
# remember PRINTS: of the files that this run of the service was started with, taken before it was started.
remember() {
  [ -n "$1" ] || return 0
  mkdir -p /run/hailbook/restart_on && chmod 0755 /run/hailbook /run/hailbook/restart_on || exit
  { printf '%s\n' "$first" | sed -n 's/^InvocationID=/run /p' && printf '%s\n' "$1"; } >"$record.new" && mv -f "$record.new" "$record" || exit
}
# settled SECONDS: it is active and stays so, as the same process.
settled() {
  tries=$(($1 + 1)) first=''
  while :; do
    now=$(systemctl show -p ActiveState,SubState,MainPID,NRestarts,InvocationID -- "$unit") || exit
    case $now in *ActiveState=active*) ;; *) broken "$unit did not stay active: it is $(property ActiveState) ($(property SubState), $(property Result))" ;; esac
    [ "$now" = "\${first:=$now}" ] || broken "$unit does not stay the same process: it was restarted"
    tries=$((tries - 1))
    [ $tries -gt 0 ] || return 0
    sleep 1
  done
}
# bring VERB SECONDS FILE...: start, restart or reload; the files are those that it reads then.
bring() {
  verb=$1 seconds=$2
  shift 2
  unmasked
  prints=$(fingerprint "$@") || exit
  # After too many failed starts systemd refuses any other until this.
  [ "$verb" = reload ] || systemctl reset-failed -- "$unit" 2>/dev/null
  systemctl "$verb" -- "$unit" || broken "$unit did not $verb: it is $(property ActiveState) ($(property SubState), $(property Result))"
  settled "$seconds"
  remember "$prints"
}`;

/** What a step refused; `unit` for the remedies. */
export function systemdFailure(output: Output, unit: string): ModuleFailure | null {
  const found = refusal(output);
  if (found === null || !found.message.endsWith(' is masked')) return found;
  return { ...found, hint: `Allow it to start again with \`systemctl unmask ${unit}\`, or leave this task out.` };
}
