import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { didYouMean } from '../errors.ts';
import type { Probe, Step } from '../plan/contract.ts';
import type { Play, Task } from '../plan/playbook.ts';
import { raw, type Sh, sh } from '../plan/sh.ts';

/*
 * A handler that was notified is written down on its host before the change that notifies it, and struck out when it has run. So
 * whatever breaks in between, the next run finds it: one small JSON file for each in /var/lib/hailbook/handlers (root's), or in
 * ~/.local/state/hailbook/handlers of the account that does the work.
 */

/** A handler that has been notified and has not run, as its host remembers it. */
export interface Remembered {
  /** The file's name: of playbook, play and handler. */
  readonly id: string;
  /** The playbook's file name, without its folder: another controller has it elsewhere. */
  readonly playbook: string;
  readonly play: string;
  readonly handler: string;
  /** Of what the handler does, to know it again under another name. */
  readonly fingerprint: string;
  /** When it was notified first, ISO 8601. */
  readonly since: string;
}

export function remember(play: Play, handler: Task): Remembered {
  const playbook = basename(play.place.file);
  const id = createHash('sha256')
    .update(JSON.stringify([playbook, play.name, handler.name]))
    .digest('hex')
    .slice(0, 16);
  const since = new Date().toISOString();
  return { id, playbook, play: play.name, handler: handler.name, fingerprint: handler.fingerprint, since };
}

/** Sets `$hailbook_state`; `folder` is for who wants it elsewhere. */
const stateFolder = (folder?: string): Sh =>
  folder === undefined
    ? sh`hailbook_state=$HOME/.local/state/hailbook/handlers
[ "$(id -u)" != 0 ] || hailbook_state=/var/lib/hailbook/handlers`
    : sh`hailbook_state=${folder}/handlers`;

/** What the host remembers. Lines that are no such thing (a file cut short by a full disk) are left alone. */
export const rememberedProbe = (folder?: string): Probe<Remembered[]> => ({
  script: sh`${raw(stateFolder(folder))}
for f in "$hailbook_state"/*; do [ ! -f "$f" ] || { cat "$f" && echo; }; done`,
  parse: (stdout) => stdout.split('\n').flatMap((line) => asRemembered(line) ?? []),
});

function asRemembered(line: string): Remembered | null {
  try {
    const value: unknown = JSON.parse(line);
    if (value === null || typeof value !== 'object') return null;
    const keys = ['id', 'playbook', 'play', 'handler', 'fingerprint', 'since'];
    const found = new Map(Object.entries(value));
    return keys.every((key) => typeof found.get(key) === 'string') ? (value as Remembered) : null;
  } catch {
    return null;
  }
}

/** Flushed to the disk before the change that it is about: a host that loses its power must still know. */
export function rememberStep(it: Remembered, folder?: string): Step {
  const script = sh`${raw(stateFolder(folder))}
umask 077
mkdir -p "$hailbook_state" && cd "$hailbook_state" || exit
[ ! -e ${it.id} ] || exit 0
t=.${it.id}.$$
cat >"$t" && sync "$t" && mv -f "$t" ${it.id} && sync .`;
  return { script, stdin: JSON.stringify(it) };
}

export function forgetStep(ids: readonly string[], folder?: string): Step {
  return { script: sh`${raw(stateFolder(folder))}\ncd "$hailbook_state" && rm -f ${ids}` };
}

/** A remembered handler as the playbook has it today. */
export interface Recalled {
  readonly play: Play;
  readonly handler: Task;
  /** Under what it was remembered. */
  readonly as: Remembered;
}

/** The handler by its name in its play; else by its name in another play of the host; else by what it does. */
export function recall(it: Remembered, plays: readonly Play[], host: string): Recalled | null {
  const candidates = plays
    .filter((play) => play.hosts.includes(host) && basename(play.place.file) === it.playbook)
    .flatMap((play) => play.handlers.map((handler) => ({ play, handler, as: it })));
  const named = candidates.filter(({ handler }) => handler.name === it.handler);
  return (
    named.find(({ play }) => play.name === it.play) ??
    named[0] ??
    candidates.find(({ handler }) => handler.fingerprint === it.fingerprint) ??
    null
  );
}

/** In words, for a person: that it will run now, and under which name. */
export function recalledNotice({ play, handler, as }: Recalled, check: boolean): string {
  const renamed = handler.name === as.handler ? '' : ` (it was called "${as.handler}" then)`;
  const then = `${check ? 'it would run' : 'it runs'} at the end of play "${play.name}"`;
  return `handler "${handler.name}"${renamed} was notified by an earlier run (${when(as)}) and has not run; ${then}`;
}

/** For one that the playbook does not have any more; null when it belongs to another playbook. */
export function strayNotice(it: Remembered, plays: readonly Play[]): string | null {
  const mine = plays.filter((play) => basename(play.place.file) === it.playbook);
  if (mine.length === 0) return null;
  const guess = didYouMean(
    it.handler,
    mine.flatMap((play) => play.handlers.map(({ name }) => name)),
  );
  return (
    `an earlier run (${when(it)}) left handler "${it.handler}" of play "${it.play}" to be run, and ${it.playbook} has none of ` +
    `that name or that does the same${guess}. Do it by hand, then: hailbook run --forget-handlers`
  );
}

/** To the minute: what several hosts say of one run reads the same. */
const when = ({ since }: Remembered): string => `${since.slice(0, 16).replace('T', ' ')} UTC`;
