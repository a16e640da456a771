import fc from 'fast-check';
import { sh } from '../../../engine/index.ts';
import { defineSpec } from '../spec.ts';

const dest = fc.constantFrom('/srv/t/a.conf', "/srv/t/it's", '/srv/t/own/a');
const text = fc.constantFrom('', 'good\n', 'bad\n', "good $(touch /srv/t/canary) `x` \\n %s '\n", 'good é\r\n');
const owner = fc.constantFrom('root', 'nobody');
const group = fc.constantFrom('root', 'nogroup');
const mode = fc.constantFrom('0600', '755', 'u=rwx,go=', 'g+w,o-r', 'a+x', '6755');
const written = { dest, src: text, owner, group, mode };
const args = fc.record(
  {
    ...written,
    validate: fc.constantFrom(['grep', '-q', '-e', 'good', '%s'], ['/bin/sh', '-c', 'test -e "$1"', 'x', '%s']),
    backup: fc.boolean(),
    follow: fc.boolean(),
    force: fc.boolean(),
  },
  { requiredKeys: ['dest', 'src'] },
);

const deed = fc.oneof(
  fc.tuple(dest, text).map(([p, to]) => sh`printf %s ${to} >${p}`),
  fc.tuple(dest, owner, group).map(([p, user, its]) => sh`chown -h ${`${user}:${its}`} ${p}`),
  fc.tuple(dest, fc.constantFrom('600', '4755', '666', '0')).map(([p, to]) => sh`[ -L ${p} ] || chmod ${to} ${p}`),
  fc
    .tuple(dest, fc.constantFrom('/srv/t/other', '/nowhere/x', 'own'))
    .map(([p, to]) => sh`rm -rf ${p}; ln -s ${to} ${p}`),
  dest.map((p) => sh`ln ${p} ${p}.hard`),
  fc.constantFrom('chmod 777 /srv/t/own', 'chown nobody /srv/t/own', 'rm -rf /srv/t/own', 'mkdir /srv/t/a.conf'),
);
const tree = fc.array(deed, { maxLength: 4 }).map((deeds) => `exec 2>/dev/null\n${[...deeds, ':'].join('\n')}`);

export default defineSpec({
  module: 'template',
  fresh: 'rm -rf /srv/t; mkdir -p /srv/t/own; echo other >/srv/t/other',
  before: fc.oneof(tree, fc.tuple(tree, fc.record(written, { requiredKeys: ['dest', 'src'] }))),
  args,
  refuses: ['PATH_REFUSED', 'STEP_FAILED'],
  refusesLate: ['PATH_REFUSED', 'STEP_FAILED', 'VALIDATION_FAILED'],
  sees: (given) => {
    const { dest: p, src, force = true, follow = false } = given;
    const wanted = Buffer.from(src).toString('base64');
    return [
      '! test -e /srv/t/canary || exit 1',
      sh`p=${p}`,
      follow || !force ? ':' : '[ ! -L "$p" ] || exit',
      // Without force what was there may be anything.
      force ? sh`printf %s ${wanted} | base64 -d | cmp - "$p" || exit` : '[ -e "$p" ] || [ -L "$p" ] || exit',
      given.owner === undefined
        ? ':'
        : sh`[ "$(stat ${follow ? ['-L', '-c'] : ['-c']} %U -- "$p")" = ${given.owner} ] || exit`,
      'test -z "$(find /srv/t -name \'.hailbook*\')"',
    ].join('\n');
  },
  cleanup: 'rm -rf /srv/t',
});
