import { chmodSync, cpSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { command } from './command.ts';

/** PyPI's pyspark for Spark 3.5 → Apache's layout. What the sdist does not have (most of sbin, R, conf's templates) is not made up. */
const LAYOUT: readonly (readonly [string, string])[] = [
  ['deps/bin', 'bin'],
  ['deps/sbin', 'sbin'],
  ['deps/jars', 'jars'],
  ['deps/data', 'data'],
  ['deps/examples', 'examples/src/main/python'],
  ['deps/licenses', 'licenses'],
  ['pyspark', 'python/pyspark'],
  ['lib', 'python/lib'],
  ['README.md', 'README.md'],
];

/** Base-files of every Debian has the text. */
const LICENSE = '/usr/share/common-licenses/Apache-2.0';

/**
 * Makes `spark-<version>-bin-hadoop3.tgz` with its one top folder from pyspark's source archive. Always the same bytes
 * for the same source: names sorted, times and owners fixed.
 * @throws HailbookError LAB_FAILED
 */
export async function assembleSpark(sdist: string, archive: string, version: string, scratch: string): Promise<void> {
  await command(['tar', '-xzf', sdist, '-C', scratch, '--no-same-owner']);
  const source = join(scratch, `pyspark-${version}`);
  const top = `spark-${version}-bin-hadoop3`;
  const folder = join(scratch, top);
  for (const inner of ['python', 'examples/src/main', 'conf']) mkdirSync(join(folder, inner), { recursive: true });
  for (const [from, to] of LAYOUT) renameSync(join(source, from), join(folder, to));
  for (const name of readdirSync(join(folder, 'sbin'))) chmodSync(join(folder, 'sbin', name), 0o755);
  cpSync(LICENSE, join(folder, 'LICENSE'));
  writeFileSync(
    join(folder, 'RELEASE'),
    `Spark ${version}, assembled by hailbook's lab from PyPI's pyspark ${version}; not Apache's own archive\n`,
  );
  const fixed = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--mode=u=rwX,go=rX'];
  await command(['tar', ...fixed, '--use-compress-program=gzip -n', '-cf', archive, '-C', scratch, top]);
}
