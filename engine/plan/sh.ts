import { HailbookError } from '../errors.ts';
import { Secret } from './secret.ts';

declare const brand: unique symbol;
/** Shell text that only the `sh` tag makes: every interpolated value in it is quoted. */
export type Sh = string & { readonly [brand]: 'Sh' };

/** One shell word for any text: within single quotes nothing is special. NUL cannot be in a word at all. */
export function quote(text: string): Sh {
  if (text.includes('\0')) throw new HailbookError('ARGS_INVALID', 'a NUL byte cannot be part of a shell word');
  if (text !== '' && /^[A-Za-z0-9_/.:=@%+,-]+$/.test(text)) return text as Sh;
  return `'${text.replaceAll("'", "'\\''")}'` as Sh;
}

const pieces = new WeakSet<object>();
/** A fragment made by `sh`, to be put into another one as it is. */
class Fragment {
  readonly text: Sh;
  constructor(text: Sh) {
    this.text = text;
    pieces.add(this);
  }
}
export type ShFragment = Fragment;

/** Marks shell text as a piece of a larger script: `` sh`a; ${raw(other)}` ``. Only an `Sh` fits. */
export function raw(script: Sh): ShFragment {
  return new Fragment(script);
}

/**
 * Shell text with every interpolated value quoted as one word (a list: one word each, separated by spaces).
 * A `Secret` is refused by type and at run time: secrets travel by stdin only.
 *
 * sh`useradd -m ${name}`   →   useradd -m 'o'\''brien'
 */
export function sh(
  text: TemplateStringsArray,
  ...values: (string | number | readonly (string | number)[] | ShFragment)[]
): Sh {
  let out = text[0] ?? '';
  values.forEach((value, index) => {
    out += word(value) + (text[index + 1] ?? '');
  });
  return out as Sh;
}

function word(value: unknown): string {
  if (value instanceof Fragment && pieces.has(value)) return value.text;
  if (Array.isArray(value)) return value.map(word).join(' ');
  if (typeof value === 'string' || typeof value === 'number') return quote(String(value));
  if (value instanceof Secret) throw new HailbookError('INTERNAL', 'a secret was put into a shell script');
  throw new HailbookError('INTERNAL', `a ${typeof value} was put into a shell script`);
}

/** Several scripts as one, a line each. */
export function lines(...scripts: readonly (Sh | false | undefined)[]): Sh {
  return scripts.filter((script): script is Sh => typeof script === 'string').join('\n') as Sh;
}
