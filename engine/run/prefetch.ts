import { asHailbookError, HailbookError } from '../errors.ts';
import type { Need } from '../plan/playbook.ts';
import type { HostRun, RunContext } from './context.ts';
import { factsProbe } from './facts.ts';
import { rememberedLook } from './handlers.ts';
import { forecast, type Instances, instancesOf, type Position } from './instance.ts';
import type { Result } from './knowledge.ts';
import { type Look, lookId } from './session.ts';

const factsLook = (user: string | null): Look => ({ user, script: factsProbe.script, keys: [] });

/**
 * Asks everything that can be asked before the first task, on all hosts at once: one request a host, and one more for each step of
 * dependence (a key that another host authorises is known only after the first answers).
 */
export async function prefetch(context: RunContext): Promise<void> {
  const wanted = new Wanted(context);
  for (;;) {
    wanted.collect();
    const rounds = wanted.take();
    if (rounds.length === 0) return;
    await context.each(rounds, async ({ host, looks, facts }) => {
      await ask(context, host, looks, facts);
    });
  }
}

/** Gets what an expression waits for, if looking can get it. True: something was learnt, so try again. */
export async function satisfy(context: RunContext, need: Need): Promise<boolean> {
  const host = context.host(need.host);
  if (host.stopped) return false;
  if (need.kind === 'facts') {
    if (context.knowledge.hasFacts(need.host)) return false;
    const refused = await ask(context, host, [], true);
    if (refused !== null)
      throw new HailbookError('PROBE_FAILED', `the facts of ${need.host} cannot be gathered: ${refused}`);
    return context.knowledge.hasFacts(need.host);
  }
  if (context.writable(need.host)) return false;
  const wanted = new Wanted(context);
  wanted.read(need);
  wanted.collect();
  for (const round of wanted.take()) await ask(context, round.host, round.looks, round.facts);
  wanted.collect();
  return context.knowledge.hasResult(need.host, need.name);
}

/** What is worth asking next. Nothing is asked twice. */
class Wanted {
  readonly #context: RunContext;
  readonly #asked = new Set<string>();
  readonly #predicted = new Set<string>();
  /** Outside --limit: host → the registered names that an expression needs of it. */
  readonly #readOnly = new Map<string, Set<string>>();
  readonly #facts = new Set<string>();
  #looks = new Map<string, Look[]>();

  constructor(context: RunContext) {
    this.#context = context;
  }

  /** Until nothing more follows from what is known: results that answers already tell, then the looks that are still to be asked. */
  collect(): void {
    let version: number;
    do {
      version = this.#context.knowledge.version;
      this.#looks = new Map();
      for (const name of this.#context.options.hosts) {
        if (!this.#context.host(name).stopped) this.#look(name, rememberedLook(this.#context, name));
      }
      for (const position of this.#context.positions) {
        for (const name of position.play.hosts) if (this.#concerns(name, position)) this.#consider(position, name);
      }
    } while (version !== this.#context.knowledge.version);
  }

  take(): { host: HostRun; looks: Look[]; facts: boolean }[] {
    const names = new Set([...this.#looks.keys(), ...this.#facts]);
    const rounds = [...names].map((name) => ({
      host: this.#context.host(name),
      looks: this.#looks.get(name) ?? [],
      facts: this.#facts.has(name),
    }));
    for (const { host, looks } of rounds) for (const look of looks) this.#asked.add(key(host.name, look));
    for (const name of this.#facts) this.#asked.add(`${name}\0facts`);
    this.#facts.clear();
    return rounds;
  }

  /** A host outside --limit is needed: so are, most likely, all the others that the same tasks would have run on. */
  read(need: Need): void {
    const { name } = need.kind === 'result' ? need : { name: '' };
    for (const { play, task } of this.#context.positions) {
      if (task.register !== name || !play.hosts.includes(need.host)) continue;
      for (const host of play.hosts) {
        if (this.#context.writable(host)) continue;
        this.#readOnly.set(host, (this.#readOnly.get(host) ?? new Set()).add(name));
      }
    }
  }

  #concerns(name: string, { task }: Position): boolean {
    if (this.#context.host(name).stopped) return false;
    return this.#context.writable(name) || (this.#readOnly.get(name)?.has(task.register ?? '') ?? false);
  }

  #consider(position: Position, name: string): void {
    // Facts are asked for as soon as they are named, though something else may be missing before them in the same expression.
    if (namesFacts(position, name)) this.#need({ kind: 'facts', host: name });
    let instances: Instances;
    try {
      instances = instancesOf(position, name, this.#context.scopes);
    } catch {
      return; // A wrong expression is reported when its task's turn comes.
    }
    if (instances.kind === 'unknown') this.#need(instances.need);
    if (instances.kind !== 'instances') return;
    if (instances.when) this.#need(instances.when);
    const { session } = this.#context.host(name);
    const results: Result[] = [];
    for (const candidate of instances.all) {
      if ('need' in candidate) {
        this.#need(candidate.need);
        continue;
      }
      const { look, touches } = candidate.instance;
      if (touches.world) continue;
      const expected = forecast(candidate.instance, session);
      if (expected.state === 'ok') results.push(expected.current);
      // Outside --limit nothing will be done, so what is there is the result.
      if (expected.state === 'due' && expected.current && !this.#context.writable(name)) results.push(expected.current);
      if (expected.state === 'unasked' && look) this.#look(name, look);
    }
    const { register } = position.task;
    if (register && !instances.when && results.length === instances.all.length)
      this.#predict(name, register, instances.looped, results);
  }

  #look(host: string, look: Look): void {
    if (!this.#asked.has(key(host, look))) this.#looks.set(host, [...(this.#looks.get(host) ?? []), look]);
  }

  #predict(host: string, register: string, looped: boolean, results: readonly Result[]): void {
    const id = `${host}\0${register}`;
    if (this.#predicted.has(id)) return;
    this.#predicted.add(id);
    this.#context.knowledge.predict(host, register, looped ? { results, changed: false } : (results[0] ?? {}));
  }

  #need(need: Need): void {
    if (need.kind === 'result') {
      if (!this.#context.writable(need.host)) this.read(need);
      return;
    }
    // One host's facts alone are a task about itself; another's are a loop over a group, which will need them all.
    const { knowledge, options, positions } = this.#context;
    const hosts = this.#context.writable(need.host)
      ? options.hosts
      : new Set([need.host, ...positions.flatMap(({ play }) => play.hosts)]);
    for (const host of hosts) {
      if (!knowledge.hasFacts(host) && !this.#asked.has(`${host}\0facts`) && !this.#context.host(host).stopped)
        this.#facts.add(host);
    }
  }
}

/** Does the task name the host's facts, by itself or through variables? */
function namesFacts({ play, task }: Position, host: string): boolean {
  const variables = { ...play.variables(host), ...task.vars };
  const seen = new Set<string>();
  const open = [task.args, task.when, task.loop].flatMap((expression) => [...(expression?.names ?? [])]);
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (name === 'facts') return true;
    if (seen.has(name)) continue;
    seen.add(name);
    open.push(...(Object.hasOwn(variables, name) ? (variables[name]?.names ?? []) : []));
  }
  return false;
}

/** Asks and keeps the answers; what failed is asked again when it matters. @returns why facts that were wanted are not there */
async function ask(context: RunContext, host: HostRun, looks: readonly Look[], facts: boolean): Promise<string | null> {
  const users = new Set(looks.map((look) => look.user));
  if (users.size === 0) users.add(host.session.lastUser);
  const [factsUser] = users;
  let refused: string | null = null;
  await Promise.all(
    [...users].map(async (user) => {
      const mine = looks.filter((look) => look.user === user);
      const withFacts = facts && user === factsUser;
      try {
        const [first] = await host.session.look(user, withFacts ? [factsLook(user), ...mine] : mine);
        if (!withFacts) return;
        if (first?.code === 0) context.knowledge.learnFacts(host.name, factsProbe.parse(first.stdout));
        else refused = first?.stderr.trim() || 'no answer';
      } catch (error) {
        const known = asHailbookError(error);
        // The other user may be made by a task of this very run; without a connection there is nothing more to do here.
        if (known.code !== 'BECOME_FAILED') host.stopped = known;
        else if (withFacts) refused = known.message;
      }
    }),
  );
  return refused;
}

function key(host: string, look: Look): string {
  return `${host}\0${lookId(look)}`;
}
