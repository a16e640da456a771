import { HailbookError } from '../../engine/errors.ts';
import type { Source } from '../../engine/plan/contract.ts';
import { Secret } from '../../engine/plan/secret.ts';

/** One package that is asked for. */
export interface Requirement {
  /** As it is written. */
  readonly text: string;
  /** In the form in which all spellings are the same (PEP 503). */
  readonly name: string;
  /** `>=1.2,<2`; empty: any version. */
  readonly specifiers: string;
  /** Behind `;` stands on which machines it counts, which only pip can tell. */
  readonly conditional: boolean;
  /** `sha256:…`, sorted: pip takes a file that has one of these. */
  readonly hashes: readonly string[];
}

/** Names are the same whatever their case and whichever of - _ . they have. */
export const plainName = (name: string): string => name.toLowerCase().replace(/[-_.]+/g, '-');

const REQUIREMENT = /^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*(.*)$/s;

export function requirement(text: string): Requirement {
  const [, name = '', rest = ''] = REQUIREMENT.exec(text) ?? [];
  const [before = '', ...markers] = rest.split(';');
  const plain = before.replace(/\s--?[a-z].*$/s, '').trim();
  return {
    text: text.replace(/\s+--hash=.*$/s, '').trim(),
    name: plainName(name),
    specifiers: /^\(?\s*[<>=!~]/.test(plain) ? plain.replace(/[()]/g, '') : '',
    conditional: markers.length > 0,
    hashes: [...rest.matchAll(/\s--hash=(\S+)/g)].map(([, hash = '']) => hash).sort(),
  };
}

/** Lines that name another file, which is not on the host. */
const ELSEWHERE = /^(-r|--requirement|-c|--constraint|-e|--editable)\b/;

/** @throws HailbookError ARGS_INVALID for a line that cannot be used on a host */
export function requirementsIn(source: Source): Requirement[] {
  return linesOf(source).flatMap(({ line, number }) => {
    if (ELSEWHERE.test(line)) {
      throw invalid(
        source,
        number,
        `${line.split(/[\s=]/)[0]} names another file`,
        'write what is in it into this one',
      );
    }
    if (line.startsWith('-')) return [];
    if (/^[./]|^[a-z+]+:\/\//i.test(line) || !REQUIREMENT.test(line)) {
      throw invalid(
        source,
        number,
        `${line.split(/\s/)[0]} has no name`,
        'write `name==version`, or `name @ https://…`',
      );
    }
    return [requirement(line)];
  });
}

const invalid = ({ path }: Source, number: number, message: string, hint: string): HailbookError =>
  new HailbookError('ARGS_INVALID', `pip: ${path}:${number} ${message}`, { hint });

interface Line {
  readonly line: string;
  readonly number: number;
}

/** Without comments and empty lines; one that ends with a backslash goes on in the next one. */
function linesOf(source: Source): Line[] {
  const lines: Line[] = [];
  let open: Line | undefined;
  for (const [index, raw] of textOf(source).split(/\r?\n/).entries()) {
    const goesOn = raw.endsWith('\\') && !/^\s*#/.test(raw);
    const line = `${open?.line ?? ''}${goesOn ? `${raw.slice(0, -1)} ` : raw}`;
    const number = open?.number ?? index + 1;
    open = goesOn ? { line, number } : undefined;
    const text = line.replace(/(^|\s)#.*$/, '').trim();
    if (!goesOn && text !== '') lines.push({ line: text, number });
  }
  return lines;
}

function textOf({ content }: Source): string {
  if (content instanceof Secret) return content.reveal();
  return typeof content === 'string' ? content : new TextDecoder().decode(content);
}
