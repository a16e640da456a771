import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, expect, it } from 'vitest';

/** The house rules of docs and code that no compiler holds: who may import whom, how long a file may be, who may touch the process. */

const FOLDERS = ['engine', 'modules', 'lab'];
const LONGEST = 300;

interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly string[];
}

const sources: readonly SourceFile[] = [...FOLDERS.flatMap((folder) => filesBelow(folder)), 'cli.ts'].map((path) => {
  const text = readFileSync(path, 'utf8');
  return { path, text, imports: importsOf(text) };
});

function filesBelow(folder: string, ending = '.ts'): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => posix.join(folder, name));
}

/** Every module that a text names in `import`, `export … from` and `import()`, types included. */
function importsOf(text: string): string[] {
  const code = text.replace(/^\s*(\*|\/\/|\/\*).*$/gm, '');
  return [...code.matchAll(/\bfrom\s+'([^']+)'|\bimport\s*\(?\s*'([^']+)'/g)].flatMap(
    (match) => match[1] ?? match[2] ?? [],
  );
}

/** The part of the house that a path is in: `engine/run`, `engine/errors.ts`, `modules`, `lab`. */
function partOf(path: string): string {
  const [first = '', second = ''] = path.split('/');
  return first === 'engine' ? `engine/${second}` : first;
}

/** What a file imports of ours, as paths from the root. */
function ours({ path, imports }: SourceFile): string[] {
  return imports.filter((name) => name.startsWith('.')).map((name) => posix.join(posix.dirname(path), name));
}

function packages({ imports }: SourceFile): string[] {
  return imports
    .filter((name) => !name.startsWith('.') && !name.startsWith('node:'))
    .map((name) =>
      name
        .split('/')
        .slice(0, name.startsWith('@') ? 2 : 1)
        .join('/'),
    );
}

/** Part → the parts that it may import besides itself and the errors. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'engine/errors.ts': [],
  'engine/plan': [],
  'engine/load': ['engine/plan'],
  'engine/transport': ['engine/plan'],
  'engine/run': ['engine/plan', 'engine/transport'],
  'engine/report': ['engine/plan', 'engine/run'],
  'engine/cli': ['engine/load', 'engine/plan', 'engine/report', 'engine/run', 'engine/transport', 'modules', 'lab'],
  'engine/index.ts': ['engine/load', 'engine/plan', 'engine/report', 'engine/run', 'engine/transport', 'modules'],
  modules: ['engine/plan'],
  lab: [],
  'cli.ts': ['engine/cli'],
};

/** Package → the files that may import it. */
const IMPORTED_BY: Readonly<Record<string, RegExp>> = {
  '@marcbachmann/cel-js': /^engine\/load\/expression\.ts$/,
  ajv: /^engine\/load\/validate\.ts$/,
  // Each command is a file of its own.
  commander: /^engine\/cli\//,
  diff: /^engine\/report\/diff\.ts$/,
  handlebars: /^engine\/load\/template\.ts$/,
  ora: /^engine\/report\/terminal\.ts$/,
  'p-limit': /^engine\/run\/order\.ts$/,
  ssh2: /^engine\/transport\/ssh\.ts$/,
  // Defines arguments, in the contract and in every module.
  typebox: /^(engine\/plan\/contract\.ts|modules\/)/,
  yaml: /^engine\/load\/yaml\.ts$/,
};

describe('imports go one way', () => {
  it.each(sources.map((source) => [source.path, source] as const))('%s', (path, source) => {
    const part = partOf(path);
    const allowed = [part, 'engine/errors.ts', ...(MAY_IMPORT[part] ?? [])];
    expect(Object.keys(MAY_IMPORT), 'a part of the house that the rule does not know').toContain(part);
    const wrong = ours(source).filter((target) => !allowed.includes(partOf(target)));
    expect(wrong).toEqual([]);
  });
});

describe('each dependency has one importing file', () => {
  it('and every import of a package is one of these', () => {
    const wrong = sources.flatMap((source) =>
      packages(source).flatMap((name) => (IMPORTED_BY[name]?.test(source.path) ? [] : `${source.path}: ${name}`)),
    );
    expect(wrong).toEqual([]);
  });

  it('and the package names no dependency that nobody imports, nor the other way round', () => {
    const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      dependencies: Record<string, string>;
    };
    const used = new Set(sources.flatMap(packages));
    expect([...used].sort()).toEqual(Object.keys(dependencies).sort());
    expect(Object.keys(IMPORTED_BY).sort()).toEqual(Object.keys(dependencies).sort());
  });
});

describe('a file has one subject', () => {
  it(`and less than ${LONGEST} lines`, () => {
    const tests = filesBelow('test').map((path) => ({ path, text: readFileSync(path, 'utf8') }));
    const long = [...sources, ...tests].filter(({ text }) => text.split('\n').length > LONGEST);
    expect(long.map(({ path }) => path)).toEqual([]);
  });

  it('and a name that says it', () => {
    const vague = sources.filter(({ path }) => /(^|\/)(utils?|helpers?|common|misc|manager|data|info)\.ts$/.test(path));
    expect(vague.map(({ path }) => path)).toEqual([]);
  });
});

describe('the process belongs to the command line', () => {
  it.each(sources.map((source) => [source.path, source] as const))('%s', (path, { text }) => {
    if (path.startsWith('engine/cli/') || path.startsWith('lab/') || path === 'cli.ts') return;
    const code = text.replace(/^\s*(\*|\/\/|\/\*).*$/gm, '').replace(/\s\/\/ .*$/gm, '');
    expect(code.match(/\bprocess\.(?!once\b)\w+|['"]node:process['"]|\bconsole\.\w+/g) ?? []).toEqual([]);
  });
});

describe('what is unfinished does not stay', () => {
  it('in code or tests', () => {
    const marks = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX'].join('|')})\\b|\\.(skip|only|todo)\\(`);
    const all = [...sources, ...filesBelow('test').map((path) => ({ path, text: readFileSync(path, 'utf8') }))];
    expect(all.filter(({ text }) => marks.test(text)).map(({ path }) => path)).toEqual([]);
  });
});

describe('a page leads somewhere', () => {
  const pages = ['README.md', ...['docs', 'modules', 'test'].flatMap((folder) => filesBelow(folder, '.md'))];

  it.each(pages)('%s', (page) => {
    const links = [...readFileSync(page, 'utf8').matchAll(/\]\((?!\w+:)([^)#\s]+)[^)]*\)/g)].flatMap(
      ([, to]) => to ?? [],
    );
    expect(links.filter((to) => !existsSync(join(page, '..', to)))).toEqual([]);
  });
});

describe('the rules can fail', () => {
  it('an import is seen in every form', () => {
    const text =
      "import a from 'x';\nimport type { B } from './y.ts';\nexport * from 'z';\nconst c = await import('w');\nimport 'v';\n";
    expect(importsOf(text)).toEqual(['x', './y.ts', 'z', 'w', 'v']);
    expect(packages({ path: 'p', text: '', imports: ['@a/b/c', 'd/e', 'node:fs', './f.ts'] })).toEqual(['@a/b', 'd']);
    expect(ours({ path: join('engine', 'run', 'a.ts'), text: '', imports: ['../load/b.ts'] })).toEqual([
      'engine/load/b.ts',
    ]);
  });
});
