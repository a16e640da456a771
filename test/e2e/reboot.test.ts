import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { labUp, onHost, play } from './hailbook.ts';

const HOST = 'spark-worker1';
const folder = mkdtempSync(join(tmpdir(), 'hailbook-reboot-'));
const playbook = join(folder, 'reboot.yml');

beforeAll(async () => {
  await labUp();
  writeFileSync(
    playbook,
    `
- hosts: ${HOST}
  become: true
  tasks:
    - { name: before, command: { shell: "touch /run/reboot-required", creates: /run/never } }
    - { name: boot, reboot: { required_only: true, timeout: 120 } }
    # In a tmpfs, which a boot empties: asked before as well, and that answer must not count any more.
    - { name: after, copy: { content: "y\\n", dest: /run/after, mode: "0644" } }
`,
  );
});

describe('reboot', () => {
  test('the host goes away and comes back another, and what was known of it is asked anew', async () => {
    await onHost(HOST, 'echo y >/run/after; chmod 644 /run/after');
    const began = await onHost(HOST, 'stat -c %Z /run/after');
    const ran = await play(['run', playbook]);
    expect(ran.errors).toEqual([]);
    expect(ran.status).toEqual({
      before: { [HOST]: 'changed' },
      boot: { [HOST]: 'changed' },
      after: { [HOST]: 'changed' },
    });
    expect(Number(await onHost(HOST, 'stat -c %Z /run/after'))).toBeGreaterThan(Number(began));
    expect(await onHost(HOST, 'ls /run/reboot-required || true')).toBe('');
  });
});
