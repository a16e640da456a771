import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Type } from 'typebox';
import { onTestFinished } from 'vitest';
import { formatError, InvalidInput } from '../../engine/errors.ts';
import { loadInventory, loadPlaybooks, parseExtraVars } from '../../engine/load/index.ts';
import {
  defineAction,
  defineResource,
  LocalFile,
  LocalPath,
  type Module,
  TemplateFile,
} from '../../engine/plan/contract.ts';
import type { Playbook, Scope, Task } from '../../engine/plan/playbook.ts';
import { Unknown } from '../../engine/plan/playbook.ts';
import { sh } from '../../engine/plan/sh.ts';

const inert = {
  touches: () => ({ writes: [] }),
  probe: () => ({ script: sh`:`, parse: () => null }),
  desired: () => null,
  steps: () => [],
};

const text = (description: string) => Type.String({ description });

const user = defineResource({
  name: 'user',
  description: 'An account.',
  args: Type.Object({
    name: Type.String({ description: 'The login name.', minLength: 1, pattern: '^[a-z_][a-z0-9_-]*$' }),
    uid: Type.Optional(Type.Integer({ description: 'The number.', minimum: 0 })),
    shell: Type.Optional(text('The login shell.')),
    groups: Type.Optional(Type.Array(Type.String(), { description: 'More groups.', uniqueItems: true })),
    state: Type.Union([Type.Literal('present'), Type.Literal('absent')], {
      default: 'present',
      description: 'Whether it is there.',
      'x-hints': { locked: 'an account is locked by its password' },
    }),
    key: Type.Optional(Type.Union([Type.String(), Type.Array(Type.String())], { description: 'One or more keys.' })),
    expires: Type.Optional(Type.Boolean({ description: 'Whether it expires.' })),
  }),
  ...inert,
});

const file = defineResource({
  name: 'file',
  description: 'A file.',
  args: Type.Object({
    dest: text('Where.'),
    src: Type.Optional(TemplateFile({ description: 'A template.' })),
    bytes: Type.Optional(LocalFile({ description: 'A file.' })),
    tree: Type.Optional(LocalPath({ description: 'A file or a folder.' })),
    mode: Type.Optional(Type.String({ description: 'Octal, four digits.', pattern: '^0[0-7]{3}$' })),
    content: Type.Optional(text('The text.')),
  }),
  ...inert,
});

const ufw = defineResource({
  name: 'ufw',
  description: 'A firewall.',
  args: Type.Object({
    rules: Type.Array(
      Type.Object({
        port: Type.Integer({ minimum: 1, maximum: 65535 }),
        from: Type.Optional(Type.Union([Type.Literal('any'), Type.Object({ host: Type.String() })])),
      }),
      { description: 'The rules.', minItems: 1 },
    ),
  }),
  ...inert,
});

const command = defineAction({
  name: 'command',
  description: 'A command.',
  args: Type.Object(
    {
      argv: Type.Optional(Type.Array(Type.String(), { description: 'Words.' })),
      shell: Type.Optional(text('A script.')),
      stdin: Type.Optional(Type.String({ description: 'Input.', 'x-secret': true })),
      count: Type.Optional(Type.Integer({ description: 'How often.', 'x-secret': true })),
    },
    {
      allOf: [{ oneOf: [{ required: ['argv'] }, { required: ['shell'] }], 'x-message': 'needs either argv or shell' }],
    },
  ),
  touches: () => ({ writes: ['*'] }),
  run: () => [],
  result: () => ({}),
  changes: () => true,
});

export const MODULES: ReadonlyMap<string, Module> = new Map(
  [user, file, ufw, command].map((module) => [module.name, module as Module]),
);

export const INVENTORY = `hosts:
  spark-master: { address: 10.1.1.1, vars: { cluster_address: 192.168.0.1 } }
  spark-worker1: { address: 10.1.1.2, vars: { cluster_address: 192.168.0.2, only_here: 7 } }
  spark-worker2: { address: 10.1.1.3, vars: { cluster_address: 192.168.0.3 } }
groups:
  spark_master: [spark-master]
  spark_workers: ["spark-worker[1:2]"]
  cluster: [spark_master, spark_workers]
vars:
  user: admin
  port: 7077
`;

/** A fresh folder with these files; gone after the test. */
export function folder(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'hailbook-load-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content);
  }
  return root;
}

interface World {
  readonly inventory?: string;
  readonly extra?: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
}

/** Loads a playbook that stands in a fresh folder as `site.yml`. */
export function load(playbook: string, { inventory = INVENTORY, extra = [], files = {} }: World = {}): Playbook {
  const root = folder({ 'site.yml': playbook, 'inventory.yml': inventory, ...files });
  return withoutRoot(root, () =>
    loadPlaybooks([join(root, 'site.yml')], {
      inventory: loadInventory(join(root, 'inventory.yml')),
      modules: MODULES,
      extraVars: parseExtraVars(extra),
    }),
  );
}

/** All that is wrong, as a person sees it, without the temporary folder. */
export function problems(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof InvalidInput) return error.problems.map(formatError).join('\n');
    throw error;
  }
  return 'nothing is wrong';
}

/** The head lines alone: `site.yml:2:3 CODE message`. */
export function heads(act: () => unknown): string[] {
  return problems(act)
    .split('\n')
    .filter((line) => !line.startsWith(' '));
}

function withoutRoot<T>(root: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    const shorten = (value: string) => value.replaceAll(`${root}/`, '');
    throw new InvalidInput(
      error.problems.map((problem) => {
        const copy = Object.create(problem, {
          message: { value: shorten(problem.message) },
          hint: { value: problem.hint && shorten(problem.hint) },
          place: { value: problem.place && { ...problem.place, file: shorten(problem.place.file) } },
        });
        return copy;
      }),
    );
  }
}

/** One play for all hosts with these tasks (each already with its `- `). */
export function play(tasks: string, rest = ''): string {
  const indented = tasks
    .trimEnd()
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');
  return `- hosts: all\n${rest}  tasks:\n${indented}\n`;
}

/** What a run would make of it: names as own getters, with facts and results as they are given here. */
export function scopeOf(
  playbook: Playbook,
  host: string,
  more: Readonly<Record<string, unknown>> = {},
  task?: Task,
): Scope {
  const [first] = playbook.plays;
  if (!first) throw new Error('no play');
  const scope: Record<string, unknown> = {};
  const lazy = (name: string, get: () => unknown) =>
    Object.defineProperty(scope, name, { enumerable: true, configurable: true, get });
  lazy('facts', () => {
    throw new Unknown({ kind: 'facts', host });
  });
  const variables = { ...first.variables(host), ...task?.vars };
  for (const [name, expression] of Object.entries(variables)) lazy(name, () => expression.evaluate(scope));
  for (const [name, value] of Object.entries(more))
    Object.defineProperty(scope, name, { enumerable: true, configurable: true, value });
  return scope;
}

/** The first task's arguments on a host. */
export function argsOf(
  playbook: Playbook,
  host = 'spark-master',
  more: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  const task = playbook.plays[0]?.tasks[0];
  if (!task) throw new Error('no task');
  return task.args.evaluate(scopeOf(playbook, host, more, task));
}
