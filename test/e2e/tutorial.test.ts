import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { labPlace } from '../../lab/state.ts';
import { follow } from '../docs/follow.ts';
import { stepsOfPage } from '../docs/page.ts';
import { labUp, must } from './hailbook.ts';

const PAGE = 'docs/writing-a-playbook.md';

describe(`${PAGE}, followed from an empty folder on fresh hosts`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'hailbook-tutorial-'));
  const programs = mkdtempSync(join(tmpdir(), 'hailbook-programs-'));
  /** What the page says of a lab in its usual place, and what this one has instead. */
  const places: [page: string, here: string][] = [['/var/lib/hailbook-lab/', `${labPlace().folder}/`]];

  beforeAll(async () => {
    symlinkSync(join(import.meta.dirname, '../../dist/cli.js'), join(programs, 'hailbook'));
    await labUp();
    await must(['lab', 'reset']);
    const { hosts } = JSON.parse(await must(['inventory', '-i', labPlace().inventory, '--json']));
    places.push(['10.77.0.10', hosts['spark-master'].address], ['10.77.0.11', hosts['spark-worker1'].address]);
  });

  afterAll(() => {
    rmSync(folder, { recursive: true });
    rmSync(programs, { recursive: true });
  });

  follow(PAGE, {
    folder,
    env: { PATH: `${programs}${delimiter}${process.env.PATH}` },
    here: (text) => places.reduce((out, [page, here]) => out.replaceAll(page, here), text),
    onPage: (text) => places.reduce((out, [page, here]) => out.replaceAll(here, page), text),
  });

  it('shows what a beginner needs', () => {
    const steps = stepsOfPage(PAGE);
    const lines = steps.flatMap((step) => (step.kind === 'command' ? [step.line] : [])).join('\n');
    const files = steps.flatMap((step) => (step.kind === 'file' ? [step.text] : [])).join('\n');
    for (const wanted of ['ping', 'check', 'run', '--diff', '--limit', '-e ']) expect(lines).toContain(wanted);
    for (const wanted of ['vars:', 'loop:', 'register:', 'when:', 'notify:', 'handlers:'])
      expect(files).toContain(wanted);
  });
});
