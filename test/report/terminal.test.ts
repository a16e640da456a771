import { PassThrough } from 'node:stream';
import { WriteStream } from 'node:tty';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { liveScreen } from '../../engine/report/terminal.ts';

/** A stream that is a terminal to whoever writes: Node's own cursor movements, kept as text. */
function terminal(columns: number): { out: NodeJS.WriteStream; written: () => string } {
  const through = new PassThrough();
  let text = '';
  through.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  const { cursorTo, moveCursor, clearLine } = WriteStream.prototype;
  const out = Object.assign(through, { isTTY: true, columns, rows: 24, cursorTo, moveCursor, clearLine });
  return { out: out as unknown as NodeJS.WriteStream, written: () => text };
}

describe('the live view', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date', 'performance'] }));
  afterEach(() => void vi.useRealTimers());

  it('shows what is going on, cut to the width, and takes it away at the end', async () => {
    const { out, written } = terminal(40);
    const screen = liveScreen(out, false);
    screen.watch(() => ['Java · 3 s', 'x'.repeat(100)]);
    screen.print(['a line that stays']);
    vi.advanceTimersByTime(200);
    await Promise.resolve();
    const during = written();
    expect(during).toContain('Java · 3 s');
    expect(during).toContain('a line that stays\n');
    expect(during).not.toContain('x'.repeat(40));
    screen.watch(null);
    // The cursor is back, and nothing is drawn any more.
    expect(written()).toContain('\u001b[?25h');
    const end = written().length;
    vi.advanceTimersByTime(1000);
    expect(written().length).toBe(end);
  });

  it('leaves the terminal alone while something is asked', async () => {
    const { out, written } = terminal(80);
    const screen = liveScreen(out, false);
    screen.watch(() => ['busy']);
    const before = written().length;
    let quiet = '';
    await screen.pause(async () => {
      const start = written().length;
      vi.advanceTimersByTime(1000);
      quiet = written().slice(start);
    });
    expect(written().length).toBeGreaterThan(before);
    expect(quiet).toBe('');
    vi.advanceTimersByTime(200);
    expect(written().slice(before)).toContain('busy');
    screen.watch(null);
  });
});
