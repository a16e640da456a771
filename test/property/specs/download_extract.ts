import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { lines, sh } from '../../../engine/index.ts';
import { archive } from '../../modules/archives.ts';
import { defineSpec } from '../spec.ts';

const ROOT = '/srv/prop-extract';
const CURRENT = `${ROOT}/current`;
const sum = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex');

/** Two versions that share a part of their names, and what is in them. */
const VERSIONS = {
  'tool-1.tgz': { 'bin/run': 'one\n', 'a b': 'x\n', "it's": '' },
  'tool-2.tar': { 'bin/run': 'two!\n', new: 'x\n' },
} as const;
type Version = keyof typeof VERSIONS;
const NAMES = Object.keys(VERSIONS) as Version[];

const packed = (name: Version): Buffer => {
  const files = Object.entries(VERSIONS[name]).map(
    ([file, text]) => sh`mkdir -p "$(dirname ${`t/${file}`})"; printf %s ${text} >${`t/${file}`}`,
  );
  return archive(`${files.join('; ')}; ln -s bin/run t/go; tar ${name.endsWith('tgz') ? '-czf' : '-cf'} - t`);
};

interface Given extends Readonly<Record<string, unknown>> {
  readonly dest: string;
  readonly link?: string;
  readonly owner?: string;
}

const dest = fc.constantFrom(`${ROOT}/tool`, `${ROOT}/other tool`);

export default defineSpec<Given>((lab) => {
  const archives = new Map(NAMES.map((name) => [name, packed(name)]));
  for (const [name, content] of archives) {
    lab.serve(`/${name}`, content);
    lab.serve(`/${name}.sha256`, `${sum(content)}  ${name}\n`);
  }
  const args = fc
    .record({
      name: fc.constantFrom(...NAMES),
      from: fc.constantFrom('sums', 'literal', 'src', 'absent'),
      dest,
      link: fc.boolean(),
      strip: fc.constantFrom(0, 1, 1, 1),
      owner: fc.constantFrom(undefined, undefined, 'daemon', 'root'),
      verify: fc.constantFrom('sizes', 'sizes', 'content'),
    })
    .map(({ name, from, dest, link, strip, owner, verify }): Given => {
      const content = archives.get(name) ?? Buffer.of();
      const source =
        from === 'src'
          ? { src: content }
          : {
              // The first address is not there.
              url: [`${lab.origin}/gone/${name}`, `${lab.origin}/${name}`],
              checksum: from === 'sums' ? 'sha256:{url}.sha256' : `sha256:${sum(content)}`,
            };
      const where = { dest, ...(link ? { link: CURRENT } : {}) };
      if (from === 'absent') return { ...where, state: 'absent' };
      return { ...where, ...source, strip, verify, ...(owner === undefined ? {} : { owner }) };
    });
  const damage = fc.tuple(
    dest,
    fc.constantFrom(
      'rm -f bin/run t/bin/run',
      'truncate -s 0 bin/run',
      'rm -f go',
      'mkdir -p logs; echo mine >logs/mine',
      'rm -f .hailbook-archive',
      'chown -R daemon:daemon .',
      'mkdir -p ../.tool.hailbook-work; echo x >../.tool.hailbook-work/part-x',
      `rm -f ${CURRENT}; ln -s elsewhere ${CURRENT}`,
      `rm -f ${CURRENT}; echo x >${CURRENT}`,
    ),
  );
  return {
    module: 'download_extract',
    fresh: `rm -rf ${ROOT}; mkdir ${ROOT}`,
    before: fc.oneof(
      fc.constant(':'),
      args,
      fc.tuple(
        args,
        damage.map(([folder, script]) => `${sh`mkdir -p ${folder}; cd ${folder}`}\n${script}`),
      ),
    ),
    args,
    sees: (given) => {
      const tested = sh`cd ${ROOT}; [ -z "$(ls -d .*-work 2>/dev/null)" ]`;
      if ('state' in given) return lines(tested, sh`[ ! -e ${given.dest} ] || [ -z "$(ls -A ${given.dest})" ]`);
      const [name] = NAMES.filter(
        (one) =>
          JSON.stringify(given).includes(one) ||
          sum((given as { src?: Buffer }).src ?? '') === sum(archives.get(one) ?? ''),
      );
      const files = Object.entries(VERSIONS[name ?? 'tool-1.tgz']);
      const below = given.strip === 0 ? 't/' : '';
      return lines(
        tested,
        sh`cd ${given.dest}`,
        ...files.map(([file, text]) => sh`[ "$(cat ${below + file}; echo .)" = ${`${text}.`} ]`),
        sh`[ "$(readlink ${`${below}go`})" = bin/run ]`,
        given.owner !== undefined && sh`[ "$(stat -c %U .)" = ${given.owner} ]`,
        given.link !== undefined && sh`[ "$(readlink ${CURRENT})" = ${given.dest} ]`,
      );
    },
    refuses: ['PATH_REFUSED'],
    cleanup: `rm -rf ${ROOT}`,
  };
});
