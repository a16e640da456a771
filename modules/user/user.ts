import { HailbookError } from '../../engine/errors.ts';
import { type Change, defineResource, type ModuleFailure, type Output, type Step } from '../../engine/plan/contract.ts';
import { mismatch, noGroup } from '../_account/account.ts';
import { fileFailure } from '../_file/steps.ts';
import { type Account, look, parse } from './account.ts';
import { type Args, args } from './args.ts';
import { dayOf, requireHash } from './shadow.ts';
import { create, remove, update } from './steps.ts';

/** An account, its groups, its home, its password and its SSH key. */
export const user = defineResource<typeof args, Account>({
  name: 'user',
  description: 'An account with its groups, its home and, if wanted, a password and an SSH key.',
  args,
  // Which groups it is in is written in these groups.
  touches: ({ name, group = name, groups = [], home = `/home/${name}` }) => ({
    writes: [`user:${name}`, `file:${home}`, ...[group, ...groups].map((each) => `group:${each}` as const)],
  }),
  probe: (given) => ({ script: look(given), parse: (stdout) => parse(stdout, given) }),
  desired,
  steps,
  failure,
  warnings,
});

function desired(given: Args, current: Account | null): Partial<Account> | null {
  const { name, uid, group, gid, comment, shell, home, ssh_key, groups } = given;
  const identity = { ...(uid && { uid }), ...(group && { group }), ...(gid && { gid }) };
  for (const field of ['uid', 'group', 'gid'] as const) {
    if (current && identity[field] !== undefined && identity[field] !== current[field])
      throw mismatch(`${name} has ${field} ${current[field]}, not ${identity[field]}`);
  }
  if (given.state === 'absent') return removable(given, current);
  return {
    group: current?.group ?? name,
    ...identity,
    ...(comment !== undefined && { comment }),
    ...(shell && { shell }),
    ...(home && { home }),
    ...(ssh_key && { ssh_key }),
    ...(current ? homeOf(given, current) : wantsHome(given, current) && { has_home: true }),
    ...(groups && { groups: otherGroups(given, current) }),
    ...login(given, current),
  };
}

/** @throws HailbookError PATH_REFUSED when its home, which is to go too, is not its own: `/`, or a folder of many */
function removable({ name, remove_home }: Args, current: Account | null): null {
  if (remove_home && current?.has_home && current.home_owner !== current.uid)
    throw new HailbookError(
      'PATH_REFUSED',
      `${current.home} belongs to the user id ${current.home_owner}, not to ${name}`,
      { hint: 'leave remove_home out, and remove by hand what is to go' },
    );
  return null;
}

/** @throws HailbookError PATH_REFUSED when no folder stands where its home is, and none can be made */
function homeOf(given: Args, current: Account): { has_home?: true } {
  const path = given.home ?? current.home;
  const wanted = wantsHome(given, current);
  if (!current.has_home && wanted && current.home_owner !== -1)
    throw new HailbookError('PATH_REFUSED', `${path} is there and is no folder`, {
      hint: 'look at what it is, then remove it or choose another home',
    });
  if (!current.has_home && !wanted && given.ssh_key)
    throw new HailbookError('PATH_REFUSED', `${path} does not exist, so there is no place for a key`, {
      hint: 'leave create_home out, and it is made',
    });
  return wanted ? { has_home: true } : {};
}

/** Debian's own accounts (numbers below 1000) have homes that are often not there, and should not be. */
function wantsHome({ create_home, ssh_key, system, uid, home }: Args, current: Account | null): boolean {
  if (create_home !== undefined) return create_home;
  if (ssh_key) return true;
  const path = home ?? current?.home;
  return !system && (current?.uid ?? uid ?? 1000) >= 1000 && path !== '/nonexistent';
}

function otherGroups({ groups = [], append, group, name }: Args, current: Account | null): string[] {
  const own = current?.group ?? group ?? name;
  const kept = append ? (current?.groups ?? []) : [];
  return [...new Set([...groups, ...kept])].filter((each) => each !== own).sort();
}

/** What decides whether one can log in. @throws HailbookError ARGS_INVALID */
function login(given: Args, current: Account | null): Partial<Account> {
  const { name, password, update_password, password_lock, expires } = given;
  if (password !== undefined) requireHash(password);
  if (expires !== undefined) dayOf(expires);
  const seen = current?.password ?? 'unset';
  if (password_lock === false && password === undefined && seen === 'unset')
    throw new HailbookError('ARGS_INVALID', `user.password_lock: ${name} has no password to unlock`, {
      hint: 'give one as password, or leave password_lock out',
    });
  // Where a run was lost between making the account and its password, there is none yet.
  const sets = password !== undefined && (update_password !== 'on_create' || seen === 'unset');
  return {
    ...(sets && { password: 'as given' }),
    ...(password_lock !== undefined && { password_lock }),
    ...(expires && { expires }),
  };
}

function steps(change: Change<Account>, given: Args): Step[] {
  if (change.kind === 'delete') return remove(given);
  if (change.kind === 'create') return create(change.after, given);
  const missing = change.before.missing_groups;
  if (missing.length > 0) throw noGroup(missing);
  if (change.before.closed && change.fields.includes('ssh_key'))
    throw new HailbookError('PATH_REFUSED', `${given.name} may not write into its home, so it can make no key there`, {
      hint: 'let its home be its own',
    });
  return update(change, given);
}

function failure(output: Output, { name, ssh_key }: Args): ModuleFailure | null {
  if (/ssh-keygen: .*not found/.test(output.stderr))
    return {
      code: 'PROGRAM_MISSING',
      message: `ssh-keygen is missing, which makes the ${ssh_key} key`,
      hint: 'install openssh-client before this task',
    };
  const busy = /user \S+ is currently used by process (\d+)/.exec(output.stderr);
  if (busy)
    return {
      code: 'USER_BUSY',
      message: `${name} has processes: the process ${busy[1]} is one`,
      hint: `stop what runs as ${name} before this task (a service, or loginctl terminate-user ${name})`,
    };
  return fileFailure(output);
}

function warnings(current: Account | null, { name, home, state }: Args): string[] {
  if (state === 'absent' || !current?.has_home || current.home_owner === current.uid) return [];
  // The homes of Debian's own accounts are often root's.
  if (current.uid < 1000) return [];
  return [`${home ?? current.home} belongs to the user id ${current.home_owner}, not to ${name} (${current.uid})`];
}
