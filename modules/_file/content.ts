import type { Static } from 'typebox';
import { Type } from 'typebox';
import { HailbookError } from '../../engine/errors.ts';
import type { Change, Explanation, Key, Source, Step, Touches } from '../../engine/plan/contract.ts';
import { Secret } from '../../engine/plan/secret.ts';
import { sh } from '../../engine/plan/sh.ts';
import { Account, Mode, PathOnHost } from './args.ts';
import { applyMode } from './mode.ts';
import { type PathState, readWith } from './probe.ts';
import { adjust, type Ownership, writeFile } from './steps.ts';

/** How a file is replaced: the arguments that `template`, `copy` and `line` share. */
export const MANNER = {
  validate: Type.Optional(
    Type.Array(Type.String({ pattern: '^[^\\0]*$' }), {
      minItems: 1,
      contains: { pattern: '%s' },
      description:
        'A program and its arguments, one word each, that judges the new file before it takes its place; `%s` in a word stands for the path of the new file. When it exits other than 0, nothing changes.',
    }),
  ),
  backup: Type.Boolean({
    default: false,
    description: 'Keeps what was there beside it, as `<name>.<time>~` with its owner, mode and ACL.',
  }),
  follow: Type.Boolean({
    default: false,
    description: 'Writes what a link at the path leads to. Otherwise the link itself is replaced.',
  }),
};

/** Where a file with a given content goes: the arguments that `template` and `copy` share. */
export const DESTINATION = {
  dest: PathOnHost('The file on the host. Its folder must exist.'),
  owner: Type.Optional(Account('The account that owns it. Not given: as it is; the acting account for a new file.')),
  group: Type.Optional(Account('Its group. Not given: as it is.')),
  mode: Type.Optional(
    Mode(
      'Its permissions, a quoted octal number, or as chmod has it (`u=rw,g+r`). Not given: 0644, and 0600 when a secret is in the content.',
    ),
  ),
  force: Type.Boolean({
    default: true,
    description: 'Is another content replaced? `false`: only a file that is not there is written.',
  }),
  ...MANNER,
};

const Destination = Type.Object(DESTINATION);
type Destination = Static<typeof Destination>;
export type Content = Pick<Source, 'content' | 'sha256'>;

export function contentTouches({ dest, owner, group, follow }: Destination): Touches {
  return { reads: accountKeys(owner, group), writes: [follow ? `tree:${dest}` : `file:${dest}`] };
}

/** Who owns something must exist first. */
export const accountKeys = (owner?: string, group?: string): Key[] => [
  ...(owner === undefined ? [] : [`user:${owner}` as const]),
  ...(group === undefined ? [] : [`group:${group}` as const]),
];

export function desiredContent(
  args: Destination,
  { content, sha256 }: Content,
  current: PathState | null,
): Partial<PathState> {
  if (current && current.type !== 'file' && current.type !== 'link') {
    throw new HailbookError('PATH_REFUSED', `${args.dest} is there and is no file but a ${current.type}`, {
      hint: 'look at what it is; a `file` task with `state: absent` before this one removes it',
    });
  }
  // A secret is nobody else's to read unless the playbook says so.
  const usual = content instanceof Secret ? '0600' : '0644';
  const kept = !args.force && current !== null;
  return {
    ...(kept ? {} : { type: 'file', sha256 }),
    ...desiredOwnership({ ...args, mode: args.mode ?? (kept ? undefined : usual) }, current, usual),
  };
}

/** The fields that a task asks for; what it does not name may be as it likes. A symbolic mode is of the present one. */
export function desiredOwnership(
  { owner, group, mode }: Ownership,
  current: Partial<PathState> | null,
  usual: string,
): Partial<PathState> {
  const present = (current?.type !== 'link' && current?.mode) || usual;
  return {
    ...(owner === undefined ? {} : { owner }),
    ...(group === undefined ? {} : { group }),
    ...(mode === undefined ? {} : { mode: applyMode(mode, present, current?.type === 'directory') }),
  };
}

/** The ownership that a step is to give: what was asked for, with the mode that came of it. */
export const ownershipIn = (change: Made, { owner, group, mode }: Ownership): Ownership => ({
  owner,
  group,
  mode: mode === undefined ? undefined : change.after?.mode,
});

/** A change of any state that has a mode. */
interface Made {
  readonly kind: string;
  readonly after?: { readonly mode?: string };
}

/** The content travels only when it differs. */
export function contentSteps(change: Change<PathState>, args: Destination, source: Content): Step[] {
  const mode = change.kind === 'delete' ? undefined : change.after.mode;
  const as = { ...args, mode };
  return [changesText(change) ? writeFile(args.dest, source.content, as, args) : adjust(args.dest, as, args)];
}

export function explainContent(
  change: Change<PathState>,
  { dest, follow }: Pick<Destination, 'dest' | 'follow'>,
  { content }: Content,
): Explanation | null {
  if (!changesText(change)) return null;
  const before = change.kind === 'create' ? sh`:` : readWith(dest, sh`cat`, { follow });
  return { path: dest, before, after: content };
}

const changesText = (change: Change<PathState>): boolean =>
  change.kind !== 'update' || change.fields.includes('sha256') || change.fields.includes('type');
