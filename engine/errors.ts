/** A place in a text that a person wrote. Lines and columns count from 1; `text` is the whole source line. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly text?: string;
}

/** Every error that hailbook can name, with what it means. The list is closed: `docs/errors.md` is generated from it. */
export const ERROR_CODES = {
  USAGE: 'The command line is wrong.',
  YAML_SYNTAX: 'The file is not valid YAML.',
  YAML_TRAP: 'The YAML is valid but does not mean what it looks like.',
  KEYWORD_UNKNOWN: 'A play or task has a keyword that does not exist.',
  KEYWORD_INVALID: 'A keyword has a value of the wrong shape.',
  MODULE_UNKNOWN: 'A task names no module, an unknown one, or more than one.',
  ARGS_INVALID: "A module's arguments do not fit its schema.",
  EXPRESSION_INVALID: 'A CEL expression does not parse, or fails when it is evaluated.',
  VARIABLE_INVALID: 'A variable has a name that expressions cannot use.',
  VARIABLE_UNDEFINED: 'An expression or template names a variable that nothing defines.',
  TEMPLATE_INVALID: 'A Handlebars template does not parse or cannot be rendered.',
  FILE_MISSING: 'A file on the controller that a playbook names cannot be read.',
  PATTERN_EMPTY: 'A host pattern matches no host.',
  HANDLER_UNKNOWN: '`notify` names a handler that the play does not have.',
  INVENTORY_INVALID: 'The inventory does not describe hosts and groups.',
  INVENTORY_MISSING: 'There is no inventory to take hosts from.',
  INVENTORY_UNTRUSTED: 'The `inventory.yml` of the current folder was not named and may be of somebody else.',
  HOST_UNREACHABLE: 'No connection to the host could be made.',
  HOST_KEY_UNKNOWN: "The host's key is not in known_hosts.",
  HOST_KEY_CHANGED: "The host's key is not the one in known_hosts.",
  HOST_KEY_REVOKED: "The host's key is marked @revoked in known_hosts.",
  AUTH_FAILED: 'The host refused every way to log in.',
  BECOME_FAILED: 'The other user could not be become on the host.',
  CONNECTION_LOST: 'The connection ended in the middle of a request.',
  HOST_LOCKED: 'Another run is changing the host.',
  TIMEOUT: 'Something on the host took longer than it was allowed to.',
  PROBE_FAILED: "The host's state could not be looked at.",
  HANDLER_NOT_KEPT: 'The host could not write down which handlers a task notifies, so the task was not begun.',
  STEP_FAILED: 'A step on the host failed.',
  NOT_CONVERGED: 'The state is still not as desired after all steps succeeded: a bug in the module.',
  TAKEN_BACK:
    'A change that could make the host unreachable was not confirmed by a new connection, and the host took it back.',
  DEPENDENCY_FAILED: 'A value is missing because the task that gives it failed on its host.',
  UFW_LOCKOUT: 'The firewall rules would lock this controller out.',
  UFW_BYPASSED: "A rule that is not ufw's lets everything in before ufw is asked.",
  USER_MISMATCH: 'The account or group exists with an identity that a run must not change silently.',
  USER_BUSY: 'An account is in use, so that it cannot be changed or removed.',
  ACCOUNT_MISSING: 'A task needs an account or a group that the host does not have.',
  SECRET_INVALID: 'A secret that was made on the host is empty or too short.',
  PATH_REFUSED: 'A path on the host is not safe to follow.',
  PATH_MISSING: 'A file or folder that a task needs is not on the host.',
  LINE_UNCLEAR: 'A file leaves open which of its lines a task means.',
  VALIDATION_FAILED: 'The command that a task has for judging a new file does not accept it.',
  PACKAGE_UNAVAILABLE: 'The release offers none of the wanted packages.',
  PACKAGE_REFUSED:
    'A package would be downgraded, removed, or changed although it is held, and the task does not say that it may.',
  REPOSITORY_REFUSED: 'A source of packages is not signed by its key, or another file on the host names it too.',
  DOWNLOAD_FAILED: 'None of the addresses gave the file.',
  CHECKSUM_MISMATCH: 'A download is not what its checksum says.',
  ARCHIVE_UNSAFE: 'An archive would write outside its folder, or more than it may.',
  REPOSITORY_FAILED: 'A repository could not be asked, or lacks what is wanted.',
  LOCAL_CHANGES: 'Something on the host was changed by hand, and that would be lost.',
  DISK_FULL: 'There is not enough room on the host.',
  PROGRAM_MISSING: 'A program that a module needs is not on the host.',
  SERVICE_FAILED: 'A service did not reach or keep its state.',
  ASSERTION_FAILED: 'A condition that `assert` names does not hold.',
  STOPPED: 'The playbook itself stopped the host, by `fail`.',
  FETCH_FAILED: 'A file could not be brought from a host to the controller.',
  HOST_NOT_BACK: 'A host that was rebooted did not come back in time.',
  WAIT_TIMEOUT: 'What was waited for did not come.',
  LAB_REQUIREMENTS: 'This machine lacks packages or rights that the lab needs.',
  LAB_CLASH: 'A subnet, bridge or folder that the lab wants is taken.',
  LAB_DOWN: 'The lab is not running.',
  LAB_FAILED: 'The lab could not be raised or cleaned up.',
  INTERNAL: 'A bug in hailbook.',
} as const satisfies Record<string, string>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** The host itself is out of reach, rather than a task wrong: it counts as unreachable. */
const LOSSES: readonly ErrorCode[] = [
  'HOST_UNREACHABLE',
  'HOST_KEY_UNKNOWN',
  'HOST_KEY_CHANGED',
  'HOST_KEY_REVOKED',
  'AUTH_FAILED',
  'CONNECTION_LOST',
];

export function isLoss({ code }: HailbookError): boolean {
  return LOSSES.includes(code);
}

export interface ErrorDetail {
  /** Where in the user's text; shown with the line and a caret. */
  readonly place?: Place | undefined;
  /** What to do about it, one line. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

/** An error that a person can act on: a code, where, what, and the remedy. */
export class HailbookError extends Error {
  override readonly name = 'HailbookError';
  readonly code: ErrorCode;
  readonly place: Place | undefined;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, detail: ErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.code = code;
    this.place = detail.place;
    this.hint = detail.hint;
  }

  /** The same error at a place, unless it has one already. */
  at(place: Place | undefined): HailbookError {
    if (this.place || !place) return this;
    return new HailbookError(this.code, this.message, { place, hint: this.hint, cause: this.cause });
  }
}

/** Everything that is wrong with an input, all at once; nothing was contacted. Exit code 4. */
export class InvalidInput extends Error {
  override readonly name = 'InvalidInput';
  readonly problems: readonly HailbookError[];

  constructor(problems: readonly HailbookError[]) {
    super(problems.map((problem) => `${problem.code} ${problem.message}`).join('\n'));
    this.problems = problems;
  }
}

/** `file:line:column CODE message`, then the source line with a caret, then the remedy. */
export function formatError(error: HailbookError): string {
  const { place, hint } = error;
  const head = `${place ? `${place.file}:${place.line}:${place.column} ` : ''}${error.code} ${error.message}`;
  const excerpt =
    place?.text === undefined
      ? []
      : [`    ${place.text}`, `    ${place.text.slice(0, place.column - 1).replace(/\S/g, ' ')}^`];
  return [head, ...excerpt, ...(hint ? [`  ${hint}`] : [])].join('\n');
}

/** Any thrown value as one of ours; what we did not foresee is a bug and says so. */
export function asHailbookError(error: unknown): HailbookError {
  if (error instanceof HailbookError) return error;
  if (error instanceof InvalidInput && error.problems[0]) return error.problems[0];
  const message = error instanceof Error ? error.message : String(error);
  return new HailbookError('INTERNAL', message, { cause: error, hint: 'This is a bug in hailbook; please report it.' });
}

/** The nearest of `candidates` within a third of the word's length (Levenshtein), for "did you mean". */
function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    // Who mistypes seldom does so at the first letter: `source` is no `force`.
    if (distance > 1 && word[0]?.toLowerCase() !== candidate[0]?.toLowerCase()) continue;
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** `; did you mean "x"?`, or nothing. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const match = nearest(word, candidates);
  return match === undefined ? '' : `; did you mean "${match}"?`;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
