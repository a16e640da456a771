import type { Place } from '../errors.ts';
import type { Module } from './contract.ts';

/** A value that is not known yet (a fact not gathered, a result not there). Thrown by `evaluate`; never an error for a user. */
export class Unknown extends Error {
  override readonly name = 'Unknown';
  readonly need: Need;

  constructor(need: Need) {
    super(`not known yet: ${describeNeed(need)}`);
    this.need = need;
  }
}

/** What an unknown value waits for. */
export type Need =
  | { readonly kind: 'facts'; readonly host: string }
  | { readonly kind: 'result'; readonly host: string; readonly name: string };

function describeNeed(need: Need): string {
  return need.kind === 'facts' ? `the facts of ${need.host}` : `the result "${need.name}" of ${need.host}`;
}

/**
 * The names that an expression can see, as own properties of one object. A property may be a getter that throws
 * `Unknown`: so `false && facts.cores > 1` is false before any fact is known.
 */
export type Scope = Readonly<Record<string, unknown>>;

/** A value from a playbook, with the expressions in it compiled. */
export interface Expression<T = unknown> {
  readonly place: Place;
  /** @throws Unknown when it needs what is not known yet; HailbookError EXPRESSION_INVALID | VARIABLE_UNDEFINED | TEMPLATE_INVALID | FILE_MISSING */
  evaluate(scope: Scope): T;
  /** The names that it takes from the scope. */
  readonly names: ReadonlySet<string>;
}

export interface Task {
  /** `task 3` of the playbook, counted over all plays and handlers from 0; unique in a run. */
  readonly id: number;
  readonly name: string;
  readonly place: Place;
  readonly module: Module;
  /** The module's arguments: evaluated, validated against its schema, defaults filled in, files read. */
  readonly args: Expression<Record<string, unknown>>;
  readonly when?: Expression<boolean>;
  readonly loop?: Expression<readonly unknown[]>;
  readonly register?: string;
  readonly notify: readonly string[];
  readonly become: boolean;
  readonly becomeUser: Expression<string>;
  readonly ignoreErrors: boolean;
  /** Of its module and arguments as they are written: tells the same handler under another name. */
  readonly fingerprint: string;
  /** The task's own variables; they see the play's, `item`, facts and results. */
  readonly vars: Readonly<Record<string, Expression>>;
}

export interface Play {
  readonly name: string;
  readonly place: Place;
  /** In inventory order, after the pattern; --limit not applied. */
  readonly hosts: readonly string[];
  readonly tasks: readonly Task[];
  readonly handlers: readonly Task[];
  /** The play's variables of each host with everything below them (inventory, vars_files, vars) and above (-e), evaluated lazily in a scope. */
  variables(host: string): Readonly<Record<string, Expression>>;
}

export interface Playbook {
  readonly files: readonly string[];
  readonly plays: readonly Play[];
}

/** A host as the inventory describes it. */
export interface Host {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly user?: string;
  readonly key?: string;
  readonly connection: 'ssh' | 'local';
  /** The host's own and its groups' variables, the host's winning; not yet evaluated. */
  readonly vars: Readonly<Record<string, unknown>>;
}

export interface Inventory {
  /** Where it is from, for the first line of a report. */
  readonly source: string;
  readonly hosts: ReadonlyMap<string, Host>;
  /** Group name → host names, in inventory order; `all` is always there. */
  readonly groups: ReadonlyMap<string, readonly string[]>;
  /** The known_hosts file that belongs to these hosts, unless `--known-hosts` names another: a lab brings its own. */
  readonly knownHosts?: string;
}
