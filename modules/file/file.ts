import { HailbookError } from '../../engine/errors.ts';
import { type Change, defineResource, type Probe, type Step, type Touches } from '../../engine/plan/contract.ts';
import { raw, sh } from '../../engine/plan/sh.ts';
import { accountKeys, desiredOwnership, ownershipIn } from '../_file/content.ts';
import { type PathState, probePath } from '../_file/probe.ts';
import { adjust, editFile, fileFailure, makeFolder, makeLink, removePath } from '../_file/steps.ts';
import { type Args, args } from './args.ts';
import { belowWanted, lookBelow, parseBelow } from './below.ts';
import { FILE_TREE_SHELL } from './shell.ts';

type FileState = PathState & {
  /** With `recurse`: each kind of thing in the folder that there is, as `file 0644 root root`. */
  readonly below: readonly string[];
};

/** Folders, files, links, and the absence of anything. */
export const file = defineResource<typeof args, FileState>({
  name: 'file',
  description: 'A folder, a file, a link, or the absence of anything at a path.',
  args,
  touches,
  probe,
  desired,
  steps,
  failure: fileFailure,
});

function touches({ path, state, owner, group, target, recurse, follow }: Args): Touches {
  const reads = accountKeys(owner, group);
  if (state === 'hard') return { reads: [...reads, `file:${target}`], writes: [`tree:${path}`] };
  const itself = !recurse && !follow && (state === 'directory' || state === 'file' || state === 'touch');
  return { reads, writes: [itself ? `file:${path}` : `tree:${path}`] };
}

function probe(given: Args): Probe<FileState | null> {
  const { path, state, target = '', recurse } = given;
  const atPath = probePath(path, state === 'absent' ? {} : given);
  const more =
    state === 'hard'
      ? sh`if [ "$p" -ef ${target} ]; then echo same; elif [ ! -f ${target} ]; then echo missing; fi`
      : lookBelow;
  return {
    script: state === 'hard' || recurse ? sh`${raw(atPath.script)}\n${raw(more)}` : atPath.script,
    parse(stdout) {
      if (state === 'hard' && /^missing\n/m.test(stdout)) throw missing(target);
      const found = atPath.parse(stdout);
      if (state !== 'hard') return found && { ...found, below: recurse ? parseBelow(stdout) : [] };
      return found && { ...found, target: /^same\n/m.test(stdout) ? target : '', below: [] };
    },
  };
}

const missing = (path: string): HailbookError =>
  new HailbookError('PATH_MISSING', `there is no file ${path}`, {
    hint: 'a task before this one can make it; `state: touch` makes an empty one',
  });

const TYPES: Readonly<Record<Exclude<Args['state'], 'absent'>, PathState['type']>> = {
  directory: 'directory',
  file: 'file',
  touch: 'file',
  link: 'link',
  hard: 'file',
};

function desired(given: Args, current: FileState | null): Partial<FileState> | null {
  const { path, state, target = '', recurse } = given;
  if (state === 'absent') {
    if (isSystemPath(path)) throw new HailbookError('PATH_REFUSED', `${path} is too much of the system to be removed`);
    return null;
  }
  const type = TYPES[state];
  if (state === 'file' && !current) throw missing(path);
  if (current && (current.type !== type || (state === 'hard' && current.target !== target))) {
    const wanted = state === 'hard' ? `another name of ${target}` : `a ${type}`;
    throw new HailbookError('PATH_REFUSED', `${path} is there and is a ${current.type}, not ${wanted}`, {
      hint: 'look at what it is; a task with `state: absent` before this one removes it',
    });
  }
  return {
    type,
    ...(state === 'link' || state === 'hard' ? { target } : {}),
    ...desiredOwnership(given, current, type === 'directory' ? '0755' : '0644'),
    ...(recurse && current ? { below: belowWanted(current.below, given) } : {}),
  };
}

// A variable that came out empty turns `/opt/{{ x }}` into `/opt`.
const isSystemPath = (path: string): boolean => /^\/[^/]+$|^\/(usr|var)\/[^/]+$/.test(path);

function steps(change: Change<FileState>, given: Args): Step[] {
  const { path, state, target = '', recurse, follow } = given;
  const as = ownershipIn(change, given);
  if (state === 'absent') return [removePath(path)];
  if (state === 'link') return [makeLink(path, target, given)];
  if (state === 'hard') return [{ script: sh`${raw(FILE_TREE_SHELL)}\nsettle ${path} hard ${target}` }];
  if (change.kind !== 'create' && recurse) {
    const { mode = '', owner = '', group = '' } = as;
    const call = sh`all ${[mode, owner, group, given.mode ?? '']}`;
    return [{ script: sh`${raw(FILE_TREE_SHELL)}\nsettle ${path} ${raw(follow ? sh`follow ` : sh``)}${raw(call)}` }];
  }
  if (change.kind !== 'create') return [adjust(path, as, given)];
  return [state === 'directory' ? makeFolder(path, as, given) : editFile(path, sh`cat`, as, given)];
}
