import { type Static, Type } from 'typebox';
import { defineAction, type Probe, STEP_TIMEOUT, type Step } from '../../engine/plan/contract.ts';
import { lines, type Sh, sh } from '../../engine/plan/sh.ts';
import { PathOnHost } from '../_file/args.ts';

const args = Type.Object(
  {
    argv: Type.Optional(
      Type.Array(Type.String(), {
        minItems: 1,
        description: 'A program and its arguments, one word each; no shell looks at them. Either this or `shell`.',
      }),
    ),
    shell: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'A script for /bin/sh. Whoever puts a variable into it has to quote it.',
      }),
    ),
    creates: Type.Optional(PathOnHost('A path that this makes: once it is there, it is not run again.')),
    removes: Type.Optional(PathOnHost('A path that this removes: once it is gone, it is not run again.')),
    unless: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'A script for /bin/sh that only looks: when it exits 0, this is not run. It is asked in a check too.',
      }),
    ),
    changes: Type.Optional(
      Type.Enum(['always', 'never'], {
        description: 'Does running it count as a change? `never`: it only looks, and is not run in a check.',
      }),
    ),
    chdir: Type.Optional(PathOnHost('The folder that it runs in.')),
    environment: Type.Optional(
      // On the host these values are in the arguments of a shell, which every account can read: so no secret fits here.
      Type.Unsafe<Record<string, string>>({
        type: 'object',
        propertyNames: { pattern: '^[A-Za-z_][A-Za-z0-9_]*$', description: 'The name of a variable.' },
        additionalProperties: { type: 'string' },
        description: 'Variables of its environment, and of that of `unless`; every account of the host can read them.',
      }),
    ),
    stdin: Type.Optional(
      Type.String({ description: 'What it reads: the only way to hand it a secret.', 'x-secret': true }),
    ),
    timeout: Type.Integer({ minimum: 1, default: STEP_TIMEOUT, description: 'Seconds that it may take.' }),
  },
  {
    allOf: [
      { oneOf: [{ required: ['argv'] }, { required: ['shell'] }], 'x-message': 'needs either argv or shell' },
      {
        anyOf: ['creates', 'removes', 'unless', 'changes'].map((name) => ({ required: [name] })),
        'x-message':
          'needs creates, removes, unless or changes: a command cannot be looked at, so say when it is to be run',
      },
    ],
  },
);
type Args = Static<typeof args>;

type CommandResult = {
  /** Without the line ends at its end, as `$(…)` gives it. */
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
};

/** A program or script that is run. */
export const command = defineAction<typeof args, CommandResult>({
  name: 'command',
  description: 'Runs a program or a shell script.',
  args,
  touches: ({ changes }) => ({ reads: ['*'], writes: changes === 'never' ? [] : ['*'] }),
  guard,
  run,
  result: ([output]) => ({
    stdout: (output?.stdout ?? '').replace(/\n+$/, ''),
    stderr: (output?.stderr ?? '').replace(/\n+$/, ''),
    code: output?.code ?? 0,
  }),
  changes: ({ changes }) => changes !== 'never',
});

function guard({ creates, removes, unless, chdir, environment }: Args): Probe<boolean> | null {
  if (creates === undefined && removes === undefined && unless === undefined) return null;
  return {
    script: lines(
      creates !== undefined && sh`if [ -e ${creates} ] || [ -L ${creates} ]; then echo done; exit; fi`,
      removes !== undefined && sh`if [ ! -e ${removes} ] && [ ! -L ${removes} ]; then echo done; exit; fi`,
      unless !== undefined && variables(environment),
      // A folder to run in that is not there yet means: still to be done.
      unless !== undefined &&
        sh`if cd -- ${chdir ?? '.'} && /bin/sh -c ${unless}; then code=done; else code=due; fi >/dev/null 2>&1`,
      sh`echo "\${code:-due}"`,
    ),
    parse: (stdout) => stdout.trim() === 'done',
  };
}

function run({ argv, shell, chdir, environment, stdin, timeout }: Args): Step[] {
  // exec takes its words as they are, also `if` or `A=b`, which at the beginning of a line are not programs.
  const program = argv ? sh`exec ${argv}` : sh`exec /bin/sh -c ${shell ?? ':'}`;
  const script = lines(chdir !== undefined && sh`cd -- ${chdir} || exit`, variables(environment), program);
  return [{ script, timeout, ...(stdin === undefined ? {} : { stdin }) }];
}

function variables(environment: Record<string, string> = {}): Sh | undefined {
  const all = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  return all.length === 0 ? undefined : sh`export ${all}`;
}
