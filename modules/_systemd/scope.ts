import { raw, type Sh, sh } from '../../engine/plan/sh.ts';
import { homeOf } from '../_file/home.ts';
import { asUser } from '../_file/steps.ts';
import { REFUSE } from '../_refusal/refusal.ts';

/** The exit code with which a script inside an account asks for the journal, which only root may read. */
export const WANTS_JOURNAL = 74;

const LINGERS = '/var/lib/systemd/linger';

/**
 * Looks where the unit lives: on the host itself, or as the account, with $h its home, where `systemctl --user` finds the
 * account's own systemd. Prints `linger=yes` or `no`, or `missing` when there is no such account.
 */
export function lookInScope(user: string | undefined, look: Sh): Sh {
  if (user === undefined) return look;
  return sh`${raw(homeOf(user, sh`echo missing; exit 0`))}
${raw(scopeOf(user))}
if [ -e ${`${LINGERS}/${user}`} ]; then echo linger=yes; else echo linger=no; fi
${raw(asUser(user, look))}`;
}

/** Is the account's systemd there? Only while somebody is logged in as it, or always when it lingers. */
export const MANAGER = sh`[ -S "$XDG_RUNTIME_DIR/systemd/private" ]`;

/** Lets an account have its systemd without being logged in, or not. */
export function makeLinger(user: string, lingers: boolean): Sh {
  const verb = lingers ? 'enable-linger' : 'disable-linger';
  return sh`${raw(REFUSE)}
id -u -- ${user} >/dev/null 2>&1 || refuse SERVICE_FAILED ${`there is no account ${user}`}
loginctl ${verb} -- ${user} || refuse SERVICE_FAILED ${`loginctl ${verb} failed for ${user}`}`;
}

/** Does something as the account, with $h its home. */
export function doInHome(user: string, script: Sh): Sh {
  return sh`${raw(REFUSE)}
${raw(homeOf(user, sh`refuse SERVICE_FAILED ${`there is no account ${user}`}`))}
${raw(scopeOf(user))}
${raw(asUser(user, script))}`;
}

/**
 * Does something where the unit lives, by a script that uses `SYSTEMD_SHELL`. What is `optional` is nothing to do while the
 * account has no systemd.
 */
export function doInScope(unit: string, user: string | undefined, script: Sh, optional = false): Sh {
  if (user === undefined) return script;
  const none = sh`refuse SERVICE_FAILED ${`no systemd of ${user} runs`}`;
  return sh`${raw(REFUSE)}
${raw(homeOf(user, sh`refuse SERVICE_FAILED ${`there is no account ${user}`}`))}
${raw(scopeOf(user))}
# Of one that lingers since a moment ago, or since the host booted, it is on its way.
tries=100
until ${raw(MANAGER)}; do
  tries=$((tries - 1))
  [ -e ${`${LINGERS}/${user}`} ] && [ $tries -gt 0 ] || ${raw(optional ? sh`exit 0` : none)}
  sleep 0.1
done
${raw(asUser(user, script))} || {
  code=$?
  [ $code = ${WANTS_JOURNAL} ] || exit $code
  # What the unit wrote, and what that systemd wrote about it: journalctl's own --user-unit means the caller's.
  journalctl --no-pager -q -n 20 -o cat _SYSTEMD_USER_UNIT=${unit} "_UID=$id" + USER_UNIT=${unit} "_UID=$id" >&2
  exit 73
}`;
}

const scopeOf = (user: string): Sh => sh`id=$(id -u -- ${user}) || exit
export h XDG_RUNTIME_DIR="/run/user/$id"`;
