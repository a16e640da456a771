import type { Change, Step } from '../../engine/plan/contract.ts';
import { Secret } from '../../engine/plan/secret.ts';
import { lines, raw, type Sh, sh } from '../../engine/plan/sh.ts';
import { homeOf } from '../_file/home.ts';
import { FILE_SHELL } from '../_file/shell.ts';
import { REFUSE } from '../_refusal/refusal.ts';
import type { Account } from './account.ts';
import type { Args } from './args.ts';
import { makeHome } from './home.ts';
import { makeKey } from './key.ts';
import { dayOf } from './shadow.ts';

type Updated = Extract<Change<Account>, { kind: 'update' }>;

/** Whatever is lost on the way is found by the next look, which sees what is still missing. */
export function create(after: Partial<Account>, given: Args): Step[] {
  const { name, password, expires, ssh_key } = given;
  return [
    { script: add(given, after) },
    ...(after.has_home ? [{ script: makeHome(name) }] : []),
    ...(password === undefined ? lock(given) : [setPassword(given, password)]),
    ...(expires === undefined || expires === 'never' ? [] : [{ script: expire(name, expires) }]),
    ...(ssh_key ? [{ script: makeKey(name, ssh_key) }] : []),
  ];
}

/** All that can stand in its way comes before the first change. */
function add(given: Args, { has_home }: Partial<Account>): Sh {
  const { name, uid, group = name, gid, groups = [], comment, shell, home, system, ssh_key } = given;
  const others = groups.filter((each) => each !== group);
  const options = [
    ...(system ? ['--system'] : []),
    ...(uid === undefined ? [] : ['--uid', uid]),
    ...(comment === undefined ? [] : ['--comment', comment]),
    ...(shell === undefined ? [] : ['--shell', shell]),
    ...(home === undefined ? [] : ['--home-dir', home]),
    ...(others.length === 0 ? [] : ['--groups', others.join(',')]),
  ];
  const forGroup = [...(system ? ['--system'] : []), ...(gid === undefined ? [] : ['--gid', gid])];
  return lines(
    REFUSE,
    others.length > 0 &&
      sh`for g in ${others}; do
  getent group "$g" >/dev/null || refuse ACCOUNT_MISSING "there is no group $g"
done`,
    home === undefined ? sh`d=$(useradd -D | sed -n 's/^HOME=//p')/${name}` : sh`d=${home}`,
    has_home
      ? sh`[ -d "$d" ] || { [ ! -e "$d" ] && [ ! -L "$d" ]; } || refuse PATH_REFUSED "$d is there and is no folder"`
      : ssh_key && sh`[ -d "$d" ] || refuse PATH_REFUSED "$d does not exist, so there is no place for a key"`,
    ssh_key &&
      sh`for p in "$d/.ssh" "$d/.ssh/id_"${ssh_key} "$d/.ssh/id_"${ssh_key}.pub; do
  [ ! -L "$p" ] || refuse PATH_REFUSED "$p is a link"
done`,
    sh`getent group ${group} >/dev/null || groupadd ${[...forGroup, group]} || exit`,
    // No password is set: nobody logs in by one.
    sh`useradd ${['--gid', group, ...options, '--no-create-home', name]}`,
  );
}

export function update({ before, after, fields }: Updated, given: Args): Step[] {
  const { name, home, password, expires, ssh_key } = given;
  const has = (...some: readonly (keyof Account)[]) => some.some((field) => fields.includes(field));
  const out: Step[] = [];
  const words = [
    ...(has('comment') ? ['--comment', after.comment] : []),
    ...(has('shell') ? ['--shell', after.shell] : []),
    ...(has('groups') ? groupWords(before, after) : []),
  ];
  if (words.length > 0) out.push({ script: sh`usermod ${[...words, name]}` });
  if (has('has_home') || (has('home') && after.has_home)) out.push({ script: makeHome(name, home) });
  if (has('home')) out.push({ script: sh`usermod --home ${after.home} ${name}` });
  if (has('password') && password !== undefined) out.push(setPassword(given, password));
  else if (has('password_lock')) out.push(...lock(given));
  if (has('expires') && expires) out.push({ script: expire(name, expires) });
  if (ssh_key && has('ssh_key', 'home', 'has_home')) out.push({ script: makeKey(name, ssh_key) });
  return out;
}

/** Only what is new is named when nothing goes, so that two hands that add different groups do not disturb each other. */
function groupWords(before: Account, after: Account): string[] {
  const added = after.groups.filter((group) => !before.groups.includes(group));
  const grows = before.groups.every((group) => after.groups.includes(group));
  return grows ? ['--append', '--groups', added.join(',')] : ['--groups', after.groups.join(',')];
}

/**
 * By stdin, because everybody can read a command's words. A lock that nothing is said about stays: it is a `!` before the
 * hash, and `!` alone is what useradd leaves.
 */
function setPassword({ name, password_lock }: Args, password: string | Secret): Step {
  const prefix =
    password_lock === undefined
      ? sh`case $(getent shadow ${name} | cut -d: -f2) in '!'?*) p='!' ;; *) p='' ;; esac`
      : sh`p=${password_lock ? '!' : ''}`;
  return {
    script: sh`${raw(prefix)}
{ printf '%s:%s' ${name} "$p"; cat; echo; } | chpasswd --encrypted`,
    stdin: typeof password === 'string' ? new Secret(password) : password,
  };
}

const lock = ({ name, password_lock }: Args): Step[] =>
  password_lock === undefined ? [] : [{ script: sh`usermod ${password_lock ? '--lock' : '--unlock'} ${name}` }];

// The day's number: a date would be read by the host, in its time zone.
const expire = (name: string, expires: string): Sh => sh`chage --expiredate ${dayOf(expires)} ${name}`;

export const remove = ({ name, remove_home }: Args): Step[] => [
  { script: remove_home ? removeWithHome(name) : sh`userdel ${name}` },
];

/**
 * userdel takes the home away before the account, so what is lost on the way is found again. It fails by 12 when another
 * host that shares the home removes it at the same time: then what is left goes, if it is still the account's.
 */
const removeWithHome = (name: string): Sh => sh`${raw(homeOf(name, sh`exit 1`))}
userdel --remove ${name}
code=$?
[ $code = 12 ] || exit $code
[ -e "$h" ] || exit 0
[ "$(stat -c %u -- "$h")" = "$u" ] || exit $code
${raw(FILE_SHELL)}
settle "$h" gone`;
