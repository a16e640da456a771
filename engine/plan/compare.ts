import type { Change, State, StateValue } from './contract.ts';
import { Secret } from './secret.ts';

/** What has to change so that `current` has every field of `desired`; null when nothing has. */
export function difference<S extends State>(current: S | null, desired: Partial<S> | null): Change<S> | null {
  if (desired === null) return current === null ? null : { kind: 'delete', before: current };
  if (current === null) return { kind: 'create', after: desired };
  const fields = Object.keys(desired).filter((field) => !same(current[field], desired[field]));
  if (fields.length === 0) return null;
  return { kind: 'update', before: current, after: { ...current, ...desired }, fields };
}

function same(a: StateValue | undefined, b: StateValue | undefined): boolean {
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((value, index) => value === b[index]);
  if (a instanceof Secret && b instanceof Secret) return a.reveal() === b.reveal();
  return a === b;
}

/** A change in words: `shell: /bin/sh → /bin/bash`, one entry a field; secrets stay masked. */
export function describeChange<S extends State>(change: Change<S>): string[] {
  if (change.kind === 'delete') return ['present → absent'];
  if (change.kind === 'create') return ['absent → present'];
  return change.fields.map((field) => `${field}: ${show(change.before[field])} → ${show(change.after[field])}`);
}

function show(value: StateValue | undefined): string {
  if (value === undefined) return '(none)';
  if (Array.isArray(value)) return `[${value.join(', ')}]`;
  return String(value);
}
