import type { Status } from '../run/events.ts';
import { EXIT } from '../run/index.ts';
import { describeHosts } from './names.ts';
import { count, type Paint } from './paint.ts';
import type { RunFinished } from './recap.ts';

/** What each exit code says; the first that applies. */
export const EXIT_MEANING: Readonly<Record<number, string>> = {
  [EXIT.invalid]: 'the playbook, the inventory or the command line is invalid; nothing was contacted',
  [EXIT.interrupted]: 'interrupted',
  [EXIT.failed]: 'a task failed',
  [EXIT.unreachable]: 'a host could not be reached',
  [EXIT.changes]: 'a check found changes or unknowns',
  [EXIT.ok]: 'everything is as desired',
};

/** The last line: what came of it, in words, and what the exit code says. */
export function outcomeLine(finished: RunFinished, mode: 'run' | 'check', paint: Paint): string {
  const { exitCode } = finished;
  const style = exitCode === EXIT.ok ? 'green' : exitCode === EXIT.changes ? 'yellow' : 'red';
  return `${paint(style, sentence(finished, mode))} ${paint('dim', `(exit code ${exitCode}: ${EXIT_MEANING[exitCode] ?? ''})`)}`;
}

function sentence(finished: RunFinished, mode: 'run' | 'check'): string {
  const total = (status: Status): number =>
    Object.values(finished.hosts).reduce((sum, { counts }) => sum + counts[status], 0);
  const where = (...statuses: Status[]): string =>
    describeHosts(
      hostsWith(finished, (counts) => statuses.some((status) => counts[status] > 0)),
      Object.keys(finished.hosts),
    );
  switch (finished.exitCode) {
    case EXIT.interrupted:
      return mode === 'check'
        ? 'Interrupted: the check is incomplete. Nothing was changed.'
        : 'Interrupted: what was begun may be half done; run it again to converge.';
    case EXIT.failed: {
      const lost = total('unreachable') > 0 ? `; not reached: ${where('unreachable')}` : '';
      const others = hostsWith(finished, (counts) => counts.failed + counts.unreachable === 0).length;
      const rest = others > 0 ? `; ${count(others, 'other host')} went on to the end` : '';
      return `Failed on ${where('failed')}${lost}${rest}.`;
    }
    case EXIT.unreachable:
      return `Not reached: ${where('unreachable')}; the other hosts went on.`;
    case EXIT.changes: {
      const open = [
        ...(total('assumed') > 0 ? [`${total('assumed')} assumed`] : []),
        ...(total('unknown') > 0 ? [`${total('unknown')} known only in a run`] : []),
      ].join(', ');
      const changes =
        total('changed') > 0 ? `${count(total('changed'), 'change')} on ${where('changed')}` : 'no sure change';
      return `A run would make ${changes}${open ? ` (${open})` : ''}. Nothing was changed.`;
    }
    default:
      if (mode === 'check') return 'As desired: a run would change nothing.';
      return `Converged: ${total('changed') > 0 ? `${count(total('changed'), 'change')} on ${where('changed')}` : 'nothing had to be changed'}${passedOver(total('ignored'))}.`;
  }
}

function passedOver(ignored: number): string {
  return ignored > 0 ? `; ${count(ignored, 'failure')} ignored, as the playbook says` : '';
}

function hostsWith({ hosts }: RunFinished, test: (counts: Readonly<Record<Status, number>>) => boolean): string[] {
  return Object.entries(hosts).flatMap(([name, { counts }]) => (test(counts) ? [name] : []));
}
