import { Type } from 'typebox';
import { HailbookError } from '../../engine/errors.ts';
import { defineAction } from '../../engine/plan/contract.ts';

const args = Type.Object({
  message: Type.String({ description: 'Why, and what to do about it.', minLength: 1 }),
});

/** Stops the play on a host, with a message; in a check too. Stands under a `when`. */
export const fail = defineAction<typeof args, Record<string, never>>({
  name: 'fail',
  description: 'Stops the play on a host, with a message.',
  args,
  inCheck: true,
  touches: () => ({ writes: [] }),
  run: () => [],
  result(_, { message }) {
    throw new HailbookError('STOPPED', message);
  },
  changes: () => false,
});
