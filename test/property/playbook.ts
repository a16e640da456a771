import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { MODULES } from '../../engine/index.ts';
import type { Spec } from './spec.ts';

type Args = Readonly<Record<string, unknown>>;

/**
 * A playbook of one task in a folder, and beside it the files that its arguments name: where the schema wants a file of the
 * controller, the arguments have its content.
 */
export function writePlaybook(folder: string, host: string, spec: Pick<Spec, 'module' | 'user'>, args: Args): string {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const written = Object.entries(args).map(([name, value]) => [
    name,
    isSource(spec.module, name) ? `files/${name}` : value,
  ]);
  for (const [name, value] of Object.entries(args)) {
    if (isSource(spec.module, name)) writeContent(join(folder, 'files', name), value);
  }
  const file = join(folder, 'playbook.yml');
  writeFileSync(file, playbookText(host, spec, Object.fromEntries(written)));
  return file;
}

export function playbookText(host: string, { module, user }: Pick<Spec, 'module' | 'user'>, args: Args): string {
  return [
    `- hosts: ${host}`,
    '  become: true',
    ...(user === undefined ? [] : [`  become_user: ${user}`]),
    '  tasks:',
    `    - ${module}: ${asYaml(args)}`,
    '',
  ].join('\n');
}

const isSource = (module: string, name: string): boolean =>
  'x-source' in (MODULES.get(module)?.args.properties[name] ?? {});

function writeContent(path: string, content: unknown): void {
  if (typeof content === 'string' || content instanceof Uint8Array) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return;
  }
  mkdirSync(path, { recursive: true });
  for (const [name, inner] of Object.entries(content as Record<string, unknown>)) writeContent(join(path, name), inner);
}

/** JSON is YAML; what YAML or hailbook would read as something else than a character of a text is escaped. */
export function asYaml(value: unknown): string {
  return JSON.stringify(value, (_, inner) =>
    typeof inner === 'string' ? inner.replaceAll('{{', '{{ "{{" }}') : inner,
  ).replace(/[^\x20-\x7e]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
