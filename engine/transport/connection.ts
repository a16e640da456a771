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
  /** It takes the host's lock: when it fails, nothing of its request is done. */
  readonly locks?: true;
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
   * `onLine` gets the last line of output while a record runs, for progress; `doing` is what others read at the host's lock.
   * @throws HailbookError BECOME_FAILED | CONNECTION_LOST | TIMEOUT | HOST_LOCKED
   */
  ask(
    user: string | null,
    records: readonly WireRecord[],
    onLine?: (line: string) => void,
    doing?: string,
  ): Promise<Reply[]>;
  /** From now on nothing is asked before the host's lock is held; it is let go of when the connection ends. */
  lock(lock: HostLock): void;
  close(): void;
}

/** One run at a time changes a host. */
export interface HostLock {
  /** Whose lock: two runs exclude each other when both work as this account. Null: the one who logged in. */
  readonly user: string | null;
  /** Who holds it, for others to read: `jane@laptop`. */
  readonly holder: string;
  /** Of this run alone: an inventory may have two names for one machine. */
  readonly run: string;
  /** Seconds to wait for another run that is alive. What a dead one left working is always waited for. */
  readonly wait: number;
  /** Gets what a person should know: what is waited for, that a dead run's lock was taken over. */
  readonly tell: (message: string) => void;
}

/** @throws HailbookError HOST_UNREACHABLE | HOST_KEY_UNKNOWN | HOST_KEY_CHANGED | HOST_KEY_REVOKED | AUTH_FAILED */
export type Connect = (host: Host) => Promise<Connection>;
