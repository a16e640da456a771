import fc from 'fast-check';
import { sh } from '../../../engine/index.ts';
import { defineSpec } from '../spec.ts';

const PATHS = ['/srv/c/a', '/srv/c/b', '/srv/c/two words', '/srv/c/own/a'];

const dest = fc.constantFrom(...PATHS);
const owner = fc.constantFrom('root', 'nobody', 'daemon');
const group = fc.constantFrom('root', 'nogroup', 'daemon');
const mode = fc.constantFrom('0600', '644', '0755', '4711', '0440');
const content = fc.oneof(
  fc.constantFrom('', 'a', 'a\n', '{{ not an expression }}\n', "it's $(touch /srv/c/canary) `x` \\n %s", 'é\r\n\u0000'),
  fc.string({ maxLength: 60 }),
  fc.nat({ max: 20_000 }).map((count) => 'line\n'.repeat(count)),
);
const bytes = fc.oneof(content, fc.uint8Array({ maxLength: 200 }));

const owned = { owner, group, mode };
const inFolder = fc.constantFrom('a', "it's b", 'own', '-x');
type Folder = { readonly [name: string]: string | Folder };
const folder: fc.Arbitrary<Folder> = fc.dictionary(
  inFolder,
  fc.oneof(fc.constantFrom('', 'x\n'), fc.dictionary(inFolder, fc.constantFrom('y\n', 'z'), { maxKeys: 2 })),
  { maxKeys: 3 },
);
interface Given extends Readonly<Record<string, unknown>> {
  readonly dest: string;
  readonly owner?: string;
  readonly group?: string;
  readonly mode?: string;
}
const args: fc.Arbitrary<Given> = fc.oneof(
  fc.record({ dest, content, ...owned }, { requiredKeys: ['dest', 'content'] }),
  fc.record({ dest, src: bytes, ...owned }, { requiredKeys: ['dest', 'src'] }),
  {
    arbitrary: fc.record(
      {
        dest: fc.constantFrom('/srv/c', '/srv/c/own', '/srv/c/new'),
        src: folder,
        ...owned,
        directory_mode: fc.constantFrom('0755', 'u=rwx,go=', '2750'),
        exclusive: fc.boolean(),
      },
      { requiredKeys: ['dest', 'src'] },
    ),
    weight: 3,
  },
  fc.record(
    { dest, remote_src: fc.constantFrom('/srv/c/a', '/srv/c/own/a', '/etc/hostname'), ...owned },
    { requiredKeys: ['dest', 'remote_src'] },
  ),
);

const deed = fc.oneof(
  fc.tuple(dest, fc.constantFrom('a', '', 'line')).map(([p, text]) => sh`printf '%s\n' ${text} >${p}`),
  fc.tuple(dest, owner, group).map(([p, user, its]) => sh`chown ${`${user}:${its}`} ${p}`),
  fc.tuple(dest, mode).map(([p, to]) => sh`chmod ${to} ${p}`),
  dest.map((p) => sh`mkdir ${p}`),
  dest.map((p) => sh`ln -s /etc/hostname ${p}`),
  fc.constantFrom('chmod 777 /srv/c/own', 'chown nobody /srv/c/own', 'rm -rf /srv/c/own'),
);
const tree = fc.array(deed, { maxLength: 5 }).map((deeds) => `exec 2>/dev/null\n${[...deeds, ':'].join('\n')}`);

function seen(given: Given): string[] {
  const { dest: to, src, remote_src: from, content: text } = given;
  if (typeof from === 'string') return [isFile(given, to), sh`cmp ${from} ${to}`];
  if (!isFolder(src)) {
    const wanted = Buffer.from((src ?? text) as string).toString('base64');
    return [isFile(given, to), sh`printf %s ${wanted} | base64 -d | cmp - ${to}`];
  }
  const all = contentsOf(src, to);
  const mine = [to, ...all.map(([path]) => path)];
  return [
    ...all.flatMap(([path, inside]) =>
      inside === null ? [sh`test -d ${path}`] : [isFile(given, path), sh`printf %s ${inside} | cmp - ${path}`],
    ),
    ...(given.exclusive === true ? [sh`[ "$(find ${to} | wc -l)" = ${mine.length} ]`] : []),
  ];
}

const isFolder = (src: unknown): src is Folder => typeof src === 'object' && !(src instanceof Uint8Array);

const contentsOf = (inside: Folder, at: string): [string, string | null][] =>
  Object.entries(inside).flatMap(([name, what]): [string, string | null][] => {
    const path = `${at}/${name}`;
    return typeof what === 'string' ? [[path, what]] : [[path, null], ...contentsOf(what, path)];
  });

/** A file with the owner, group and mode that were asked for. */
function isFile({ owner: user, group: its, mode: bits = '0644' }: Given, path: string): string {
  const wanted: [string, string | undefined][] = [
    ['%U', user],
    ['%G', its],
    ['%a', bits.replace(/^0/, '')],
  ];
  const asked = wanted.filter(([, value]) => value !== undefined);
  const form = asked.map(([directive]) => directive).join('|');
  return sh`[ -f ${path} ] && [ ! -L ${path} ] && [ "$(stat -c ${form} -- ${path})" = ${asked.map(([, value]) => value).join('|')} ]`;
}

export default defineSpec({
  module: 'copy',
  fresh: 'rm -rf /srv/c; mkdir -p /srv/c/own',
  before: fc.oneof(tree, args, fc.tuple(tree, args)),
  args,
  refuses: ['PATH_REFUSED', 'STEP_FAILED', 'PATH_MISSING'],
  refusesLate: ['PATH_REFUSED', 'STEP_FAILED', 'PATH_MISSING'],
  sees: (given) =>
    [sh`! test -e /srv/c/canary`, ...seen(given), 'test -z "$(find /srv/c -name \'.hailbook*\')"'].join(' || exit\n'),
  cleanup: 'rm -rf /srv/c',
});
