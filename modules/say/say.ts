import { Type } from 'typebox';
import { defineAction } from '../../engine/plan/contract.ts';
import { Secret } from '../../engine/plan/secret.ts';

const args = Type.Object({
  message: Type.Unknown({ description: 'A text, or any value: it is shown as JSON.' }),
});

/** Shows a text or a value in the report; in a check too. No host is asked. */
export const say = defineAction<typeof args, { readonly message: string }>({
  name: 'say',
  description: 'Shows a text or a value in the report.',
  args,
  inCheck: true,
  touches: () => ({ writes: [] }),
  run: () => [],
  result: (_, { message }) => ({ message: textOf(message) }),
  changes: () => false,
  says: ({ message }) => message,
});

function textOf(message: unknown): string {
  if (typeof message === 'string') return message;
  // A secret inside a value masks itself by its toJSON.
  return message instanceof Secret ? String(message) : (JSON.stringify(message, null, 2) ?? String(message));
}
