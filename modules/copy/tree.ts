import { HailbookError } from '../../engine/errors.ts';
import type { Change, Step, Tree, TreeEntry } from '../../engine/plan/contract.ts';
import { lines, raw, type Sh, sh } from '../../engine/plan/sh.ts';
import { applyMode } from '../_file/mode.ts';
import { manner } from '../_file/steps.ts';
import type { Args } from './args.ts';
import { COPY_SHELL } from './shell.ts';
import { tarOf } from './tar.ts';

/**
 * A folder and what is in it: by path (`.` is the folder itself, `./a/b` something in it), in words: `file 0644 root root <sha256>`,
 * `directory 0755 root root`, `link root root -> target`. Owner and group are only there when they were asked for.
 */
export type TreeState = Readonly<Record<string, string>>;

type Words = Partial<TreeState>;

/** One thing in a tree, in parts. */
export interface Thing {
  readonly type: string;
  /** Four octal digits; of a link empty. */
  readonly mode: string;
  readonly owner: string;
  readonly group: string;
  /** Of a file, when it could be read. */
  readonly sha256: string;
  /** Of a link. */
  readonly target: string;
}

/** In words; what is empty was not asked for. */
export const inWords = ({ type, mode, owner, group, sha256, target }: Thing): string =>
  [type, mode, owner, group, sha256, type === 'link' ? `-> ${target}` : ''].filter((part) => part !== '').join(' ');

export const FOLDER = '.';
export const inTree = ({ path }: TreeEntry): string => `./${path}`;
const modeIn = (words: string | undefined): string | undefined => words?.split(' ')[1];
const typeIn = (words: string | undefined): string | undefined => words?.split(' ')[0];

export function desiredTree(args: Args, tree: Tree, current: TreeState | null): TreeState {
  refuse(args, current);
  const wanted: Record<string, string> = { [FOLDER]: folderWords(args, tree.mode, current?.[FOLDER]) };
  for (const entry of tree.entries) {
    const path = inTree(entry);
    const present = current?.[path];
    if (present !== undefined) refuseOther(args, entry, present);
    wanted[path] = wordsFor(args, entry, present);
  }
  if (args.exclusive) for (const path of Object.keys(current ?? {})) wanted[path] ??= ABSENT;
  return wanted;
}

const ABSENT = 'absent';

function refuse(args: Args, current: TreeState | null): void {
  const { dest, owner, group, directory_mode, exclusive, backup } = args;
  if (exclusive && backup) {
    throw new HailbookError('ARGS_INVALID', 'copy: in an exclusive folder no backup can stay', {
      hint: 'leave one of the two out',
    });
  }
  const widely = exclusive || owner !== undefined || group !== undefined || directory_mode !== undefined;
  if (widely && /^\/[^/]+$|^\/(usr|var)\/[^/]+$/.test(dest)) {
    throw new HailbookError('PATH_REFUSED', `${dest} is too much of the system to be given away or cleared`, {
      hint: 'name the folders in it, or leave owner, group, directory_mode and exclusive out',
    });
  }
  const type = typeIn(current?.[FOLDER]);
  if (type !== undefined && type !== 'directory') {
    throw new HailbookError('PATH_REFUSED', `${dest} is there and is no folder but a ${type}`, {
      hint: type === 'link' ? '`follow: true` means what it leads to' : 'look at what it is',
    });
  }
  const unnamed = exclusive && Object.keys(current ?? {}).find((path) => path.includes('\ufffd'));
  if (unnamed) throw new HailbookError('PATH_REFUSED', `${dest}: the name ${unnamed} is not UTF-8; remove it by hand`);
}

/** A folder takes nothing's place, and nothing takes a folder's, unless all that is there is the task's own. */
function refuseOther({ dest, exclusive }: Args, entry: TreeEntry, present: string): void {
  const is = typeIn(present);
  if (exclusive || (is === 'directory') === (entry.kind === 'directory')) return;
  throw new HailbookError('PATH_REFUSED', `${dest}/${entry.path} is there and is a ${is}, not a ${entry.kind}`, {
    hint: 'look at what it is; `exclusive: true` or a `file` task with `state: absent` removes it',
  });
}

function wordsFor(args: Args, entry: TreeEntry, present: string | undefined): string {
  const same = typeIn(present) === entry.kind ? present : undefined;
  if (entry.kind === 'directory') return folderWords(args, entry.mode, same);
  if (!args.force && present !== undefined) return present;
  const { owner = '', group = '' } = args;
  if (entry.kind === 'link') return inWords({ type: 'link', mode: '', owner, group, sha256: '', target: entry.target });
  const usual = (Number.parseInt(entry.mode, 8) & 0o100) === 0 ? '0644' : '0755';
  const asked = args.mode === undefined ? usual : applyMode(args.mode, modeIn(same) ?? usual, false);
  const mode = args.mode === 'preserve' ? entry.mode : asked;
  return inWords({ type: 'file', mode, owner, group, sha256: entry.sha256, target: '' });
}

function folderWords({ owner = '', group = '', ...args }: Args, its: string, present: string | undefined): string {
  const before = modeIn(present) ?? '0755';
  const asked = args.directory_mode ?? (args.mode === 'preserve' ? its : undefined);
  const mode = asked === undefined ? before : applyMode(asked, before, true);
  return inWords({ type: 'directory', mode, owner, group, sha256: '', target: '' });
}

/** One transfer, whatever differs: a tar of the files that differ, and a plan of what goes where. */
export function treeSteps(change: Change<TreeState>, args: Args, tree: Tree): Step[] {
  const before: Words = change.kind === 'update' ? change.before : {};
  const after: Words = change.kind === 'delete' ? {} : change.after;
  const differs = (path: string): boolean => before[path] !== after[path];
  const files: [string, Uint8Array][] = [];
  const [folders, placed, settled]: [Sh[], Sh[], Sh[]] = [[], [], []];
  for (const entry of tree.entries) {
    const { path } = entry;
    const wanted = after[inTree(entry)];
    const mode = modeIn(wanted) ?? '';
    if (!differs(inTree(entry))) continue;
    if (entry.kind === 'directory') {
      folders.push(sh`d ${path}`);
      settled.unshift(sh`m ${[mode, path]}`);
    } else if (entry.kind === 'link') placed.push(sh`l ${[entry.target, path]}`);
    else if (onlyMode(before[inTree(entry)], wanted)) placed.push(sh`o ${[mode, path]}`);
    else {
      placed.push(sh`f ${[files.length, mode, path]}`);
      files.push([String(files.length), entry.content]);
    }
  }
  if (differs(FOLDER)) settled.push(sh`m ${[modeIn(after[FOLDER]) ?? '', FOLDER]}`);
  const gone = Object.keys(after)
    .filter((path) => goes(path, before, after))
    .map((path) => sh`x ${path.slice(2)}`);
  const plan = Buffer.from(`${lines(...gone, ...folders, ...placed, ...settled)}\n`);
  const { dest, follow, owner = '', group = '' } = args;
  const touched = Object.keys(after).filter(differs);
  const way = tree.entries.filter((entry) => isWay(entry, touched)).map(({ path }) => path);
  const call = sh`within ${[way.length, ...way]} ${raw(manner(args))}tree ${[owner, group]}`;
  const script = sh`${raw(COPY_SHELL)}\nsettle ${dest} ${raw(follow ? sh`follow ` : sh``)}${raw(call)}`;
  return [{ script, stdin: tarOf([...files, ['plan', plan]]) }];
}

/** Does it go, other than with the folder that it is in? A file or link that becomes the other is replaced at once. */
function goes(path: string, before: Words, after: Words): boolean {
  if (after[path] === ABSENT) return after[folderOf(path)] !== ABSENT;
  const [was, becomes] = [typeIn(before[path]), typeIn(after[path])];
  return was !== undefined && was !== becomes && (was === 'directory' || becomes === 'directory');
}

const folderOf = (path: string): string => path.slice(0, Math.max(path.lastIndexOf('/'), 1));

/** Is it a folder in which something is to be done? */
const isWay = (entry: TreeEntry, touched: readonly string[]): boolean =>
  entry.kind === 'directory' && touched.some((path) => path.startsWith(`${inTree(entry)}/`));

/** A file whose owner differs is sent anew: in an account's folder, where only that account can work, it could not be given. */
const onlyMode = (before: string | undefined, after: string | undefined): boolean =>
  before !== undefined &&
  after !== undefined &&
  [before, after].map((words) => words.replace(/^(\S+) \S+/, '$1')).every((words, _, [first]) => words === first);
