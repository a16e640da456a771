import type { Located } from './located.ts';
import type { Problems } from './problems.ts';

/** Keywords that are plain values: expressions are not evaluated in them. */

export function readFlag(located: Located | undefined, problems: Problems): boolean | undefined {
  if (!located) return undefined;
  if (typeof located.value === 'boolean') return located.value;
  problems.add('KEYWORD_INVALID', 'true or false is needed here', { place: located.place });
  return undefined;
}

export function readText(located: Located, problems: Problems): string | undefined {
  if (typeof located.value === 'string' && located.value !== '') {
    if (!located.value.includes('{{')) return located.value;
    problems.add('KEYWORD_INVALID', 'expressions are not evaluated here', { place: located.place });
    return undefined;
  }
  problems.add('KEYWORD_INVALID', 'a text is needed here', { place: located.place });
  return undefined;
}

/** A name as reports show it. */
export function readName(located: Located | undefined, problems: Problems): string | undefined {
  return located && readText(located, problems);
}

/** One text or a list of them. */
export function readTexts(located: Located | undefined, problems: Problems): Located[] {
  if (!located) return [];
  const list = located.isList ? located.items() : [located];
  return list.filter((item) => readText(item, problems) !== undefined);
}
