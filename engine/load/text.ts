import { HailbookError } from '../errors.ts';
import { Secret } from '../plan/secret.ts';
import { type Cel, compileCel, type PlaceAt, type Reference } from './expression.ts';

/** A text from YAML with its `{{ … }}` compiled. */
export interface Text {
  readonly references: readonly Reference[];
  /** @throws Unknown, HailbookError EXPRESSION_INVALID | VARIABLE_UNDEFINED */
  evaluate(scope: Readonly<Record<string, unknown>>): unknown;
}

const ESCAPE_HINT = 'a literal {{ is written {{ "{{" }}';

/**
 * A text that is exactly one `{{ … }}` has the value's own type; otherwise the values are joined as text. Null: there is none in it.
 * @throws HailbookError EXPRESSION_INVALID
 */
export function compileText(text: string, placeAt: PlaceAt): Text | null {
  if (!text.includes('{{')) return null;
  const parts = split(text, placeAt).map((part) => (typeof part === 'string' ? part : compilePart(part, placeAt)));
  const expressions = parts.filter((part) => typeof part !== 'string');
  const references = expressions.flatMap((part) => part.cel.references);
  const [only] = expressions;
  if (parts.length === 1 && only) return { references, evaluate: (scope) => only.cel.evaluate(scope) };
  return { references, evaluate: (scope) => join(parts, scope, placeAt) };
}

interface Part {
  readonly source: string;
  readonly offset: number;
}

interface Compiled {
  readonly cel: Cel;
  readonly offset: number;
}

function compilePart({ source, offset }: Part, placeAt: PlaceAt): Compiled {
  if (source.trim() === '') {
    throw new HailbookError('EXPRESSION_INVALID', '{{ }} holds no expression', {
      place: placeAt(offset),
      hint: ESCAPE_HINT,
    });
  }
  try {
    return { cel: compileCel(source, (within) => placeAt(offset + within)), offset };
  } catch (error) {
    // A text that is meant for another program (`{{.Names}}`) fails to parse; a type error is CEL's after all.
    if (!(error instanceof HailbookError) || error.hint || !error.message.startsWith('unexpected')) throw error;
    throw new HailbookError(error.code, error.message, { place: error.place, hint: ESCAPE_HINT });
  }
}

function join(
  parts: readonly (string | Compiled)[],
  scope: Readonly<Record<string, unknown>>,
  placeAt: PlaceAt,
): string | Secret {
  let secret = false;
  const texts = parts.map((part) => {
    if (typeof part === 'string') return part;
    const value = part.cel.evaluate(scope);
    if (value instanceof Secret) {
      secret = true;
      return value.reveal();
    }
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
    const [what, hint] = Array.isArray(value)
      ? ['a list', 'join it: {{ x.join(", ") }}']
      : [value === null ? 'null' : 'a map', undefined];
    throw new HailbookError('EXPRESSION_INVALID', `${what} cannot be a part of a text`, {
      place: placeAt(part.offset),
      hint,
    });
  });
  return secret ? new Secret(texts.join('')) : texts.join('');
}

function split(text: string, placeAt: PlaceAt): (string | Part)[] {
  const parts: (string | Part)[] = [];
  let position = 0;
  for (;;) {
    const open = text.indexOf('{{', position);
    if (open < 0) break;
    const close = endOfExpression(text, open + 2);
    if (close < 0) {
      throw new HailbookError('EXPRESSION_INVALID', '"{{" without its "}}"', {
        place: placeAt(open),
        hint: ESCAPE_HINT,
      });
    }
    if (open > position) parts.push(text.slice(position, open));
    parts.push({ source: text.slice(open + 2, close), offset: open + 2 });
    position = close + 2;
  }
  if (position < text.length) parts.push(text.slice(position));
  return parts;
}

/** Where the `}}` is that ends an expression: not one inside a text or a map of CEL. */
function endOfExpression(text: string, start: number): number {
  let depth = 0;
  for (let i = start; i < text.length; i++) {
    const quote = /^(?:"""|'''|"|')/.exec(text.slice(i, i + 3))?.[0];
    if (quote) {
      const end = endOfString(text, i + quote.length, quote);
      // CEL says best what is wrong with a text that does not end.
      if (end < 0) return text.indexOf('}}', i);
      i = end - 1;
    } else if (text[i] === '{') depth++;
    else if (text[i] === '}') {
      if (depth === 0) return text[i + 1] === '}' ? i : -1;
      depth--;
    }
  }
  return -1;
}

/** A backslash takes the next character with it; to this CEL in raw texts too. */
function endOfString(text: string, start: number, quote: string): number {
  for (let i = start; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text.startsWith(quote, i)) return i + quote.length;
  }
  return -1;
}
