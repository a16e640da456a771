import type { Key } from '../plan/contract.ts';
import { disturbs } from '../plan/touches.ts';
import type { HostRun, RunContext } from './context.ts';
import { forecast, type Instances, instancesOf, type Position } from './instance.ts';
import type { Look } from './session.ts';

/** Looks taken along with one request at the most: a bound on what a wrong forecast costs. */
const MOST = 100;

/**
 * The looks of later tasks on this host that are not answered, or will not be once `writes` are written, up to the next task that
 * is expected to change something (which needs a request of its own and takes the following ones along).
 */
export function lookAhead(context: RunContext, position: Position, host: HostRun, writes: readonly Key[]): Look[] {
  const looks: Look[] = [];
  for (const later of context.after(position, host.name)) {
    let instances: Instances;
    try {
      instances = instancesOf(later, host.name, context.scopes);
    } catch {
      continue; // Reported when its turn comes.
    }
    if (instances.kind !== 'instances' || instances.when) continue;
    for (const candidate of instances.all) {
      if ('need' in candidate || candidate.instance.touches.world) continue;
      const { look } = candidate.instance;
      if (!look) return looks;
      if (!host.session.answer(look) || disturbs(writes, look.keys)) looks.push(look);
      if (looks.length >= MOST || forecast(candidate.instance, host.session).state === 'due') return looks;
    }
  }
  return looks;
}
