import fc from 'fast-check';
import { sh } from '../../../engine/index.ts';
import { defineSpec } from '../spec.ts';

const PATHS = ['/srv/l/a', '/srv/l/own/b'];
const path = fc.constantFrom(...PATHS);
const line = fc.constantFrom('a = 1', 'a = 2', 'b', '', '  $(touch /srv/l/canary) \\n & `x`', 'é "q" \'s\' [1] *');
const block = fc.constantFrom('a = 1', 'a = 2\nb\n', 'x\n\ny', "it's $HOME");
const owned = {
  owner: fc.constantFrom('root', 'nobody'),
  group: fc.constantFrom('root', 'nogroup'),
  mode: fc.constantFrom('0600', 'u=rw,g+r', '0644', 'o-r'),
};
const place = fc.oneof(
  fc.constant({}),
  fc.record({ insert_after: fc.constantFrom('^a', 'b', 'EOF') }),
  fc.record({ insert_before: fc.constantFrom('^a', 'b', 'BOF'), first_match: fc.boolean() }),
);
const found = fc.oneof(
  fc.constant({}),
  fc.record({ regexp: fc.constantFrom('^a =', '^[ab]', 'x$'), several: fc.constantFrom('refuse', 'last', 'one') }),
  fc.record({ contains: fc.constantFrom('a = ', '$', '[1] *'), several: fc.constantFrom('refuse', 'last', 'one') }),
);
const some = fc.record({ create: fc.constant(true), ...owned }, { requiredKeys: [] });

const merged = <T extends object[]>(...parts: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.tuple(...(parts as fc.Arbitrary<object>[])).map((all) => Object.assign({}, ...all));

interface Given {
  readonly path: string;
  readonly line?: string;
  readonly block?: string;
  readonly state?: string;
  readonly owner?: string;
  readonly group?: string;
  readonly regexp?: string;
  readonly contains?: string;
}
const args: fc.Arbitrary<Given & Record<string, unknown>> = fc.oneof(
  merged(fc.record({ path, line }), found, place, some),
  merged(fc.record({ path, block }), place, some),
  merged(fc.record({ path, line, state: fc.constant('absent') }), found),
  fc.record({ path, block, state: fc.constant('absent') }),
);

const text = fc
  .array(fc.oneof(line, fc.constantFrom('# BEGIN hailbook', '# END hailbook', 'other', 'a = 3', 'last\r')), {
    maxLength: 6,
  })
  .map((lines) => lines.join('\n'));
const deed = fc.oneof(
  { arbitrary: fc.tuple(path, text).map(([p, content]) => sh`printf %s ${content} >${p}`), weight: 4 },
  fc.tuple(path, owned.owner).map(([p, to]) => sh`chown ${to} ${p}`),
  fc.tuple(path, fc.constantFrom('0600', '0666')).map(([p, to]) => sh`chmod ${to} ${p}`),
  path.map((p) => sh`rm -rf ${p}; ln -s /etc/hostname ${p}`),
  fc.constantFrom('chmod 777 /srv/l/own', 'chown nobody /srv/l/own'),
);
const files = fc
  .array(deed, { maxLength: 4 })
  .map((deeds) => `exec 2>/dev/null\n${["printf 'a = 1\\nother\\n' >/srv/l/a", ...deeds, ':'].join('\n')}`);

// perl reads neither as grep nor as awk does.
const LINES = 'BEGIN { $w = shift; $n = 0 } chomp; $n++ if $_ eq $w; END { print $n }';
const BLOCKS = String.raw`BEGIN { $w = shift; $w =~ s/\n?\z/\n/ }
$n = () = /^# BEGIN hailbook\n\Q$w\E# END hailbook$/mg; $b = () = /^# BEGIN hailbook$/mg; print $b > 1 ? 9 : $n`;

export default defineSpec({
  module: 'line',
  fresh: 'rm -rf /srv/l; mkdir -p /srv/l/own',
  before: fc.oneof(files, fc.tuple(files, args)),
  args,
  refuses: ['LINE_UNCLEAR', 'PATH_MISSING', 'PATH_REFUSED'],
  refusesLate: ['PATH_REFUSED', 'STEP_FAILED'],
  sees: (given) => {
    const { path: p, state, owner = '', group = '' } = given;
    const shown =
      given.block === undefined
        ? sh`perl -ne ${LINES} ${given.line ?? ''} ${p}`
        : sh`perl -0777 -ne ${BLOCKS} ${given.block} ${p}`;
    const gone = given.regexp === undefined && given.contains === undefined ? sh`[ "$n" = 0 ]` : sh`:`;
    return [
      '! test -e /srv/l/canary || exit 1',
      state === 'absent' ? sh`[ -e ${p} ] || exit 0` : ':',
      `n=$(${shown}) || exit`,
      state === 'absent' ? gone : '[ "$n" -ge 1 ] && [ "$n" != 9 ] || exit',
      owner === '' || state === 'absent' ? ':' : sh`[ "$(stat -c %U ${p})" = ${owner} ] || exit`,
      group === '' || state === 'absent' ? ':' : sh`[ "$(stat -c %G ${p})" = ${group} ]`,
    ].join('\n');
  },
  cleanup: 'rm -rf /srv/l',
});
