import { describe, expect, test } from 'vitest';
import { OUTPUT_LIMIT, REQUEST_LIMIT, Replies } from '../../engine/transport/replies.ts';

const TOKEN = 'aabaabaac0ffee00aabaabaac0ffee00';
const STDOUT = Buffer.from(
  `profile says hi\n${TOKEN} start 4711\nhé…llo\n${TOKEN} 0 0\nno newline${TOKEN} 1 7\naab\naabaab${TOKEN} 2 0\n${TOKEN} 3 skipped\n`,
);
const STDERR = Buffer.from(
  `sudo: noise\n${TOKEN} start 4711\n${TOKEN} 0 0\nwhy\n${TOKEN} 1 7\n${TOKEN} 2 0\n${TOKEN} 3 skipped\n`,
);
const EXPECTED = [
  { code: 0, stdout: 'hé…llo\n', stderr: '', skipped: false },
  { code: 7, stdout: 'no newline', stderr: 'why\n', skipped: false },
  { code: 0, stdout: 'aab\naabaab', stderr: '', skipped: false },
  { code: -1, stdout: '', stderr: '', skipped: true },
];

function parse(stdout: Buffer[], stderr: Buffer[], lines?: string[]): Replies {
  const replies = new Replies(TOKEN, 4, () => {}, lines && ((line) => lines.push(line)));
  for (const chunk of stdout) replies.stdout(chunk);
  for (const chunk of stderr) replies.stderr(chunk);
  return replies;
}

describe('replies', () => {
  test('are the same wherever the chunks end, also inside a mark or a character', () => {
    for (let at = 0; at <= STDOUT.length; at++) {
      const other = Math.min(at, STDERR.length);
      const replies = parse(
        [STDOUT.subarray(0, at), STDOUT.subarray(at)],
        [STDERR.subarray(0, other), STDERR.subarray(other)],
      );
      expect(replies.complete).toBe(true);
      expect(EXPECTED.map((_, index) => replies.reply(index))).toEqual(EXPECTED);
      expect(replies.pid).toBe('4711');
    }
  });

  test('byte by byte', () => {
    const bytes = (all: Buffer): Buffer[] => [...all].map((byte) => Buffer.from([byte]));
    const lines: string[] = [];
    const replies = parse(bytes(STDOUT), bytes(STDERR), lines);
    expect(EXPECTED.map((_, index) => replies.reply(index))).toEqual(EXPECTED);
    expect(lines.join()).not.toContain('aabaabaac0ffee');
    expect(lines).toContain('hé…llo');
    expect(lines).not.toContain('profile says hi');
    expect(lines).not.toContain('sudo: noise');
  });

  test('a record ends only when both streams have its mark', () => {
    const replies = parse([STDOUT], []);
    expect(replies.answered).toBe(0);
    replies.stderr(STDERR);
    expect(replies.answered).toBe(4);
  });

  test('output beyond the limit is dropped, and the reply says so', () => {
    const replies = new Replies(TOKEN, 1, () => {});
    replies.stdout(Buffer.from(`${TOKEN} start 1\n`));
    const chunk = Buffer.alloc(1024 * 1024, 'x');
    for (let sent = 0; sent < OUTPUT_LIMIT + 2 * chunk.length; sent += chunk.length) replies.stdout(chunk);
    replies.stdout(Buffer.from(`${TOKEN} 0 0\n`));
    replies.stderr(Buffer.from(`${TOKEN} start 1\nsome${TOKEN} 0 0\n`));
    const reply = replies.reply(0);
    expect(replies.complete).toBe(true);
    expect(reply.stdout.length).toBe(OUTPUT_LIMIT);
    expect(reply.stderr).toBe(`some\nhailbook: stdout was longer than ${OUTPUT_LIMIT} bytes; the rest was dropped\n`);
  });

  test.each([
    ['one\ntwo\n', 'two'],
    ['one\n   \n\n', 'one'],
    ['10%\r20%\r', '20%'],
    ['\u001b[1;32mgreen\u001b[0m\u0007\n', 'green'],
    ['\u001b]0;title\u0007plain\n', 'plain'],
    ['a\u202eb\n', 'ab'],
  ])('the last line of %j is %j', (text, line) => {
    const lines: string[] = [];
    parse([Buffer.from(`${TOKEN} start 1\n${text}`)], [], lines);
    expect(lines).toEqual([line]);
  });
});

describe('answers that no shell of ours gives', () => {
  const both = (text: string): Replies => parse([Buffer.from(text)], [Buffer.from(text)]);
  const start = `${TOKEN} start 1\n`;

  test.each(['', '-1', '1e3', '0x0', '00000', '99999999999999999999', 'NaN', 'Infinity', '0;id', '\u001b[2J', 'ok'])(
    'an exit code of %j is no success',
    (code) => {
      const replies = both(`${start}out\n${TOKEN} 0 ${code}\n`);
      expect(replies.answered).toBe(1);
      expect(replies.reply(0)).toMatchObject({ code: -1, skipped: false });
    },
  );

  test('a mark that comes three times is one answer', () => {
    const replies = both(`${start}${TOKEN} 0 0\n`.repeat(3));
    expect(replies.answered).toBe(1);
    expect(replies.complete).toBe(false);
  });

  test('marks of records that were not asked for are nothing', () => {
    const replies = both(
      `${start}${TOKEN} 4 0\n${TOKEN} -1 0\n${TOKEN} 1e9 0\n${TOKEN} __proto__ 0\n${TOKEN} length 0\n`,
    );
    expect(replies.answered).toBe(0);
    expect(() => replies.reply(4)).toThrow(RangeError);
  });

  test('a mark without an end is text, and takes no memory', () => {
    const replies = new Replies(TOKEN, 1, () => {});
    replies.stdout(Buffer.from(`${start}${TOKEN} 0 `));
    const chunk = Buffer.alloc(1024 * 1024, 'x');
    const before = process.memoryUsage().arrayBuffers;
    for (let sent = 0; sent < 8 * OUTPUT_LIMIT; sent += chunk.length) replies.stdout(chunk);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(OUTPUT_LIMIT);
    replies.stdout(Buffer.from(`\n${TOKEN} 0 0\n`));
    replies.stderr(Buffer.from(`${start}${TOKEN} 0 0\n`));
    expect(replies.complete).toBe(true);
    expect(replies.reply(0).stdout.startsWith(`${TOKEN} 0 xxx`)).toBe(true);
  });

  test('all records of a request together have one limit', () => {
    const count = REQUEST_LIMIT / OUTPUT_LIMIT + 2;
    const replies = new Replies(TOKEN, count, () => {});
    const chunk = Buffer.alloc(OUTPUT_LIMIT, 'x');
    replies.stdout(Buffer.from(start));
    for (let index = 0; index < count; index++) {
      replies.stdout(chunk);
      replies.stdout(Buffer.from(`${TOKEN} ${index} 0\n`));
    }
    replies.stderr(Buffer.from(start + Array.from({ length: count }, (_, index) => `${TOKEN} ${index} 0\n`).join('')));
    expect(replies.complete).toBe(true);
    const sizes = Array.from({ length: count }, (_, index) => replies.reply(index).stdout.length);
    expect(sizes.reduce((sum, size) => sum + size)).toBe(REQUEST_LIMIT);
    expect(replies.reply(count - 1).stderr).toContain('the rest was dropped');
  });
});
