import type fc from 'fast-check';
import type { Sh } from '../../engine/index.ts';

type Args = Readonly<Record<string, unknown>>;

/** A script for /bin/sh as root, or arguments with which the module itself is run first, or several of both in order. */
export type Before = string | Args | readonly (string | Args)[];

/** What holds for a module whatever a host looks like and whatever it is asked for. */
export interface Spec<A extends Args = Args> {
  readonly module: string;
  /** As whom the task runs; default root. */
  readonly user?: string;
  /** Once on a host, before all cases: accounts, packages, folders. A script that may run twice. */
  readonly prepare?: string;
  /** Before every case: away with what the one before has left, so that a case can be repeated alone. */
  readonly fresh: string;
  /** Random states of the host, on top of `fresh`. */
  readonly before: fc.Arbitrary<Before>;
  /**
   * Random arguments, as a playbook has them; a file of the controller is given as its content (a folder as name → content).
   * Few paths, names and values, so that what is there and what is wanted often meet.
   */
  readonly args: fc.Arbitrary<A>;
  /** A script that asks another tool (getent, dpkg-query, systemctl, stat, ufw …) and exits 0 exactly when the host is as these arguments want it. */
  sees(args: A): Sh | string;
  /** Error codes with which the module may refuse some of these cases; any other error is a failure. */
  readonly refuses?: readonly string[];
  /** Those of which a check says "would change", because only the work itself meets the reason. The run must still write nothing. */
  readonly refusesLate?: readonly string[];
  /** Of an action: a guard keeps it from being done twice. */
  readonly once?: true;
  /** Once, after all cases. */
  readonly cleanup?: string;
}

/** What a spec may use of the lab. */
export interface Lab {
  /** The first part of a URL under which the host finds what `serve` was given: `http://10.78.0.1:40123`. */
  readonly origin: string;
  /** Makes these bytes available under `origin` + path for as long as the tests run. */
  serve(path: string, content: string | Uint8Array): void;
}

/** For the types alone: `sees` gets what `args` gives. */
export function defineSpec<A extends Args>(spec: Spec<A> | ((lab: Lab) => Spec<A>)): (lab: Lab) => Spec {
  return (lab) => (typeof spec === 'function' ? spec(lab) : spec) as unknown as Spec;
}
