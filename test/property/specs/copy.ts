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
const args = fc.oneof(
  fc.record({ dest, content, ...owned }, { requiredKeys: ['dest', 'content'] }),
  fc.record({ dest, src: bytes, ...owned }, { requiredKeys: ['dest', 'src'] }),
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

export default defineSpec({
  module: 'copy',
  fresh: 'rm -rf /srv/c; mkdir -p /srv/c/own',
  before: fc.oneof(tree, args, fc.tuple(tree, args)),
  args,
  refuses: ['PATH_REFUSED', 'STEP_FAILED'],
  refusesLate: ['PATH_REFUSED', 'STEP_FAILED'],
  sees: (given) => {
    const text = Buffer.from('src' in given ? given.src : given.content).toString('base64');
    const wanted: [string, string | undefined][] = [
      ['%F', text === '' ? 'regular empty file' : 'regular file'],
      ['%U', given.owner],
      ['%G', given.group],
      ['%a', (given.mode ?? '0644').replace(/^0/, '')],
    ];
    const seen = wanted.filter(([, value]) => value !== undefined);
    const form = seen.map(([directive]) => directive).join('|');
    return sh`[ "$(stat -c ${form} -- ${given.dest})" = ${seen.map(([, value]) => value).join('|')} ] &&
printf %s ${text} | base64 -d | cmp - ${given.dest} && ! test -e /srv/c/canary`;
  },
  cleanup: 'rm -rf /srv/c',
});
