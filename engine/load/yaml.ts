import { readFileSync } from 'node:fs';
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseDocument,
  type Scalar,
  type YAMLError,
  type YAMLMap,
} from 'yaml';
import { HailbookError, type Place } from '../errors.ts';
import { Located, SourceText } from './located.ts';
import type { Problems } from './problems.ts';
import { bracesInLine, type Trap, trapInBraces, trapInPlain, trapInTag } from './traps.ts';

/** Values that aliases may add to a file: far above an honest use, far below what exhausts memory. */
const MAX_ALIASED = 10_000;

/** Names that would reach into JavaScript's own objects. */
const REFUSED_KEYS = new Set(['__proto__', 'constructor', 'prototype']);

/** A file as `parseYaml` reads it. @throws HailbookError FILE_MISSING, at `from` */
export function readYaml(file: string, problems: Problems, from?: Place): Located | undefined {
  return parseYaml(readText(file, from), file, problems);
}

/** @throws HailbookError FILE_MISSING, at `from` */
export function readText(file: string, from?: Place): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw missingFile(file, cause, from);
  }
}

export function missingFile(file: string, cause: unknown, from?: Place): HailbookError {
  const { code } = cause as NodeJS.ErrnoException;
  const why = code === 'ENOENT' ? 'does not exist' : code === 'EISDIR' ? 'is a folder' : `cannot be read (${code})`;
  return new HailbookError('FILE_MISSING', `${file} ${why}`, { cause, place: from });
}

/**
 * Plain values and where they stand (YAML 1.2 core). A syntax error gives undefined; a trap is reported and read as it was meant, so that
 * it neither hides other problems nor causes any.
 */
export function parseYaml(text: string, file: string, problems: Problems): Located | undefined {
  const source = new SourceText(file, text);
  const document = parseDocument(text, { prettyErrors: false, version: '1.2', merge: false, logLevel: 'error' });
  const errors = document.errors.filter((error) => error.code !== 'DUPLICATE_KEY');
  for (const error of document.errors) if (error.code === 'DUPLICATE_KEY') problems.put(syntaxProblem(error, source));
  // What follows the first error is mostly its echo.
  if (errors[0]) {
    problems.put(syntaxProblem(errors[0], source));
    return undefined;
  }
  const reader = new Reader(source, document, problems);
  const root = reader.read(document.contents, {});
  reader.reportTags();
  return root;
}

interface From {
  readonly key?: string;
  readonly keyPlace?: Place;
}

class Reader {
  readonly #source: SourceText;
  readonly #document: Document;
  readonly #problems: Problems;
  readonly #openAnchors = new Set<Node>();
  /** Where tags stand that mean nothing to YAML. */
  readonly #tags: number[];
  #aliased = 0;

  constructor(source: SourceText, document: Document, problems: Problems) {
    this.#source = source;
    this.#document = document;
    this.#problems = problems;
    this.#tags = document.warnings.map(({ pos }) => pos[0]);
  }

  read(node: Node | null, from: From): Located {
    if (isAlias(node)) return this.#alias(node, from);
    if (this.#openAnchors.size > 0 && ++this.#aliased > MAX_ALIASED) {
      throw new HailbookError('YAML_TRAP', `aliases make this file more than ${MAX_ALIASED} values large`, {
        place: this.#place(node),
      });
    }
    if (isMap(node)) return this.#map(node, from);
    if (isSeq(node)) {
      const children = new Map(node.items.map((item, index) => [index, this.read(item as Node | null, {})]));
      return this.#located(
        Array.from(children.values(), (child) => child.value),
        node,
        from,
        children,
      );
    }
    if (isScalar(node)) return this.#scalar(node, from);
    return new Located({ value: null, place: from.keyPlace ?? this.#place(node), ...placed(from) });
  }

  #alias(node: Alias, from: From): Located {
    const target = node.resolve(this.#document);
    if (!target || this.#openAnchors.has(target)) {
      const message = target ? `the alias *${node.source} contains itself` : `there is no anchor &${node.source} above`;
      throw new HailbookError('YAML_SYNTAX', message, { place: this.#place(node) });
    }
    this.#openAnchors.add(target);
    const located = this.read(target, from);
    this.#openAnchors.delete(target);
    return located;
  }

  #map(node: YAMLMap, from: From): Located {
    const start = node.range?.[0] ?? 0;
    if (node.flow && this.#source.text.startsWith('{{', start)) {
      const meant = this.#source.text.slice(start, node.range?.[1]);
      return this.#trapped(trapInBraces(meant), node, from);
    }
    const value: Record<string, unknown> = {};
    const children = new Map<string, Located>();
    for (const pair of node.items as Pair<Node | null, Node | null>[]) {
      const key = this.#key(pair.key);
      if (key === undefined) continue;
      const keyPlace = this.#place(pair.key);
      if (children.has(key)) {
        this.#problems.add('YAML_SYNTAX', `the key "${key}" stands twice in this map`, { place: keyPlace });
        continue;
      }
      const child = this.read(pair.value, { key, keyPlace });
      value[key] = child.value;
      children.set(key, child);
    }
    return this.#located(value, node, from, children);
  }

  #key(node: Node | null): string | undefined {
    const place = this.#place(node);
    if (!isScalar(node) || node.value === null) {
      const braces = isMap(node) && this.#source.text.startsWith('{{', node.range?.[0]);
      const { message, hint } = braces ? trapInBraces('{{ … }}') : { message: 'a key must be text', hint: undefined };
      this.#problems.add('YAML_TRAP', message, { place, hint });
      return undefined;
    }
    const key = node.source ?? String(node.value);
    if (key === '<<') {
      this.#problems.add('YAML_TRAP', 'a merge key "<<" means nothing in YAML 1.2', {
        place,
        hint: 'write the keys out',
      });
    } else if (REFUSED_KEYS.has(key)) {
      this.#problems.add('YAML_TRAP', `"${key}" cannot be a key`, { place });
    } else return key;
    return undefined;
  }

  #scalar(node: Scalar, from: From): Located {
    const [start, end] = node.range ?? [0, 0];
    const tag = this.#tagBefore(start);
    if (tag !== undefined)
      return this.#trapped(trapInTag(this.#source.text.slice(tag, end), from.key), node, from, tag);
    if (node.type === 'PLAIN' && node.tag === undefined) {
      const trap = trapInPlain(node.source ?? '', node.value, from.key);
      if (trap) return this.#trapped(trap, node, from);
    }
    const begin = node.type === 'PLAIN' ? start : start + 1;
    const verbatim = typeof node.value === 'string' && this.#source.text.startsWith(node.value, begin);
    const inside =
      verbatim && !String(node.value).includes('\n') && (node.type === 'PLAIN' || node.type?.startsWith('QUOTE'));
    return new Located({
      value: node.value,
      place: this.#place(node),
      ...placed(from),
      ...(inside ? { inside: (offset: number) => this.#source.place(begin + offset) } : {}),
    });
  }

  /** Where the unknown tag of a scalar begins: yaml only warns of it, and warns with the tag's own place. */
  #tagBefore(start: number): number | undefined {
    const tag = this.#tags.findLast((offset) => offset < start);
    if (tag === undefined || /\n|[:,]\s|[[\]{}]/.test(this.#source.text.slice(tag, start))) return undefined;
    this.#tags.splice(this.#tags.indexOf(tag), 1);
    return tag;
  }

  /** Reports the unknown tags that belong to no scalar. */
  reportTags(): void {
    for (const tag of this.#tags) {
      const place = this.#source.place(tag);
      const { message, hint } = trapInTag((place.text ?? '').slice(place.column - 1), undefined);
      this.#problems.add('YAML_TRAP', message, { place, hint });
    }
  }

  #trapped(trap: Trap, node: Node, from: From, offset?: number): Located {
    const place = offset === undefined ? this.#place(node) : this.#source.place(offset);
    this.#problems.add('YAML_TRAP', trap.message, { place, hint: trap.hint });
    return new Located({ value: trap.meant, place, ...placed(from) });
  }

  #located(value: unknown, node: Node, from: From, children: ReadonlyMap<string | number, Located>): Located {
    return new Located({ value, place: this.#place(node), ...placed(from), children });
  }

  #place(node: Node | null): Place {
    return this.#source.place(node?.range?.[0] ?? 0);
  }
}

const placed = ({ keyPlace }: From) => (keyPlace ? { keyPlace } : {});

function syntaxProblem(error: YAMLError, source: SourceText): HailbookError {
  const place = source.place(error.pos[0]);
  const braces = bracesInLine(place.text ?? '');
  if (braces && error.code !== 'DUPLICATE_KEY') {
    const { message, hint } = trapInBraces(braces.source);
    return new HailbookError('YAML_TRAP', message, { place: { ...place, column: braces.column + 1 }, hint });
  }
  const [message, hint] = inWords(error, source);
  return new HailbookError('YAML_SYNTAX', message, { place, hint });
}

function inWords(error: YAMLError, source: SourceText): [message: string, hint?: string] {
  switch (error.code) {
    case 'DUPLICATE_KEY':
      return [`the key "${/^[^:\s]*/.exec(source.text.slice(error.pos[0]))?.[0]}" stands twice in this map`];
    case 'TAB_AS_INDENT':
      return ['a tab cannot indent YAML', 'indent with spaces'];
    case 'BLOCK_AS_IMPLICIT_KEY':
      return ['there is a second ": " in this value', 'quote the value'];
    case 'BAD_SCALAR_START':
      return [error.message.replace('Plain value cannot', 'an unquoted text cannot'), 'quote it'];
    case 'MULTIPLE_DOCS':
      return ['a file holds one YAML document', 'remove the second "---", or make two files'];
    default:
      return [error.message];
  }
}
