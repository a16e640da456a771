import fc from 'fast-check';
import { sh } from '../../../engine/index.ts';
import { defineSpec } from '../spec.ts';

/** One is within another, so that parents are missing, are links or are something else. */
const PATHS = ['/srv/p/a', '/srv/p/a/b', '/srv/p/a/b/c d', "/srv/p/it's"];
/** None leads back to itself: whoever may not look past a loop has not seen that nothing is there (PROBE_FAILED). */
const TARGETS = ['/srv/p', 'x', "it's", '/nowhere', '-x'];

const path = fc.constantFrom(...PATHS);
const owner = fc.constantFrom('root', 'nobody', 'daemon');
const group = fc.constantFrom('root', 'nogroup', 'daemon');
const mode = fc.constantFrom('0700', '755', '0711', '2750', '1777', '0770');

const folder = fc.record(
  { path, state: fc.constant('directory'), owner, group, mode },
  { requiredKeys: ['path', 'state'] },
);
const link = fc.record(
  { path, state: fc.constant('link'), target: fc.constantFrom(...TARGETS), owner, group },
  { requiredKeys: ['path', 'state', 'target'] },
);
const absent = fc.record({ path, state: fc.constant('absent') });
const symbolic = fc.constantFrom('u=rwX,go=rX', 'a+r', 'g-w,o=', 'u+x');
const all = fc.record(
  { path, state: fc.constant('directory'), recurse: fc.constant(true), owner, group, mode: symbolic },
  { requiredKeys: ['path', 'state', 'recurse'] },
);
const plain = fc.record(
  { path, state: fc.constantFrom('file', 'touch'), owner, group, mode: fc.oneof(mode, symbolic), follow: fc.boolean() },
  { requiredKeys: ['path', 'state'] },
);
const hard = fc.record({ path, state: fc.constant('hard'), target: fc.constantFrom(...PATHS, '/srv/p/none') });
interface Given extends Readonly<Record<string, unknown>> {
  readonly path: string;
  readonly state: string;
  readonly target?: string;
  readonly owner?: string;
  readonly group?: string;
  readonly mode?: string;
}
const args: fc.Arbitrary<Given> = fc.oneof(
  { arbitrary: folder, weight: 3 },
  { arbitrary: link, weight: 2 },
  { arbitrary: all, weight: 2 },
  { arbitrary: plain, weight: 2 },
  hard,
  absent,
);

/** What people and other programs do to a tree. Each may fail, when an earlier one is in its way. */
const deed = fc.oneof(
  path.map((p) => sh`mkdir -p ${p}`),
  path.map((p) => sh`rm -rf ${p}`),
  path.map((p) => sh`echo text >${p}`),
  fc.tuple(path, fc.constantFrom(...TARGETS)).map(([p, to]) => sh`rm -rf ${p}; ln -s -- ${to} ${p}`),
  fc
    .tuple(path, fc.record({ owner, group }, { requiredKeys: [] }))
    .map(([p, to]) => sh`chown -h ${`${to.owner ?? ''}:${to.group ?? ''}`} ${p}`),
  fc.tuple(path, mode).map(([p, to]) => sh`[ -L ${p} ] || chmod ${to} ${p}`),
);
const tree = fc.array(deed, { maxLength: 5 }).map((deeds) => `exec 2>/dev/null\n${[...deeds, ':'].join('\n')}`);

export default defineSpec({
  module: 'file',
  fresh: 'rm -rf /srv/p; mkdir /srv/p',
  before: fc.oneof(tree, args, fc.tuple(tree, args)),
  args,
  refuses: ['PATH_REFUSED', 'STEP_FAILED', 'PATH_MISSING'],
  // The way to the path is walked when something is done, as whoever controls it.
  refusesLate: ['PATH_REFUSED', 'STEP_FAILED', 'PATH_MISSING'],
  sees: (given) => {
    const { path: p, state, target = '' } = given;
    if (state === 'absent') return sh`! stat -- ${p} 2>/dev/null`;
    if (state === 'hard') return sh`[ ! -L ${p} ] && [ ${p} -ef ${target} ]`;
    const stat = given.follow === true ? ['stat', '-L'] : ['stat'];
    // A symbolic mode says nothing of the whole; chmod finds nothing to do where it holds.
    const { mode: bits } = given;
    const octal = bits !== undefined && /^[0-7]+$/.test(bits);
    const wanted: [string, string | undefined][] = [
      ['%U', given.owner],
      ['%G', given.group],
      ['%a', octal ? bits.replace(/^0/, '') : undefined],
    ];
    const asked = wanted.filter(([, value]) => value !== undefined);
    const form = asked.map(([directive]) => directive).join('|');
    const types = { directory: '-d', link: '-L' };
    return [
      sh`test ${types[state as 'link'] ?? '-f'} ${p} || exit`,
      asked.length === 0
        ? ':'
        : sh`[ "$(${stat} -c ${form} -- ${p})" = ${asked.map(([, value]) => value).join('|')} ] || exit`,
      state === 'link' ? sh`[ "$(readlink -- ${p})" = ${target} ] || exit` : ':',
      bits === undefined || octal
        ? ':'
        : sh`[ -z "$(chmod -c ${given.recurse === true ? ['-R'] : []} -- ${bits} ${p})" ] || exit`,
      given.recurse === true && given.owner !== undefined
        ? sh`[ -z "$(find ${p} ! -user ${given.owner})" ] || exit`
        : ':',
    ].join('\n');
  },
  cleanup: 'rm -rf /srv/p',
});
