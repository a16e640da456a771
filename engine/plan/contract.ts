import { type Static, type TObject, type TUnsafe, Type } from 'typebox';
import type { ErrorCode } from '../errors.ts';
import type { Secret } from './secret.ts';
import type { Sh } from './sh.ts';

/**
 * Something on a host that a task reads or writes, for batching and check mode:
 * `file:/etc/hosts` (a file, or all below a folder) · `tree:/opt/x` (a folder replaced whole or a link: paths elsewhere may lead into it,
 * so it touches every file) · `user:hail` · `group:hail` · `unit:x` · `package:y` · `ufw` · `*` (anything).
 */
export type Key = '*' | 'ufw' | `${'file' | 'tree' | 'user' | 'group' | 'unit' | 'package'}:${string}`;

export interface Touches {
  readonly reads?: readonly Key[];
  readonly writes: readonly Key[];
}

/** State in normal form: what `parse` gives and `desired` wants must be equal exactly when nothing is to be done. */
export type State = Readonly<Record<string, StateValue>>;
export type StateValue = string | number | boolean | readonly string[] | Secret;

export type Change<S extends State> =
  | { readonly kind: 'create'; readonly after: Partial<S> }
  | { readonly kind: 'update'; readonly before: S; readonly after: S; readonly fields: readonly (keyof S & string)[] }
  | { readonly kind: 'delete'; readonly before: S };

/** Seconds that a step may take unless it says otherwise. */
export const STEP_TIMEOUT = 600;

/** One thing to do on a host. `stdin` is the only way for a secret or for bytes. A step that exits non-zero fails its task. */
export interface Step {
  readonly script: Sh;
  readonly stdin?: string | Secret | Uint8Array;
  /** Seconds; STEP_TIMEOUT unless given. */
  readonly timeout?: number;
  /** What it prints is for the module, not progress for a person. */
  readonly quiet?: true;
}

/** What a probe or a step left: exit code and its two streams, decoded as UTF-8. */
export interface Output {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Probe<T> {
  /** Looks and changes nothing. It exits 0 also when the thing is absent (and says so on stdout); any other exit is PROBE_FAILED. */
  readonly script: Sh;
  parse(stdout: string): T;
}

interface Described<A extends TObject> {
  readonly name: string;
  /** One sentence for the docs and the editor. */
  readonly description: string;
  /** The only definition of the arguments: types, validation, docs, editor. Every property has a `description`. */
  readonly args: A;
}

/** A thing on a host that has a state. The engine compares, changes and compares again; the module only describes. */
export interface Resource<A extends TObject = TObject, S extends State = State> extends Described<A> {
  readonly kind: 'resource';
  touches(args: Static<A>): Touches;
  /** `parse` gives null when the thing is absent. */
  probe(args: Static<A>): Probe<S | null>;
  /** The fields that must hold, or null: it must not exist. May throw a HailbookError to refuse. */
  desired(args: Static<A>, current: S | null): Partial<S> | null;
  steps(change: Change<S>, args: Static<A>): readonly Step[];
  /** A file's text for a diff: `before` prints the present text (nothing when absent), fetched only when a diff is shown. */
  explain?(change: Change<S>, args: Static<A>): Explanation | null;
  /** Turns a failed step's output into an error with a code and a remedy; null leaves it STEP_FAILED. So with a failed probe's. */
  failure?(output: Output, args: Static<A>): ModuleFailure | null;
  /** What a person should know of the host beside the state (a tool that undoes it, a way around it). Said in a check too. */
  warnings?(current: S | null, args: Static<A>): readonly string[];
  /** For a change that could make the host unreachable. */
  trial?(change: Change<S>, args: Static<A>): Trial | null;
}

/**
 * A change that the host itself takes back unless it is kept in time. The engine runs `begin` before the steps of the change, and when
 * they and the second look succeeded, `keep` over a second, new connection: which is the proof that the host can still be reached.
 */
export interface Trial {
  /** Remembers what is there and starts the host's own clock. */
  readonly begin: Step;
  /** Stops that clock. Exits other than 0 when the change was taken back already. */
  readonly keep: Sh;
  /** From when the change was made until the host takes it back; less where its clock starts with `begin`. */
  readonly seconds: number;
}

export interface Explanation {
  readonly path: string;
  readonly before: Sh;
  readonly after: string | Secret | Uint8Array;
}

export interface ModuleFailure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
}

/** Something that is done rather than held. Never re-probed, never "not converged". */
export interface Action<A extends TObject = TObject, R extends State = State> extends Described<A> {
  readonly kind: 'action';
  /** `world`: it depends on more than this host (a port elsewhere, a URL), so it is never asked in advance. */
  touches(args: Static<A>): Touches & { readonly world?: true };
  /** `parse` gives true when it is already done (`creates`, `unless`). Without a guard it is always to be done. */
  guard?(args: Static<A>): Probe<boolean> | null;
  run(args: Static<A>): readonly Step[];
  result(outputs: readonly Output[], args: Static<A>): R;
  /** Does doing it count as a change? wait_for: no; command: as declared. */
  changes(args: Static<A>): boolean;
  failure?(output: Output, args: Static<A>): ModuleFailure | null;
  /** Changes nothing anywhere, so that a check does it as well: assert, say. */
  readonly inCheck?: true;
  /** What a person is to read of it, whatever the report leaves out. */
  says?(result: R, args: Static<A>): string | null;
  /** Files that it brings from the host to the controller, from what its steps printed. */
  brings?(outputs: readonly Output[], args: Static<A>): readonly Brought[];
  /** For what makes the host go away and come back. */
  absence?(args: Static<A>): Absence | null;
}

/** A file for the controller; the engine writes it, whole or not at all. */
export interface Brought {
  /** Absolute. */
  readonly path: string;
  readonly content: Uint8Array;
}

/** A host that is away for a while: it is back when it lets us in, is another than before and is ready. */
export interface Absence {
  /** Prints what is another after the host was away, such as an id of its boot. */
  readonly identity: Sh;
  /** Exits 0 when the host may be worked with. */
  readonly ready: Sh;
  /** Until it must be back. */
  readonly seconds: number;
}

/** A module of either kind, with its types forgotten: what the engine holds. */
// biome-ignore lint/suspicious/noExplicitAny: the engine passes back to a module only what that module made
export type Module = Resource<any, any> | Action<any, any>;

export function defineResource<A extends TObject, S extends State>(
  resource: Omit<Resource<A, S>, 'kind'>,
): Resource<A, S> {
  return { kind: 'resource', ...resource };
}

export function defineAction<A extends TObject, R extends State>(action: Omit<Action<A, R>, 'kind'>): Action<A, R> {
  return { kind: 'action', ...action };
}

/** A file on the controller that an argument named: a playbook author writes a path, a module gets this. */
export interface Source {
  /** The path as it was written. */
  readonly path: string;
  /** The bytes of a `LocalFile`, the rendered text of a `TemplateFile`; a Secret when a secret went into it. */
  readonly content: string | Secret | Uint8Array;
  /** Of the content, lower-case hex. */
  readonly sha256: string;
  /** The file's permissions on the controller, four octal digits; of a `LocalPath` only. */
  readonly mode?: string;
}

/** A folder on the controller, with everything in it. */
export interface Tree {
  /** The path as it was written. */
  readonly path: string;
  /** Of the folder itself, four octal digits. */
  readonly mode: string;
  /** Folders before what is in them; every path is relative to the folder. */
  readonly entries: readonly TreeEntry[];
}

export type TreeEntry =
  | { readonly kind: 'directory'; readonly path: string; readonly mode: string }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  | {
      readonly kind: 'file';
      readonly path: string;
      readonly mode: string;
      readonly content: Uint8Array;
      readonly sha256: string;
    };

/** An argument that names a Handlebars template on the controller; the engine renders it. */
export const TemplateFile = (options: { description: string }): TUnsafe<Source> =>
  Type.Unsafe<Source>({ type: 'string', minLength: 1, 'x-source': 'template', ...options });

/** An argument that names a file on the controller, taken byte by byte. */
export const LocalFile = (options: { description: string }): TUnsafe<Source> =>
  Type.Unsafe<Source>({ type: 'string', minLength: 1, 'x-source': 'file', ...options });

/** An argument that names a file on the controller, taken byte by byte, or a folder with all that is in it. */
export const LocalPath = (options: { description: string }): TUnsafe<Source | Tree> =>
  Type.Unsafe<Source | Tree>({ type: 'string', minLength: 1, 'x-source': 'path', ...options });

/** A bare CEL condition of a playbook, evaluated. */
export interface Condition {
  /** As it was written. */
  readonly text: string;
  readonly holds: boolean;
}

/** An argument that is a list of bare CEL conditions. */
export const Conditions = (options: { description: string }): TUnsafe<readonly Condition[]> =>
  Type.Unsafe<readonly Condition[]>({
    type: 'array',
    items: { type: 'string', minLength: 1 },
    minItems: 1,
    'x-source': 'conditions',
    ...options,
  });

/** A place for a file on the controller. */
export interface Destination {
  /** Absolute. */
  readonly path: string;
  /** Of what is there now, lower-case hex; null when nothing is. */
  readonly sha256: string | null;
}

/** An argument that names a file on the controller which is to be written. */
export const LocalDestination = (options: { description: string }): TUnsafe<Destination> =>
  Type.Unsafe<Destination>({ type: 'string', minLength: 1, 'x-source': 'destination', ...options });
