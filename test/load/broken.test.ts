import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { load, problems } from './world.ts';

/** Broken playbooks and what a person is told, word for word: `broken/*.txt`, each a list of files and what is said of them. */

const FOLDER = join(import.meta.dirname, 'broken');

interface Case {
  readonly title: string;
  readonly files: ReadonlyMap<string, string>;
}

function casesOf(text: string): Case[] {
  return text.split(/^=== /m).flatMap((block) => {
    const [title = '', ...parts] = block.split(/^--- /m);
    const files = parts.map((part) => {
      const end = part.indexOf('\n');
      return [part.slice(0, end), `${part.slice(end + 1).trimEnd()}\n`] as const;
    });
    return title.trim() ? [{ title: title.trim(), files: new Map(files) }] : [];
  });
}

for (const name of readdirSync(FOLDER)) {
  describe(name.replace('.txt', ''), () => {
    test.each(casesOf(readFileSync(join(FOLDER, name), 'utf8')))('$title', ({ files }) => {
      const { 'site.yml': playbook = '', says = '', '-e': extra, ...others } = Object.fromEntries(files);
      const said = problems(() => load(playbook, { files: others, extra: extra ? [extra.trim()] : [] }));
      expect(`${said}\n`).toBe(says);
    });
  });
}

test('everything that is wrong in a playbook is said at once', () => {
  const playbook = `- hosts: nobody
  vars: { a-b: 1 }
  tasks:
    - user: { name: x, shel: /bin/sh }
      notify: nothing
    - file: { dest: "{{ nope }}", mode: 0644 }
    - usr: {}
`;
  const codes = problems(() => load(playbook)).match(/^site\.yml:\S+ \S+/gm);
  expect(codes).toEqual([
    'site.yml:1:10 PATTERN_EMPTY',
    'site.yml:2:11 VARIABLE_INVALID',
    'site.yml:4:24 ARGS_INVALID',
    'site.yml:5:15 HANDLER_UNKNOWN',
    'site.yml:6:25 VARIABLE_UNDEFINED',
    'site.yml:6:41 YAML_TRAP',
    'site.yml:7:7 MODULE_UNKNOWN',
  ]);
});
