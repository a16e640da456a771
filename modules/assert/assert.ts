import { Type } from 'typebox';
import { HailbookError } from '../../engine/errors.ts';
import { Conditions, defineAction } from '../../engine/plan/contract.ts';

const args = Type.Object({
  that: Conditions({ description: 'What must hold: bare expressions, as in `when`.' }),
  message: Type.Optional(
    Type.String({ description: 'What to say when something does not hold, and what to do about it.' }),
  ),
});

/** Conditions that must hold for the play to go on; a check judges them too. No host is asked. */
export const assert = defineAction<typeof args, { readonly that: readonly string[] }>({
  name: 'assert',
  description: 'Conditions that must hold for the play to go on.',
  args,
  inCheck: true,
  touches: () => ({ writes: [] }),
  run: () => [],
  result(_, { that, message }) {
    const broken = that.filter(({ holds }) => !holds).map(({ text }) => text);
    if (broken.length === 0) return { that: that.map(({ text }) => text) };
    const what = `${broken.length === 1 ? 'does' : 'do'} not hold: ${broken.join('; ')}`;
    throw new HailbookError('ASSERTION_FAILED', message ? `${message} (${what})` : what);
  },
  changes: () => false,
});
