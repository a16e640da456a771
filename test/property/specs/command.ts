import fc from 'fast-check';
import { sh } from '../../../engine/plan/sh.ts';
import { defineSpec } from '../spec.ts';

const PATHS = ['/srv/c/a', "/srv/c/it's b", '/srv/c/-n', '/srv/c/$HOME'];
const WORDS = ['', 'x', "it's", '$HOME', '`x`', '*', '-n', 'a  b', 'back\\slash', 'été\n2'];

const path = fc.constantFrom(...PATHS);
const words = fc.array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 3 });

/** Each writes its words, one after the other, to the path that `creates` names or that `unless` asks for. */
const args = fc
  .record({
    path,
    words,
    how: fc.constantFrom('argv', 'shell', 'environment', 'stdin'),
    guard: fc.constantFrom('creates', 'unless', 'removes'),
  })
  .map(({ path: to, words: given, how, guard }) => {
    const text = given.join('|');
    const write = { argv: ['sh', '-c', 'printf %s "$2" >"$1"', 'x', to, text] };
    const by = {
      argv: write,
      shell: { shell: sh`printf %s ${text} >${to}` as string },
      environment: { shell: 'printf %s "$TEXT" >"$TO"', environment: { TEXT: text, TO: to } },
      stdin: { argv: ['dd', `of=${to}`, 'status=none'], stdin: text },
    }[how];
    if (guard === 'removes') return { argv: ['rm', '-r', '--', to], removes: to };
    return {
      ...by,
      ...(guard === 'creates' ? { creates: to } : { unless: sh`test -f ${to}` as string }),
      chdir: '/srv/c',
    };
  });

const deed = fc.oneof(
  path.map((p) => sh`echo there >${p}`),
  path.map((p) => sh`ln -sfn nowhere ${p}`),
  path.map((p) => sh`rm -rf ${p}; mkdir ${p}`),
);

export default defineSpec({
  module: 'command',
  fresh: 'rm -rf /srv/c; mkdir /srv/c',
  before: fc.array(deed, { maxLength: 3 }).map((deeds) => ['exec 2>/dev/null', ...deeds, ':'].join('\n')),
  args,
  once: true,
  // A folder in the way of what is written.
  refusesLate: ['STEP_FAILED'],
  sees: (given) => {
    if ('removes' in given) return sh`! stat -- ${given.removes} 2>/dev/null`;
    if ('creates' in given) return sh`stat -- ${given.creates}`;
    return given.unless ?? 'false';
  },
  cleanup: 'rm -rf /srv/c',
});
