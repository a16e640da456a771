/** A version in the parts that PEP 440 sorts by. */
interface Version {
  readonly epoch: number;
  readonly release: readonly number[];
  /** `a1`, `b2`, `rc1`. */
  readonly pre: readonly [string, number] | null;
  readonly post: number | null;
  readonly dev: number | null;
  readonly local: string;
}

const FORM =
  /^v?(?:(\d+)!)?(\d+(?:\.\d+)*)(?:[-_.]?(a|b|c|rc|alpha|beta|pre|preview)[-_.]?(\d*))?(?:-(\d+)|[-_.]?(post|rev|r)[-_.]?(\d*))?(?:[-_.]?(dev)[-_.]?(\d*))?(?:\+([a-z0-9]+(?:[-_.][a-z0-9]+)*))?$/;

const LETTERS: Readonly<Record<string, string>> = { alpha: 'a', beta: 'b', c: 'rc', pre: 'rc', preview: 'rc' };

/** Null for what is no version in the sense of PEP 440. */
function parse(text: string): Version | null {
  const found = FORM.exec(text.toLowerCase());
  if (!found) return null;
  const [, epoch, release = '', letter, number, bare, post, postNumber, dev, devNumber, local = ''] = found;
  return {
    epoch: Number(epoch ?? 0),
    release: release.split('.').map(Number),
    pre: letter === undefined ? null : [LETTERS[letter] ?? letter, Number(number ?? 0)],
    post: bare === undefined ? (post === undefined ? null : Number(postNumber ?? 0)) : Number(bare),
    dev: dev === undefined ? null : Number(devNumber ?? 0),
    local: local.replace(/[-_]/g, '.'),
  };
}

/** Below 0: `a` is the earlier one. Local parts count only when both have one. */
function compare(a: Version, b: Version): number {
  const length = Math.max(a.release.length, b.release.length);
  const releases = Array.from({ length }, (_, index) => (a.release[index] ?? 0) - (b.release[index] ?? 0));
  const [left, right] = [rank(a), rank(b)];
  return (
    [a.epoch - b.epoch, ...releases, ...left.map((part, index) => difference(part, right[index] ?? 0))].find(
      (part) => part !== 0,
    ) ?? 0
  );
}

const difference = (a: number, b: number): number => (a === b ? 0 : a < b ? -1 : 1);

/** What comes after the numbers: 1.0.dev1 < 1.0a1.dev1 < 1.0a1 < 1.0rc1 < 1.0 < 1.0.post1.dev1 < 1.0.post1. */
function rank({ pre, post, dev }: Version): number[] {
  const kind = pre ? ['a', 'b', 'rc'].indexOf(pre[0]) : post === null && dev !== null ? -1 : 3;
  return [kind, pre?.[1] ?? 0, post ?? -1, dev ?? Number.POSITIVE_INFINITY];
}

/** Does an installed version meet every one of `>=1.2,<2`? */
export function satisfies(installed: string, specifiers: string): boolean {
  const version = parse(installed);
  return specifiers
    .split(',')
    .filter((one) => one.trim() !== '')
    .every((one) => {
      const [, operator = '', asked = ''] = /^\s*(===?|!=|~=|<=|>=|<|>)\s*(.*?)\s*$/.exec(one) ?? [];
      if (operator === '===' || version === null) return same(installed, asked);
      return meets(version, operator, asked);
    });
}

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

function meets(version: Version, operator: string, text: string): boolean {
  const star = text.endsWith('.*');
  const asked = parse(star ? text.slice(0, -2) : text);
  if (!asked) return false;
  const order = compare(version, asked);
  const base = compare(
    { ...version, pre: null, post: null, dev: null },
    { ...asked, pre: null, post: null, dev: null },
  );
  switch (operator) {
    case '==':
      return star ? begins(version, asked) : order === 0 && (asked.local === '' || asked.local === version.local);
    case '!=':
      return !meets(version, '==', text);
    case '~=':
      return order >= 0 && begins(version, { ...asked, release: asked.release.slice(0, -1) });
    case '<=':
      return order <= 0;
    case '>=':
      return order >= 0;
    case '<':
      // Not its own pre-releases, unless it is one.
      return order < 0 && !(base === 0 && isEarly(version) && !isEarly(asked));
    default:
      // Not its own post-releases, unless it is one, and not its own local builds.
      return order > 0 && !(base === 0 && ((version.post !== null && asked.post === null) || version.local !== ''));
  }
}

const isEarly = ({ pre, dev }: Version): boolean => pre !== null || dev !== null;

const begins = (version: Version, asked: Version): boolean =>
  version.epoch === asked.epoch && asked.release.every((part, index) => part === (version.release[index] ?? 0));
