import { type Static, Type } from 'typebox';
import { HailbookError } from '../../engine/errors.ts';
import { type Change, defineResource, type Step, type Touches } from '../../engine/plan/contract.ts';
import { Account, Mode, PathOnHost } from '../_file/args.ts';
import { accountKeys, desiredOwnership } from '../_file/content.ts';
import { type PathState, probePath } from '../_file/probe.ts';
import { adjust, fileFailure, makeFolder, makeLink, removePath } from '../_file/steps.ts';

const args = Type.Object(
  {
    path: PathOnHost('The path on the host.'),
    state: Type.Enum(['directory', 'link', 'absent'], {
      description:
        'A folder (made with its parents), a symbolic link, or nothing at all (a folder goes with all in it).',
    }),
    target: Type.Optional(
      Type.String({
        minLength: 1,
        pattern: '^[^\\n\\0]+$',
        description: 'Where the link leads, as it is written into it.',
      }),
    ),
    owner: Type.Optional(Account('The account that owns it. Not given: as it is; the acting account for a new one.')),
    group: Type.Optional(Account('Its group. Not given: as it is.')),
    mode: Type.Optional(
      Mode('The permissions of a folder, a quoted octal number. Not given: as it is; 0755 for a new one.'),
    ),
  },
  {
    if: { properties: { state: { const: 'link' } } },
    // biome-ignore lint/suspicious/noThenProperty: JSON Schema's own keyword
    then: { required: ['target'], not: { required: ['mode'] } },
    else: { not: { required: ['target'] } },
  },
);
type Args = Static<typeof args>;

/** Folders, links, and the absence of anything. */
export const file = defineResource<typeof args, PathState>({
  name: 'file',
  description: 'A folder, a symbolic link, or the absence of anything at a path.',
  args,
  touches,
  probe: ({ path }) => probePath(path),
  desired,
  steps,
  failure: fileFailure,
});

function touches({ path, state, owner, group }: Args): Touches {
  return { reads: accountKeys(owner, group), writes: [state === 'directory' ? `file:${path}` : `tree:${path}`] };
}

function desired(given: Args, current: PathState | null): Partial<PathState> | null {
  const { path, state, target = '' } = given;
  if (state === 'absent') {
    if (isSystemPath(path)) throw new HailbookError('PATH_REFUSED', `${path} is too much of the system to be removed`);
    return null;
  }
  if (current && current.type !== state) {
    throw new HailbookError('PATH_REFUSED', `${path} is there and is a ${current.type}, not a ${state}`, {
      hint: 'look at what it is; a task with `state: absent` before this one removes it',
    });
  }
  return { type: state, ...(state === 'link' ? { target } : {}), ...desiredOwnership(given) };
}

// A variable that came out empty turns `/opt/{{ x }}` into `/opt`.
const isSystemPath = (path: string): boolean => /^\/[^/]+$|^\/(usr|var)\/[^/]+$/.test(path);

function steps(change: Change<PathState>, given: Args): Step[] {
  const { path, state, target = '' } = given;
  if (state === 'absent') return [removePath(path)];
  if (state === 'link') return [makeLink(path, target, given)];
  return [change.kind === 'create' ? makeFolder(path, given) : adjust(path, given)];
}
