import { join } from 'node:path';
import { actionHolds, isAction } from './action.ts';
import type { LabHost, Told } from './host.ts';
import { playbookText, writePlaybook } from './playbook.ts';
import type { Before, Spec } from './spec.ts';

export type Outcome = 'changed' | 'ok' | 'refused';

type Args = Readonly<Record<string, unknown>>;

/** One state and one wish. Throws what does not hold. */
export async function holds(spec: Spec, host: LabHost, folder: string, before: Before, args: Args): Promise<Outcome> {
  await setUp(spec, host, folder, before);
  const playbook = writePlaybook(join(folder, 'case'), host.name, spec, args);

  if (isAction(spec)) return actionHolds(spec, host, playbook, args);
  let predicted: Told | undefined;
  const byCheck = await host.written(async () => {
    predicted = await host.play(playbook, 'check');
  });
  if (!predicted) throw new Error('no prediction');
  same('a check writes', [], byCheck);
  if (predicted.error) return refused(spec, host, playbook, predicted);

  let done: Told | undefined;
  const byRun = await host.written(async () => {
    done = await host.play(playbook, 'run');
  });
  if (!done) throw new Error('no result');
  if (done.error && spec.refusesLate?.includes(done.error.code)) {
    same('a run that is refused writes', [], byRun);
    return 'refused';
  }
  same('a run does what its check predicted', summary(predicted), summary(done));
  if (done.status !== 'changed' && done.status !== 'ok') throw new Error(`it is ${done.status}`);
  const outcome = done.status;

  const clean = { status: 'ok', changes: [] };
  const byMore = await host.written(async () => {
    same('a check after it finds nothing', clean, summary(await host.play(playbook, 'check')));
    same('a second run finds nothing', clean, summary(await host.play(playbook, 'run')));
  });
  same('a check and a run after it write', [], byMore);
  await host.sh(spec.sees(args)).catch((error) => {
    throw new Error(`another tool does not see it: ${error.message}`);
  });
  return outcome;
}

/** What a check refuses, a run refuses in the same words, and writes nothing. */
async function refused(spec: Spec, host: LabHost, playbook: string, predicted: Told): Promise<Outcome> {
  const { code, message } = predicted.error ?? {};
  if (!spec.refuses?.includes(code ?? '')) throw new Error(`${code} ${message}, in a check`);
  const written = await host.written(async () => {
    same('a run refuses what its check refused', summary(predicted), summary(await host.play(playbook, 'run')));
  });
  same('a run that is refused writes', [], written);
  return 'refused';
}

async function setUp(spec: Spec, host: LabHost, folder: string, before: Before): Promise<void> {
  for (const step of [spec.fresh, ...listed(before)]) {
    if (typeof step === 'string') {
      await host.sh(step);
      continue;
    }
    const { error } = await host.play(writePlaybook(join(folder, 'before'), host.name, spec, step), 'run');
    if (error && !spec.refuses?.includes(error.code)) throw new Error(`${error.code} ${error.message}, in the set-up`);
  }
}

const listed = (before: Before): readonly (string | Args)[] =>
  Array.isArray(before) ? before : [before as string | Args];

function summary({ status, changes, error }: Told): object {
  return error
    ? { status, error: { code: error.code, message: error.message, output: error.output } }
    : { status, changes };
}

function same(what: string, expected: unknown, found: unknown): void {
  const [a, b] = [JSON.stringify(expected, null, 1), JSON.stringify(found, null, 1)];
  if (a !== b) throw new Error(`${what}\nexpected ${a}\nfound    ${b}`);
}

/** A case for a person who wants to do it by hand. */
export function printed(spec: Spec, host: string, before: Before, args: Args): string {
  const steps = [spec.fresh, ...listed(before)].map((step) =>
    typeof step === 'string' ? `as root on ${host}:\n${step}` : `hailbook run of\n${playbookText(host, spec, step)}`,
  );
  return [
    ...steps,
    `then, as playbook.yml (a file of the controller stands here as its content):\n${playbookText(host, spec, args)}`,
  ].join('\n');
}
