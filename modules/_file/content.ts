import type { Static } from 'typebox';
import { Type } from 'typebox';
import type { Change, Explanation, Key, Source, Step, Touches } from '../../engine/plan/contract.ts';
import { Secret } from '../../engine/plan/secret.ts';
import { sh } from '../../engine/plan/sh.ts';
import { Account, fourDigits, Mode, PathOnHost } from './args.ts';
import { type PathState, readWith } from './probe.ts';
import { adjust, writeFile } from './steps.ts';

/** Where a file with a given content goes: the arguments that `template` and `copy` share. */
export const DESTINATION = {
  dest: PathOnHost('The file on the host. Its folder must exist.'),
  owner: Type.Optional(Account('The account that owns it. Not given: as it is; the acting account for a new file.')),
  group: Type.Optional(Account('Its group. Not given: as it is.')),
  mode: Type.Optional(
    Mode('Its permissions, a quoted octal number. Not given: 0644, and 0600 when a secret is in the content.'),
  ),
};

const Destination = Type.Object(DESTINATION);
type Destination = Static<typeof Destination>;
export type Content = Pick<Source, 'content' | 'sha256'>;

export function contentTouches({ dest, owner, group }: Destination): Touches {
  return { reads: accountKeys(owner, group), writes: [`file:${dest}`] };
}

/** Who owns something must exist first. */
export const accountKeys = (owner?: string, group?: string): Key[] => [
  ...(owner === undefined ? [] : [`user:${owner}` as const]),
  ...(group === undefined ? [] : [`group:${group}` as const]),
];

export function desiredContent(args: Destination, source: Content): Partial<PathState> {
  return { type: 'file', ...desiredOwnership(withMode(args, source)), sha256: source.sha256 };
}

/** A secret is nobody else's to read unless the playbook says so. */
const withMode = (args: Destination, { content }: Content): Destination => ({
  ...args,
  mode: args.mode ?? (content instanceof Secret ? '0600' : '0644'),
});

/** The fields that a task asks for; what it does not name may be as it likes. */
export function desiredOwnership({ owner, group, mode }: Partial<Destination>): Partial<PathState> {
  return {
    ...(owner === undefined ? {} : { owner }),
    ...(group === undefined ? {} : { group }),
    ...(mode === undefined ? {} : { mode: fourDigits(mode) }),
  };
}

/** The content travels only when it differs. */
export function contentSteps(change: Change<PathState>, args: Destination, source: Content): Step[] {
  const as = withMode(args, source);
  return [changesText(change) ? writeFile(args.dest, source.content, as) : adjust(args.dest, as)];
}

export function explainContent(
  change: Change<PathState>,
  { dest }: Destination,
  { content }: Content,
): Explanation | null {
  if (!changesText(change)) return null;
  const before = change.kind === 'create' ? sh`:` : readWith(dest, sh`cat`);
  return { path: dest, before, after: content };
}

const changesText = (change: Change<PathState>): boolean =>
  change.kind !== 'update' || change.fields.includes('sha256') || change.fields.includes('type');
