import { describe, expect, test } from 'vitest';
import { OUTPUT_LIMIT, Replies } from '../../engine/transport/replies.ts';

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
