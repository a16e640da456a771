import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { BUILD, inCgroup } from './cgroup.ts';
import { command } from './command.ts';
import { hashOf, manifestOf } from './manifest.ts';
import { PYTHON } from './requirements.ts';
import { assembleSpark } from './spark.ts';
import type { Place } from './state.ts';

const HAIL = '0.2.139';
const SPARK = '3.5.9';

/** What the content follows from; another recipe is another folder. */
export const RECIPE = { version: 1, hail: HAIL, spark: SPARK, arch: process.arch };

/**
 * Makes the mirror's content: a wheelhouse of Hail with all that it needs for the hosts' Python, and a Spark distribution.
 * Packages come from wherever this machine's pip is configured to take them.
 * @throws HailbookError LAB_FAILED
 */
export async function buildContent(place: Place, folder: string, progress: (message: string) => void): Promise<void> {
  const partial = `${folder}.partial`;
  rmSync(partial, { recursive: true, force: true });
  const [content, scratch] = [join(partial, 'content'), join(partial, 'scratch')];
  const wheels = join(content, 'wheels');
  for (const path of [wheels, scratch]) mkdirSync(path, { recursive: true });
  // pip unpacks 700 MB; a /tmp in memory may be too small for it.
  const pip = (...rest: string[]) =>
    command([join(partial, 'venv/bin/pip'), '--no-cache-dir', '--disable-pip-version-check', ...rest], {
      env: { TMPDIR: scratch },
      through: inCgroup(place, BUILD),
    });

  progress(`fetching Hail ${HAIL} and pyspark ${SPARK} with pip (about a minute, 590 MB)`);
  await command([PYTHON, '-m', 'venv', join(partial, 'venv')]);
  await pip('download', '--quiet', '--prefer-binary', '--dest', wheels, `hail==${HAIL}`, `pyspark==${SPARK}`);

  progress('building wheels of what PyPI has as source only');
  const sources = readdirSync(wheels).filter((name) => !name.endsWith('.whl'));
  const moved = sources.map((name) => join(partial, name));
  for (const path of moved) renameSync(join(wheels, basename(path)), path);
  // Without --use-pep517 this pip runs setup.py directly, which needs a `wheel` package that the venv does not have.
  for (const path of moved) await pip('wheel', '--quiet', '--use-pep517', '--no-deps', '--wheel-dir', wheels, path);

  const archive = join(content, `spark/spark-${SPARK}/spark-${SPARK}-bin-hadoop3.tgz`);
  progress(`assembling ${basename(archive)} from PyPI's pyspark`);
  mkdirSync(dirname(archive), { recursive: true });
  await assembleSpark(join(partial, `pyspark-${SPARK}.tar.gz`), archive, SPARK, scratch);
  writeFileSync(`${archive}.sha512`, `${await hashOf(archive, 'sha512')}  ${basename(archive)}\n`);

  writeFileSync(join(content, 'manifest.json'), JSON.stringify(await manifestOf(content), null, 1));
  renameSync(content, folder);
  rmSync(partial, { recursive: true });
}
