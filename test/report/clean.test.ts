import { describe, expect, it } from 'vitest';
import { clean, cleanAll, oneLine } from '../../engine/report/clean.ts';

describe('clean', () => {
  it.each([
    ['colours', '\u001b[31mred\u001b[0m', 'red'],
    ['a title (OSC)', '\u001b]0;owned\u0007text', 'text'],
    ['a link (OSC 8, ended by ST)', '\u001b]8;;http://x\u001b\\text', 'text'],
    ['cursor movement', 'a\u001b[2J\u001b[1;1Hb', 'ab'],
    ['a lone escape', 'a\u001bb', 'ab'],
    ['an 8-bit control sequence', 'a\u009b31mb', 'ab'],
    ['other C1 controls', 'a\u0085\u0090b', 'ab'],
    ['carriage return, bell, backspace, DEL, NUL', 'a\r\u0007\b\u007f\0b', 'ab'],
    ['marks that turn the direction of text', 'a\u202eb\u2066c', 'abc'],
  ])('takes out %s', (_what, text, expected) => {
    expect(clean(text)).toBe(expected);
  });

  it('leaves text as it is: newlines, tabs, accents, emoji', () => {
    const text = 'a\n\tb é 日本 🙂 ‹secret›';
    expect(clean(text)).toBe(text);
  });

  it('leaves nothing that a terminal would obey, whatever the bytes', () => {
    for (let code = 0; code < 0x100; code++) {
      const left = clean(`x${String.fromCharCode(code)}[31my`);
      expect(left).not.toMatch(/[\0-\x08\x0b-\x1f\x7f-\x9f]/);
    }
  });

  it('cleans every text of a value, names of fields as well', () => {
    expect(cleanAll({ 'a\u001b[1m': ['\u001b[31mx', 1, null, true, { b: '\ry' }] })).toEqual({
      a: ['x', 1, null, true, { b: 'y' }],
    });
  });
});

describe('oneLine', () => {
  it('takes the last state of a progress bar', () => expect(oneLine('10 %\r50 %\r', 20)).toBe('50 %'));
  it('squeezes blanks and cuts', () => expect(oneLine('a \t b  cdefgh', 6)).toBe('a b c…'));
  it('is empty for nothing', () => expect(oneLine('\n', 10)).toBe(''));
});
