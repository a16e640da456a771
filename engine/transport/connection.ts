import type { Output } from '../plan/contract.ts';
import type { Host } from '../plan/playbook.ts';
import type { Secret } from '../plan/secret.ts';
import type { Sh } from '../plan/sh.ts';

/** One script of a request. Records run in order; once one of a group has exited non-zero, the rest of its group is skipped. */
export interface WireRecord {
  readonly script: Sh;
  readonly stdin?: string | Secret | Uint8Array;
  readonly group: number;
  /** Its output is an answer for the engine (and may hold a secret), not progress for a person. */
  readonly quiet?: true;
  /** Seconds that this record may take. */
  readonly timeout: number;
}

/** What a record left. `skipped`: it did not run, because an earlier one of its group failed. */
export interface Reply extends Output {
  readonly skipped: boolean;
}

/** A way to a host, with one long-lived `/bin/sh` for each user that is asked for. */
export interface Connection {
  /** Requests sent so far, over all its shells: what a run costs. */
  readonly requests: number;
  /** Shells opened so far; not requests, but each costs round trips before its first one. */
  readonly shells: number;
  /**
   * Runs the records as `user` (null: the one who logged in) in one round trip and gives a reply for each.
   * `onLine` gets the last line of output while a record runs, for progress.
   * @throws HailbookError BECOME_FAILED | CONNECTION_LOST | TIMEOUT
   */
  ask(user: string | null, records: readonly WireRecord[], onLine?: (line: string) => void): Promise<Reply[]>;
  close(): void;
}

/** @throws HailbookError HOST_UNREACHABLE | HOST_KEY_UNKNOWN | HOST_KEY_CHANGED | HOST_KEY_REVOKED | AUTH_FAILED */
export type Connect = (host: Host) => Promise<Connection>;
