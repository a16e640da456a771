/**
 * Which of two Debian versions is later: below 0 the second, above 0 the first, 0 neither. As dpkg sorts them (Debian policy 5.6.12):
 * epoch, upstream version, revision; in these, texts and numbers in turn, where `~` comes before the end and letters before the rest.
 */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parts(a), parts(b)];
  return (
    left.epoch - right.epoch || compareText(left.upstream, right.upstream) || compareText(left.revision, right.revision)
  );
}

function parts(version: string): { epoch: number; upstream: string; revision: string } {
  const [, epoch = '0', upstream = '', revision = ''] = /^(?:(\d+):)?(.*?)(?:-([^-]*))?$/.exec(version) ?? [];
  return { epoch: Number(epoch), upstream, revision };
}

function compareText(a: string, b: string): number {
  const [left, right] = [pieces(a), pieces(b)];
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const [text = '', number = ''] = left[index] ?? [];
    const [otherText = '', otherNumber = ''] = right[index] ?? [];
    const order = compareLetters(text, otherText) || compareNumbers(number, otherNumber);
    if (order !== 0) return order;
  }
  return 0;
}

/** `1.2~rc` as `['', '1'] ['.', '2'] ['~rc', '']`. */
const pieces = (text: string): string[][] =>
  [...text.matchAll(/(\D*)(\d*)/g)].map(([, letters = '', digits = '']) => [letters, digits.replace(/^0+/, '')]);

// Longer numbers than JavaScript's are in real versions: dates and times.
const compareNumbers = (a: string, b: string): number => a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);

function compareLetters(a: string, b: string): number {
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const order = weight(a[index]) - weight(b[index]);
    if (order !== 0) return order;
  }
  return 0;
}

function weight(letter: string | undefined): number {
  if (letter === undefined) return 0;
  if (letter === '~') return -1;
  return letter.charCodeAt(0) + (/[A-Za-z]/.test(letter) ? 0 : 256);
}

/** A package as a task asks for it: `name`, `name=version` (with `*` for any text) or `name>=version`. */
export interface Wanted {
  readonly name: string;
  readonly relation: '' | '=' | '>=';
  readonly version: string;
}

export function wanted(item: string): Wanted {
  const [, name = '', relation = '', version = ''] = /^([^=>]*)(=|>=|)(.*)$/.exec(item) ?? [];
  return { name, relation: relation as Wanted['relation'], version };
}

export function satisfies(version: string, { relation, version: asked }: Wanted): boolean {
  if (relation === '>=') return compareVersions(version, asked) >= 0;
  return relation === '' || patternOf(asked).test(version);
}

const patternOf = (version: string): RegExp =>
  new RegExp(`^${version.replace(/[.+]/g, '\\$&').replaceAll('*', '.*')}$`);
