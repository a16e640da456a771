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
const args = fc.oneof({ arbitrary: folder, weight: 3 }, { arbitrary: link, weight: 2 }, absent);

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
  refuses: ['PATH_REFUSED', 'STEP_FAILED'],
  // The way to the path is walked when something is done, as whoever controls it.
  refusesLate: ['PATH_REFUSED', 'STEP_FAILED'],
  sees: (given) => {
    if (given.state === 'absent') return sh`! stat -- ${given.path} 2>/dev/null`;
    const wanted: [string, string | undefined][] = [
      ['%F', given.state === 'link' ? 'symbolic link' : 'directory'],
      ['%U', given.owner],
      ['%G', given.group],
      ...('mode' in given && given.mode ? [['%a', given.mode.replace(/^0/, '')] as [string, string]] : []),
    ];
    const seen = wanted.filter(([, value]) => value !== undefined);
    const form = seen.map(([directive]) => directive).join('|');
    const target = 'target' in given ? given.target : '';
    return sh`[ "$(stat -c ${form} -- ${given.path})" = ${seen.map(([, value]) => value).join('|')} ] &&
[ "$(readlink -- ${given.path})" = ${target} ]`;
  },
  cleanup: 'rm -rf /srv/p',
});
