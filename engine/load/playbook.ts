import { dirname } from 'node:path';
import type { Module } from '../plan/contract.ts';
import type { Inventory, Playbook } from '../plan/playbook.ts';
import { checkNames } from './check.ts';
import { Files } from './files.ts';
import { foresee } from './foresee.ts';
import { type LoadedPlay, loadPlay } from './play.ts';
import { Problems } from './problems.ts';
import { readYaml } from './yaml.ts';

export interface LoadOptions {
  readonly inventory: Inventory;
  readonly modules: ReadonlyMap<string, Module>;
  /** As `parseExtraVars` gives them. */
  readonly extraVars: Readonly<Record<string, unknown>>;
}

/**
 * Reads playbooks, one after the other as one, and judges everything that can be judged before any host is contacted.
 * @throws InvalidInput with everything that is wrong in all of them
 */
export function loadPlaybooks(files: readonly string[], options: LoadOptions): Playbook {
  const problems = new Problems();
  let id = 0;
  const shared = {
    ...options,
    files: new Files(),
    extra: new Set(Object.keys(options.extraVars)),
    problems,
    nextId: () => id++,
  };
  const plays = files.flatMap((file) => loadFile(file, { ...shared, folder: dirname(file) }));
  const sound = checkNames(plays, options.inventory, problems);
  foresee(plays, sound, options.inventory, problems);
  problems.throwIfAny();
  return { files, plays: plays.map(({ play }) => play) };
}

function loadFile(file: string, loading: Parameters<typeof loadPlay>[1]): LoadedPlay[] {
  const { problems } = loading;
  const root = problems.attempt(() => readYaml(file, problems));
  if (!root) return [];
  if (!root.isList || root.items().length === 0) {
    problems.add('KEYWORD_INVALID', 'a playbook is a list of plays', { place: root.place, hint: '- hosts: all' });
    return [];
  }
  return root.items().flatMap((play) => loadPlay(play, loading) ?? []);
}
