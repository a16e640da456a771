import { spawnSync } from 'node:child_process';
import type { Module, Step } from '../../engine/plan/contract.ts';
import { prepareArgs } from './cases.ts';

/** What a name may hold. Each alone breaks one way of quoting badly: see `shellComplaint`. */
const HOSTILE = [
  "o'brien",
  'say "hi',
  "it's",
  '$(touch canary)',
  '$(',
  '`touch canary`',
  '`',
  "'; touch canary; '",
  '"; touch canary; "',
  '; touch canary',
  '-rf',
  '--help',
  'two words',
  '*',
  '$HOME',
  'back\\slash\\',
  'été 北京',
  'line\n"break',
  "line\n'break",
  '# not a comment',
  '%s%n',
];

/** The same arguments with each string in them, one at a time, replaced by each hostile text that the schema lets through. */
export function* hostileArgs(module: Module, given: Record<string, unknown>): Generator<Record<string, unknown>> {
  for (const path of stringPaths(given)) {
    for (const text of HOSTILE) {
      for (const value of [text, `/${text}`, `/tmp/nowhere/${text}`]) {
        const prepared = prepareArgs(module, replaceAt(given, path, value));
        if ('args' in prepared) yield prepared.args;
      }
    }
  }
}

function stringPaths(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value === 'string') return [path];
  if (Array.isArray(value)) return value.flatMap((inner, index) => stringPaths(inner, [...path, String(index)]));
  if (value === null || typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype) return [];
  return Object.entries(value).flatMap(([key, inner]) => stringPaths(inner, [...path, key]));
}

function replaceAt(value: unknown, [key, ...rest]: readonly string[], text: string): Record<string, unknown> {
  if (key === undefined) return text as unknown as Record<string, unknown>;
  const copy = Array.isArray(value) ? [...value] : { ...(value as object) };
  const inner = (copy as Record<string, unknown>)[key];
  return Object.assign(copy, { [key]: replaceAt(inner, rest, text) }) as Record<string, unknown>;
}

/**
 * What /bin/sh says against a script, or nothing. The shell itself is the judge of quoting: a quoted value that was put
 * within double quotes, within single quotes, in a comment or in a here-document ends a string (or opens a `$(`) there,
 * and for some hostile text the script no longer parses. Scripts within scripts (`sh -c '…'`) are judged as well.
 */
export function shellComplaint(scripts: readonly string[]): string | undefined {
  const all = [...new Set(withNested(scripts))];
  // A few at a time: the kernel takes 2 MB of arguments.
  for (let from = 0; from < all.length; from += 64) {
    const some = all.slice(from, from + 64);
    const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', JUDGE, 'judge', ...some], { encoding: 'utf8' });
    if (status !== 0) return `${stderr}\n${stdout}`;
  }
  return undefined;
}

const JUDGE = 'for s; do /bin/sh -n -c "$s" || { printf "%s\\n" "$s"; exit 1; }; done';

/** Many scripts in one shell; they are known to parse. Used for probes only, which change nothing. */
export function runAll(scripts: readonly string[], cwd: string): void {
  const calls = scripts.map((script) => `( ${script}\n) </dev/null >/dev/null 2>&1`);
  spawnSync('/bin/sh', [], { input: `${calls.join('\n')}\n`, encoding: 'utf8', cwd });
}

const NESTED = /\bsh -c ((?:'[^']*'|\\')+)/g;

function* withNested(scripts: readonly string[]): Generator<string> {
  for (const script of scripts) {
    yield script;
    for (const [, word = ''] of script.matchAll(NESTED)) {
      yield* withNested([word.replace(/'([^']*)'|\\'/g, (_, inside?: string) => inside ?? "'")]);
    }
  }
}

/** Every script that a module would send for these arguments when the thing is absent, as far as it does not refuse them. */
export function scriptsOf(module: Module, args: Record<string, unknown>): { probes: string[]; steps: string[] } {
  if (module.kind === 'action') {
    const guard = module.guard?.(args);
    return { probes: guard ? [guard.script] : [], steps: texts(module.run(args)) };
  }
  const probes = [module.probe(args).script as string];
  const after = unlessRefused(() => module.desired(args, null));
  if (!after) return { probes, steps: [] };
  const change = { kind: 'create', after } as const;
  const before = module.explain?.(change, args)?.before;
  if (before) probes.push(before);
  const trial = unlessRefused(() => module.trial?.(change, args));
  const steps = unlessRefused(() => module.steps(change, args)) ?? [];
  return { probes, steps: [...texts(trial ? [trial.begin, { script: trial.keep }] : []), ...texts(steps)] };
}

const texts = (steps: readonly Step[]): string[] => steps.map((step) => step.script);

function unlessRefused<T>(attempt: () => T): T | undefined {
  try {
    return attempt();
  } catch {
    return undefined;
  }
}
