import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../engine/plan/secret.ts';
import { createReport } from '../../engine/report/index.ts';
import { jsonLine } from '../../engine/report/json.ts';
import { EVENTS_VERSION, type RunEvent } from '../../engine/run/events.ts';
import { counts, eventfulRun, freshCheck, MASTER, result, sink, task } from './story.ts';

describe('jsonLine', () => {
  it('is one line that reads back as the same event', () => {
    for (const event of [...eventfulRun(), ...freshCheck()]) {
      const line = jsonLine(event);
      expect(line).not.toContain('\n');
      expect(JSON.parse(line)).toEqual(event);
    }
  });

  it('holds no control character, and loses none', () => {
    const text = Array.from({ length: 0x100 }, (_, code) => String.fromCharCode(code)).join('');
    const line = jsonLine(result(task(0, 'T'), MASTER, 'changed', { changes: [text] }));
    expect(line).not.toMatch(/[\0-\x1f\x7f-\x9f]/);
    expect(JSON.parse(line).changes[0]).toBe(text);
  });

  it('shows no secret', () => {
    const event = { event: 'result', changes: [new Secret('hunter2')] } as unknown as RunEvent;
    expect(jsonLine(event)).not.toContain('hunter2');
  });

  it('is all that a JSON report writes', () => {
    const { out, written } = sink();
    const report = createReport({ out, format: 'json', live: true, colour: true, verbose: true });
    for (const event of eventfulRun()) report.emit(event);
    report.close();
    const lines = written().trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual(eventfulRun());
  });
});

describe('docs/events.md', () => {
  const page = readFileSync('docs/events.md', 'utf8');

  it('names the version, every event with its fields, and every status', () => {
    expect(page).toContain(`version ${EVENTS_VERSION}`);
    const fields = new Set(eventfulRun().flatMap((event) => [event.event, ...Object.keys(event)]));
    for (const word of [
      ...fields,
      ...Object.keys(counts({})),
      'item',
      'note',
      'diff',
      'error',
      'exitCode',
      'output',
      'hint',
    ])
      expect(page, `\`${word}\` is not described`).toContain(`\`${word}\``);
  });
});
