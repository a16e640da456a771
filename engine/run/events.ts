import type { ErrorCode, Place } from '../errors.ts';

/** The version of the event format that `--json` prints; it grows when a field changes its meaning or goes. */
export const EVENTS_VERSION = 1;

/**
 * ok: as desired · changed: it was changed (in a check: it would be) · assumed: an earlier task of this check would change what it looks at,
 * so this is what holds now, not what will · unknown: a value it needs is there only in a run · skipped: `when` was false, or the action
 * is not done in a check · failed · ignored: failed, and `ignore_errors` said to go on · unreachable.
 */
export type Status = 'ok' | 'changed' | 'assumed' | 'unknown' | 'skipped' | 'failed' | 'ignored' | 'unreachable';

export interface TaskLabel {
  readonly id: number;
  readonly name: string;
  readonly module: string;
  readonly handler: boolean;
  readonly place: Place;
}

export interface ErrorReport {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
  readonly place?: Place;
  /** Of a failed step: exit code and the last lines of what it printed. */
  readonly exitCode?: number;
  readonly output?: readonly string[];
}

/** A file's two texts for a unified diff; null instead when a secret is in it or it is not text. */
export interface FileDiff {
  readonly path: string;
  readonly before: string | null;
  readonly after: string | null;
}

export interface HostRecap {
  readonly counts: Readonly<Record<Status, number>>;
  /** Requests sent to the host: the unit of cost. */
  readonly requests: number;
}

export type RunEvent =
  | {
      readonly event: 'run_started';
      readonly version: typeof EVENTS_VERSION;
      readonly mode: 'run' | 'check';
      readonly inventory: string;
      readonly hosts: readonly string[];
    }
  | { readonly event: 'play_started'; readonly play: string; readonly hosts: readonly string[] }
  | { readonly event: 'task_started'; readonly task: TaskLabel; readonly hosts: readonly string[] }
  /** What a person should know of a host beside its tasks: who else works on it, what an earlier run left. */
  | { readonly event: 'notice'; readonly host: string; readonly message: string }
  /** The last line that a running step printed. */
  | { readonly event: 'output'; readonly task: TaskLabel; readonly host: string; readonly line: string }
  | {
      readonly event: 'result';
      readonly task: TaskLabel;
      readonly host: string;
      /** The loop's value in short, under `loop`. */
      readonly item?: string;
      readonly status: Status;
      /** In words: `shell: /bin/sh → /bin/bash`. */
      readonly changes: readonly string[];
      /** Why it is assumed, unknown or skipped. */
      readonly note?: string;
      /** What an action has to say: the message of \`say\`. */
      readonly said?: string;
      /** What a person should know of the host beside the state. */
      readonly warnings?: readonly string[];
      readonly diff?: FileDiff;
      readonly error?: ErrorReport;
      readonly seconds: number;
    }
  | { readonly event: 'task_finished'; readonly task: TaskLabel; readonly seconds: number }
  | {
      readonly event: 'run_finished';
      readonly hosts: Readonly<Record<string, HostRecap>>;
      readonly seconds: number;
      readonly exitCode: number;
    };
