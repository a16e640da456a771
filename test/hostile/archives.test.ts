import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { labPlace, readRecord } from '../../lab/state.ts';
import { addressIn, parseSubnet } from '../../lab/subnet.ts';
import { archive } from '../modules/archives.ts';
import { HOSTILE_ARCHIVES } from '../modules/hostile-archives.ts';
import { oneOfEachRelease } from '../property/host.ts';
import { openLab } from '../property/serve.ts';
import { Playground } from './playground.ts';

const FOLDER = '/srv/archives';

describe.each(oneOfEachRelease())(
  '%s: an archive that escapes by .., an absolute path, a link or a hard link, or is a bomb (CVE-2016-6321, CVE-2020-10691, CVE-2025-48387)',
  (name) => {
    const ground = new Playground(name);
    const { host } = ground;
    let web: Awaited<ReturnType<typeof openLab>>;

    beforeAll(async () => {
      web = await openLab(addressIn(parseSubnet(readRecord(labPlace())?.subnet ?? ''), 1));
      await host.sh(`command -v unzip >/dev/null || { apt-get update -qq && apt-get install -y -qq unzip; } >/dev/null 2>&1
rm -rf ${FOLDER}; mkdir ${FOLDER}`);
    });
    afterAll(async () => {
      web?.close();
      await host.sh(`rm -rf ${FOLDER}`);
      await ground.close();
    });

    const extract = (file: string) => {
      const args = {
        url: `${web.origin}/${file}`,
        dest: `${FOLDER}/tool`,
        checksum: 'sha256:{url}.sha256',
        max_size: '4M',
      };
      return ground.run([`download_extract: ${JSON.stringify(args)}`]);
    };

    it.each(HOSTILE_ARCHIVES)('$what', async ({ file, make, why }) => {
      publish(web, file, make());
      const written = await host.written(async () => {
        const { tasks } = await extract(file);
        expect(tasks).toMatchObject([
          { status: 'ignored', error: { code: 'ARCHIVE_UNSAFE', message: expect.stringContaining(why) } },
        ]);
      });
      expect(written.filter((path) => !path.startsWith(FOLDER.slice(1)) && !path.startsWith(FOLDER))).toEqual([]);
      expect(await host.sh(`ls -A ${FOLDER}`)).toBe('');
    });

    it('and an honest one is unpacked', async () => {
      publish(web, 'tool-1.tgz', archive('mkdir t; echo x >t/x; tar -czf - t'));
      expect((await extract('tool-1.tgz')).tasks).toMatchObject([{ status: 'changed' }]);
      expect(await host.sh(`cat ${FOLDER}/tool/x`)).toBe('x\n');
    });
  },
);

function publish(web: Awaited<ReturnType<typeof openLab>>, file: string, content: Buffer): void {
  web.serve(`/${file}`, content);
  web.serve(`/${file}.sha256`, `${createHash('sha256').update(content).digest('hex')}  ${file}\n`);
}
