import { afterAll, beforeAll, expect, it } from 'vitest';
import { hailbook, labUp, must, SUBNET } from '../e2e/hailbook.ts';
import { Installed } from '../e2e/installed.ts';

let installed: Installed;
beforeAll(async () => {
  installed = new Installed();
  await labUp();
  await must(['lab', 'reset']);
});
afterAll(async () => {
  installed.remove();
  await labUp();
  await must(['lab', 'reset']);
});

it('`npx hailbook demo` proves a cluster from an empty folder, and with --down leaves nothing running', async () => {
  const { code, stdout, stderr } = await installed.npx('demo', '--hosts', '2', '--subnet', SUBNET, '--down');
  expect(code, `${stdout}\n${stderr}`).toBe(0);
  expect(stderr).toMatch(/^Proven: from bare hosts to a verified cluster in \d+ min \d+ s\. /m);
  expect(stderr).toContain('$ npx hailbook lab up --install --hosts 2');
  expect(stdout).toMatch(/"tasks": \{/);
  expect((await hailbook(['lab', 'status'])).stderr).toContain('LAB_DOWN');
});
