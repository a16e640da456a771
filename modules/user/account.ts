import { lines, raw, type Sh, sh } from '../../engine/plan/sh.ts';
import { KNOWN, mismatch, records } from '../_account/account.ts';
import { plantedLink, refusedLink } from '../_ssh/home.ts';
import type { Args } from './args.ts';
import { lookAtKey, publicKey } from './key.ts';
import { dateOf, type PasswordState, passwordState, SHADOW } from './shadow.ts';

/** An account as it is. What is not asked for is not looked at: then it is empty. */
export type Account = {
  readonly uid: number;
  readonly group: string;
  readonly gid: number;
  readonly comment: string;
  readonly shell: string;
  readonly home: string;
  /** Is its home (the one that it is to have, if another) a folder? */
  readonly has_home: boolean;
  /** The number of whom it belongs to; -1: nothing is there. */
  readonly home_owner: number;
  /** The other groups that it is in, sorted. */
  readonly groups: readonly string[];
  /** Those that are asked for and do not exist. */
  readonly missing_groups: readonly string[];
  readonly password: PasswordState | '';
  readonly password_lock: boolean;
  /** `YYYY-MM-DD`, or `never`. */
  readonly expires: string;
  /** The kind that is asked for, or empty when it has none, or not both halves of one. */
  readonly ssh_key: string;
  /** The line of its `.pub` file; empty when it has none or one that is not the private key's. */
  readonly ssh_public_key: string;
  /** It may not write where its key would be. */
  readonly closed: boolean;
};

/** getent takes names and numbers alike, so one call also tells who has the number that is wanted. */
export function look(given: Args): Sh {
  const { name, uid, group = name, gid, groups, home, ssh_key } = given;
  const stays = given.state === 'present';
  const aged = given.password !== undefined || given.password_lock !== undefined || given.expires !== undefined;
  return lines(
    KNOWN,
    sh`p=$(known passwd ${[name, ...(uid === undefined ? [] : [uid])]}) || exit`,
    sh`printf '%s\n' "$p"
echo :groups
IFS=: read -r n x u g x h x <<E
$p
E
[ "$n" = ${name} ] || u='' g='' h=''
known group ${[group, ...(gid === undefined ? [] : [gid]), ...(groups ?? [])]} $g
[ -n "$u" ] || exit 0`,
    stays && groups !== undefined && sh`echo :member\nid -Gnz -- ${name} | tr '\\0' '\\n'`,
    stays && aged && sh`echo :shadow\n${raw(SHADOW)} ${name}`,
    sh`echo :home`,
    stays && home !== undefined ? sh`d=${home}` : sh`d=$h`,
    // Only these two mean absence; whoever may not look has not seen that it is absent.
    sh`s=$(stat -L -c '%F:%u' -- "$d" 2>&1) || case $s in
  *': No such file or directory'|*': Not a directory') if [ -L "$d" ]; then s='a link to nowhere:0'; else s=none; fi ;;
  *) printf '%s\n' "$s" >&2; exit 1 ;;
esac
printf '%s\n' "$s"`,
    stays && ssh_key !== undefined && sh`echo :key\n{ ${raw(lookAtKey(ssh_key))}\n} </dev/null || :`,
  );
}

/**
 * @throws HailbookError USER_MISMATCH when the account is still to be made and its number or its group is another's;
 * PATH_REFUSED when a link stands where its key should be
 */
export function parse(stdout: string, given: Args): Account | null {
  const { name, uid, group = name, gid } = given;
  const found = sections(stdout);
  const accounts = records(found.get('passwd'));
  const groups = records(found.get('groups'));
  const own = accounts.find((account) => account[0] === name);
  if (own) return accountOf(own, groups, found, given);
  if (given.state === 'absent') return null;
  const holder = accounts.find((account) => account[2] === String(uid));
  if (holder) throw mismatch(`uid ${uid} is wanted for ${name}, but belongs to ${holder[0]}`);
  const present = groups.find((other) => other[0] === group);
  if (present && gid !== undefined && present[2] !== String(gid))
    throw mismatch(`group ${group} has gid ${present[2]}, not ${gid}`);
  const other = groups.find((candidate) => candidate[0] !== group && candidate[2] === String(gid));
  if (other) throw mismatch(`gid ${gid} is wanted for ${group}, but belongs to ${other[0]}`);
  return null;
}

type Sections = ReadonlyMap<string, readonly string[]>;

function accountOf(own: readonly string[], groups: readonly string[][], found: Sections, given: Args): Account {
  const planted = plantedLink(found.get('key'));
  if (planted) throw refusedLink(planted);
  const [, , uid, gid, comment = '', home = '', shell = ''] = own;
  const group = groups.find((other) => other[2] === gid)?.[0] ?? '';
  const [kind = '', owner = '-1'] = found.get('home')?.[0]?.split(':') ?? [];
  const [lock = '', expires = '', password = ''] = found.get('shadow')?.[0]?.split(' ') ?? [];
  const ssh_public_key = publicKey(found.get('key') ?? []);
  return {
    uid: Number(uid),
    group,
    gid: Number(gid),
    comment,
    shell,
    home,
    has_home: kind === 'directory',
    home_owner: Number(owner),
    groups: [...new Set(found.get('member'))].filter((name) => name !== group).sort(),
    missing_groups: (given.groups ?? []).filter((name) => !groups.some((other) => other[0] === name)),
    password: lock === '' ? '' : passwordState(password, given.password),
    password_lock: lock === 'locked',
    expires: lock === '' ? '' : dateOf(expires),
    ssh_key: ssh_public_key && (given.ssh_key ?? ''),
    ssh_public_key,
    closed: found.get('key')?.[0] === 'closed',
  };
}

/** The lines under each `:heading`; those before the first are of passwd. No name begins with a colon. */
function sections(stdout: string): Sections {
  let current: string[] = [];
  const found = new Map([['passwd', current]]);
  for (const line of stdout.split('\n')) {
    if (line.startsWith(':')) {
      current = [];
      found.set(line.slice(1), current);
    } else if (line !== '') current.push(line);
  }
  return found;
}
