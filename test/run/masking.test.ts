import { expect, test } from 'vitest';
import { Secret } from '../../engine/plan/secret.ts';
import { Masking } from '../../engine/run/masking.ts';

const told = (masking: Masking, line: string): string => {
  const masked = masking.mask({ event: 'output', line } as never);
  return (masked as unknown as { line: string }).line;
};

test('a secret is masked wherever it stands, each of its lines too, and a short one not', () => {
  const masking = new Masking();
  masking.learn({ a: new Secret('first line\nsecond line\n\nx'), b: 'plain' });
  expect(told(masking, 'it said first line, then second line; plain x')).toBe(
    'it said ‹secret›, then ‹secret›; plain x',
  );
});

test('of two secrets, one the beginning of the other, nothing is left of the longer', () => {
  const masking = new Masking();
  masking.learn({ a: new Secret('hunter2') });
  masking.learn({ b: new Secret('hunter2-and-more') });
  expect(told(masking, '[hunter2-and-more] [hunter2]')).toBe('[‹secret›] [‹secret›]');
});

test('what is special in a replacement or a pattern is only text', () => {
  const masking = new Masking();
  masking.learn({ a: new Secret('$& .* \\1 (') });
  expect(told(masking, 'a $& .* \\1 ( b')).toBe('a ‹secret› b');
});
