import { describe, expect, it } from 'vitest';
import { diffLines } from '../../engine/report/diff.ts';
import { paintWith } from '../../engine/report/paint.ts';

const plain = paintWith(false);
const show = (before: string | null, after: string | null, everything = false): string[] =>
  diffLines({ path: '/etc/x', before, after }, plain, everything);

describe('diffLines', () => {
  it('is a unified diff', () => {
    expect(show('a\nb\nc\n', 'a\nB\nc\n')).toEqual([
      '--- /etc/x (now)',
      '+++ /etc/x (wanted)',
      '@@ -1,3 +1,3 @@',
      ' a',
      '-b',
      '+B',
      ' c',
    ]);
  });

  it('says when a last line lacks its newline', () => {
    expect(show('a', 'a\n')).toContain('\\ No newline at end of file');
  });

  it('shows no secret and no bytes', () => {
    expect(show(null, 'x')).toEqual(['/etc/x: not shown (secret, or not text)']);
  });

  it('does not call a file unchanged that differs in what cannot be shown', () => {
    expect(show('a\n', 'a\n')[0]).toMatch(/only characters differ that cannot be shown/);
  });

  it('is cut unless everything is asked for', () => {
    const after = Array.from({ length: 500 }, (_, line) => `${line}\n`).join('');
    expect(show('', after).length).toBeLessThan(210);
    expect(show('', after).at(-1)).toBe('… 301 more lines (-v shows all)');
    expect(show('', after, true)).toHaveLength(503);
  });

  it('colours added and removed lines', () => {
    const lines = diffLines({ path: 'x', before: 'a\n', after: 'b\n' }, paintWith(true), false);
    expect(lines).toContain('\u001b[31m-a\u001b[39m');
    expect(lines).toContain('\u001b[32m+b\u001b[39m');
  });
});
