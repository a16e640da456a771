import type { Probe, Tree } from '../../engine/plan/contract.ts';
import { lines, raw, type Sh, sh } from '../../engine/plan/sh.ts';
import { type PathState, probePath } from '../_file/probe.ts';
import type { Args } from './args.ts';
import { COPY_SHELL } from './shell.ts';
import { FOLDER, inTree, inWords, type TreeState } from './tree.ts';

// Names end with a NUL, because a line end may be in one. Owners' names have no blanks.
const FORMAT = '%y %m %u %g %p\\0%l\\0';

/**
 * Everything in one look: of the paths that the folder on the controller has, or with `exclusive` of all that is there, what they
 * are, and the hashes of the files. Root reads names and owners, which no link leads astray; the files are read by whoever
 * controls the folder that they are in, unless that is root everywhere.
 */
export function probeTree(args: Args, tree: Tree): Probe<TreeState | null> {
  const { dest, exclusive, follow } = args;
  const atPath = probePath(dest, args);
  const paths = tree.entries.map(inTree);
  const listed = exclusive
    ? sh`find . -name '.hailbook.??????????' -prune -o -printf ${FORMAT}`
    : sh`printf '%s\\0' ${FOLDER} ${paths} | xargs -0 /bin/sh -c ${sh`find "$@" -maxdepth 0 -printf ${FORMAT}`} find`;
  const folders = [FOLDER, ...tree.entries.filter(({ kind }) => kind === 'directory').map(inTree)];
  const files = tree.entries.filter(({ kind }) => kind === 'file').map(inTree);
  return {
    script: sh`${raw(atPath.script)}
if [ "$s" != absent ] && [ -d "$p" ] && ${raw(follow ? sh`:` : sh`[ ! -L "$p" ]`)}; then
cd -- "$p" || exit
{ lost=$( { ${raw(listed)}; } 2>&1 >&3 3>&- | grep -v -e ': No such file or directory$' -e ': Not a directory$'); } 3>&1
[ -z "$lost" ] || { printf '%s\\n' "$lost" >&2; exit 1; }
# What may not be read has no hash, and so differs.
{
${raw(hashes(args, folders, files))}
} 2>/dev/null || :
fi </dev/null`,
    parse: (stdout) => parse(stdout, args, atPath.parse(stdout)),
  };
}

/** One read of all files where only root can change a folder, else one for each folder. */
function hashes({ dest, follow }: Args, folders: readonly string[], files: readonly string[]): Sh {
  if (files.length === 0) return sh`:`;
  const way = dest.split('/').map((_, index, parts) => parts.slice(0, index + 1).join('/') || '/');
  const onlyRoot = follow
    ? sh`false`
    : sh`! printf '%s\\0' ${way} ${folders} | xargs -0 stat -c '%A %u' -- | grep -q -v -x 'd....-..-. 0'`;
  const inFolders = folders.map((folder) => {
    const names = files.filter((file) => file.lastIndexOf('/') === folder.length && file.startsWith(`${folder}/`));
    const at = folder === FOLDER ? dest : `${dest}/${folder.slice(2)}`;
    const inside = names.map((name) => name.slice(folder.length + 1));
    return names.length > 0 && sh`settle ${`${at}/.`} hashes ${[folder, ...inside]}`;
  });
  const all = sh`printf '%s\\0' ${files} | xargs -0 /bin/sh -c ${sh`find "$@" -maxdepth 0 -type f -print0`} find | xargs -0 -r sha256sum -z --`;
  return sh`if ${raw(onlyRoot)}; then
${raw(all)}
else
${raw(COPY_SHELL)}
${raw(lines(...inFolders))}
fi`;
}

const TYPES: Readonly<Record<string, string>> = { f: 'file', d: 'directory', l: 'link' };

function parse(stdout: string, args: Args, folder: PathState | null): TreeState | null {
  if (!folder) return null;
  const { owner, group } = args;
  if (folder.type !== 'directory') return { [FOLDER]: inWords({ ...folder, owner: '', group: '' }) };
  const tokens = stdout.slice(stdout.indexOf('\n') + 1).split('\0');
  const things: [RegExpExecArray, string][] = [];
  for (let entry = ENTRY.exec(tokens[0] ?? ''); entry; entry = ENTRY.exec(tokens[0] ?? '')) {
    things.push([entry, tokens[1] ?? '']);
    tokens.splice(0, 2);
  }
  const hashes = new Map(tokens.flatMap((token) => (HASH.test(token) ? [[token.slice(66), token.slice(0, 64)]] : [])));
  const found = things.map(([[, letter = '', mode = '', user = '', its = '', path = ''], target]) => {
    const type = TYPES[letter] ?? 'other';
    const words = inWords({
      type,
      mode: type === 'link' ? '' : mode.padStart(4, '0'),
      owner: owner === undefined ? '' : user,
      group: group === undefined ? '' : its,
      sha256: type === 'file' ? (hashes.get(path) ?? '') : '',
      target,
    });
    return [path, words] as const;
  });
  return Object.fromEntries(found);
}

const ENTRY = /^([a-zA-Z]) (\d+) (\S+) (\S+) (\.(?:\/.*)?)$/s;
const HASH = /^[0-9a-f]{64} {2}\.\//;
