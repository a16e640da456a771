/** One part of a symbolic mode: who, and what is done to the bits. Who is always said, because without it chmod asks the umask. */
const CLAUSE = '[ugoa]+([-+=]([rwxXst]*|[ugo]))+';

/** Octal, or symbolic as chmod has it: `u+x,g-w`, `u=rwX,go=rX`. */
export const MODE_PATTERN = `^(0?[0-7]{3,4}|${CLAUSE}(,${CLAUSE})*)$`;

/** As `PathState` has it: four digits. */
const fourDigits = (mode: string): string => mode.replace(/^0+/, '').padStart(4, '0');

const isOctal = (mode: string): boolean => /^[0-7]+$/.test(mode);

/** What a mode makes of the present one; both `PathState`'s four digits. A test holds it against chmod itself. */
export function applyMode(mode: string, present: string, folder: boolean): string {
  if (isOctal(mode)) return fourDigits(mode);
  let bits = Number.parseInt(present, 8);
  for (const clause of mode.split(',')) {
    const [, who = '', actions = ''] = /^([ugoa]+)(.*)$/.exec(clause) ?? [];
    const affected = [...who].reduce((mask, letter) => mask | (AFFECTED[letter] ?? 0), 0);
    for (const [, sign = '', what = ''] of actions.matchAll(/([-+=])([rwxXstugo]*)/g)) {
      bits = applyAction(bits, { sign, what, affected, folder });
    }
  }
  return bits.toString(8).padStart(4, '0');
}

interface Action {
  readonly sign: string;
  readonly what: string;
  readonly affected: number;
  readonly folder: boolean;
}

function applyAction(bits: number, { sign, what, affected, folder }: Action): number {
  const value = bitsOf(bits, what, folder) & affected;
  if (sign === '+') return bits | value;
  if (sign === '-') return bits & ~value;
  // chmod leaves setuid and setgid of a folder alone unless `s` is named.
  const kept = folder && !what.includes('s') ? 0o6000 : 0;
  return (bits & (~affected | kept)) | value;
}

function bitsOf(bits: number, what: string, folder: boolean): number {
  const [copied] = COPIED.filter(([letter]) => what === letter);
  if (copied) {
    const three = (bits >> copied[1]) & 7;
    return three | (three << 3) | (three << 6);
  }
  const anyX = folder || (bits & 0o111) !== 0;
  return [...what].reduce((value, letter) => value | (letter === 'X' ? (anyX ? 0o111 : 0) : (VALUES[letter] ?? 0)), 0);
}

const AFFECTED: Readonly<Record<string, number>> = { u: 0o4700, g: 0o2070, o: 0o1007, a: 0o7777 };
const VALUES: Readonly<Record<string, number>> = { r: 0o444, w: 0o222, x: 0o111, s: 0o6000, t: 0o1000 };
const COPIED = [
  ['u', 6],
  ['g', 3],
  ['o', 0],
] as const;
