import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { command } from '../../lab/command.ts';
import { assembleSpark } from '../../lab/spark.ts';

let folder: string;
let sdist: string;

/** One file of each kind that PyPI's pyspark 3.5.9 has. */
const SOURCE = [
  'deps/bin/spark-class',
  'deps/sbin/spark-daemon.sh',
  'deps/jars/spark-core_2.12-3.5.9.jar',
  'deps/data/mllib/kmeans_data.txt',
  'deps/examples/pi.py',
  'deps/licenses/LICENSE-AnchorJS.txt',
  'pyspark/__init__.py',
  'lib/py4j-0.10.9.7-src.zip',
  'README.md',
];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hailbook-spark-'));
  for (const path of SOURCE) {
    const file = join(folder, 'pyspark-3.5.9', path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, path);
    if (path.startsWith('deps/bin/')) chmodSync(file, 0o755);
  }
  sdist = join(folder, 'pyspark-3.5.9.tar.gz');
  await command(['tar', '-czf', sdist, '-C', folder, 'pyspark-3.5.9']);
});

afterAll(() => rmSync(folder, { recursive: true }));

async function assembled(name: string): Promise<string> {
  const scratch = join(folder, name);
  mkdirSync(scratch);
  const archive = join(folder, `${name}.tgz`);
  await assembleSpark(sdist, archive, '3.5.9', scratch);
  return archive;
}

it("has the layout of Apache's archive, and says that it is not Apache's", async () => {
  const archive = await assembled('layout');
  const listing = await command(['tar', '-tvzf', archive]);
  const files = listing.split('\n').filter((line) => line.startsWith('-'));
  const found = Object.fromEntries(files.map((line) => [line.split('spark-3.5.9-bin-hadoop3/')[1], line.slice(0, 10)]));
  expect(found).toMatchObject({
    'bin/spark-class': '-rwxr-xr-x',
    'sbin/spark-daemon.sh': '-rwxr-xr-x',
    'jars/spark-core_2.12-3.5.9.jar': '-rw-r--r--',
    'python/pyspark/__init__.py': '-rw-r--r--',
    'python/lib/py4j-0.10.9.7-src.zip': '-rw-r--r--',
    LICENSE: '-rw-r--r--',
  });
  expect(listing.split('\n').filter((line) => line && !line.includes(' 0/0 '))).toEqual([]);
  const release = await command(['tar', '-xOzf', archive, 'spark-3.5.9-bin-hadoop3/RELEASE']);
  expect(release).toContain("not Apache's own archive");
});

it('is the same bytes each time', async () => {
  const first = readFileSync(await assembled('first'));
  await new Promise((resolve) => setTimeout(resolve, 1100));
  expect(readFileSync(await assembled('second')).equals(first)).toBe(true);
});
