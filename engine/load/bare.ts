import { HailbookError } from '../errors.ts';
import type { Expression, Scope } from '../plan/playbook.ts';
import { compileCel, type Reference } from './expression.ts';
import type { Located } from './located.ts';
import type { Problems } from './problems.ts';
import { compileValue, constant, namesOf, type Value } from './value.ts';

/** An expression, with what it takes from its scope. */
export type Referring<T> = Expression<T> & { readonly references: readonly Reference[] };

/** A bare expression in YAML. @throws HailbookError */
function compileBare(located: Located, keyword: string, type: string) {
  const { value } = located;
  const text = String(value);
  const whole = /^\s*\{\{(.*)\}\}\s*$/s.exec(text);
  if (whole || text.trimStart().startsWith('{{')) {
    const hint =
      whole?.[1]?.includes('{{') === false ? `write ${keyword}: ${whole[1]?.trim()}` : 'leave the braces out';
    throw new HailbookError('EXPRESSION_INVALID', `"${keyword}" is an expression already; it takes no {{ }}`, {
      place: located.place,
      hint,
    });
  }
  const cel = compileCel(text, (offset) => located.placeInside(offset));
  if (cel.type !== 'dyn' && !cel.type.startsWith(type)) {
    throw new HailbookError('EXPRESSION_INVALID', `"${keyword}" must be ${TYPE_WORDS[type]}, not ${cel.type}`, {
      place: located.place,
    });
  }
  return {
    ...cel,
    place: located.place,
    names: namesOf(cel.references),
    references: cel.references,
    evaluate: (scope: Scope) => cel.evaluate(scope),
  };
}

const TYPE_WORDS: Readonly<Record<string, string>> = { bool: 'true or false', list: 'a list' };

/** `when`, or another condition that stands under `keyword`. @throws HailbookError */
export function compileWhen(located: Located, keyword = 'when'): Referring<boolean> {
  const { value, place } = located;
  if (typeof value === 'boolean') return constant(value, place);
  if (typeof value !== 'string' || value.trim() === '') {
    throw new HailbookError('KEYWORD_INVALID', `"${keyword}" is one expression`, {
      place,
      hint: 'several are joined by && and ||',
    });
  }
  const bare = compileBare(located, keyword, 'bool');
  const evaluate = (scope: Scope): boolean => {
    const result = bare.evaluate(scope);
    if (typeof result === 'boolean') return result;
    const message = `"${keyword}" must be true or false, not ${kindOf(result)}`;
    throw new HailbookError('EXPRESSION_INVALID', message, { place });
  };
  return { ...bare, evaluate };
}

export function compileLoop(located: Located, problems: Problems): Referring<readonly unknown[]> {
  const { value, place } = located;
  if (located.isList) return compileValue(located, problems) as Value & Referring<readonly unknown[]>;
  if (typeof value !== 'string' || value.trim() === '') {
    throw new HailbookError('KEYWORD_INVALID', '"loop" is a list, or an expression that gives one', { place });
  }
  const bare = compileBare(located, 'loop', 'list');
  const evaluate = (scope: Scope): readonly unknown[] => {
    const result = bare.evaluate(scope);
    if (Array.isArray(result)) return result;
    throw new HailbookError('EXPRESSION_INVALID', `"loop" must be a list, not ${kindOf(result)}`, { place });
  };
  return { ...bare, evaluate };
}

function kindOf(value: unknown): string {
  if (value === null || Array.isArray(value)) return value === null ? 'null' : 'a list';
  return typeof value === 'object' ? 'a map' : `the ${typeof value} ${JSON.stringify(value)}`;
}
