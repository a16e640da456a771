import type { Place } from '../errors.ts';
import { Located } from './located.ts';

/** Plain records of variables, as the rest of hailbook sees them, with where each value stands. */
const origins = new WeakMap<object, ReadonlyMap<string, Located>>();

/** Plain values whose places can be found again by `placedVariables`. */
export function rememberPlaces(located: ReadonlyMap<string, Located>): Record<string, unknown> {
  const values = Object.fromEntries(Array.from(located, ([name, { value }]) => [name, value]));
  origins.set(values, located);
  return values;
}

/** The values of a record with their places; one that no file gave is at `elsewhere`. */
export function placedVariables(
  values: Readonly<Record<string, unknown>>,
  elsewhere: Place,
): ReadonlyMap<string, Located> {
  const known = origins.get(values);
  const entries = Object.entries(values).map(([name, value]) => {
    const located = known?.get(name);
    return [name, located && located.value === value ? located : Located.unplaced(value, elsewhere)] as const;
  });
  return new Map(entries);
}
