import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { promisedCode, stepsIn, unlike } from './page.ts';

const PAGE = `Text
\`\`\`yaml title=a/site.yml
- one
\`\`\`
\`\`\`sh
not typed
\`\`\`
\`\`\`\`md title=b.md
\`\`\`sh
inside
\`\`\`
\`\`\`\`
\`\`\`diff title=c.ts
 same
-old
+new
\`\`\`
\`\`\`console
$ hailbook check
Nothing. (exit code 2: changes)
$ echo $?
2
\`\`\`
`;

describe('a page that is followed', () => {
  it('has files with a title and commands with what they print', () => {
    expect(stepsIn(PAGE)).toEqual([
      { kind: 'file', path: 'a/site.yml', text: '- one\n' },
      { kind: 'file', path: 'b.md', text: '```sh\ninside\n```\n' },
      { kind: 'patch', path: 'c.ts', before: 'same\nold\n', after: 'same\nnew\n' },
      { kind: 'command', line: 'hailbook check', shown: ['Nothing. (exit code 2: changes)'] },
      { kind: 'command', line: 'echo $?', shown: ['2'] },
    ]);
  });

  it('promises success unless it says otherwise', () => {
    expect(promisedCode(['Nothing. (exit code 2: changes)'])).toBe(2);
    expect(promisedCode(['Done.'])).toBe(0);
  });

  it.each([
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
    [
      ['a', '…', 'd'],
      ['a', 'b', 'c', 'd'],
    ],
    [['…'], ['a', 'b']],
    [['a', '…'], ['a']],
    [
      ['  ✔ ok  nginx  3.1 s', '  0.2 s · 4 requests'],
      ['  ✔ ok  nginx', '  1 min 2 s · 4 requests · slowest: nginx 1 min'],
    ],
    [
      ['✔ web2  as root  97 ms', '✔ web1  as root  111 ms'],
      ['✔ web1  as root  3 ms', '✔ web2  as root  4 ms'],
    ],
  ])('%j is what %j shows', (shown, printed) => {
    expect(unlike(shown, printed)).toBeUndefined();
  });

  it.each([
    [['a', 'c'], ['a', 'b'], 'shown: c\nthere: b'],
    [['a'], ['a', 'b'], 'not shown: b'],
    [['a', 'b'], ['a'], 'shown: b\nthere: (the end)'],
    [['a', '…', 'x'], ['a', 'b'], 'shown: x\nthere: b'],
    [['b', '…', 'a'], ['b', 'c'], 'shown: a\nthere: c'],
    [['4 requests'], ['5 requests'], 'shown: 4 requests\nthere: 5 requests'],
  ])('%j is not what %j shows', (shown, printed, complaint) => {
    expect(unlike(shown, printed)).toBe(complaint);
  });
});

describe('docs/README.md', () => {
  const folder = new URL('../../docs/', import.meta.url);
  const index = readFileSync(new URL('README.md', folder), 'utf8');

  it('has a line for every page, and no page that is not there', () => {
    const pages = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'));
    const links = [...index.matchAll(/^- \[[^\]]+\]\(([^)]+)\)/gm)].map(([, link]) => link);
    expect(links.sort()).toEqual(pages.filter((name) => name !== 'README.md').sort());
  });
});
