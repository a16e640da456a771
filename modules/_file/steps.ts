import type { ErrorCode } from '../../engine/errors.ts';
import type { ModuleFailure, Output, Step } from '../../engine/plan/contract.ts';
import { Secret } from '../../engine/plan/secret.ts';
import { raw, type Sh, sh } from '../../engine/plan/sh.ts';
import { refusal } from '../_refusal/refusal.ts';
import { FILE_SHELL } from './shell.ts';

/** Of a path; what is not given stays as it is, or becomes the acting account's. */
export interface Ownership {
  readonly owner?: string | undefined;
  readonly group?: string | undefined;
  readonly mode?: string | undefined;
}

/** How a file is replaced. */
export interface Manner {
  /** What a link at the path leads to is written, in place of the link. */
  readonly follow?: boolean | undefined;
  /** What was there stays under another name. */
  readonly backup?: boolean | undefined;
  /** A command that judges the new file; `%s` is its path. */
  readonly validate?: readonly string[] | undefined;
}

const words = ({ mode = '', owner = '', group = '' }: Ownership): string[] => [mode, owner, group];

/** One call of the shell functions for `path`, as a script of its own. */
const settle = (path: string, call: Sh, { follow }: Manner = {}, shell = FILE_SHELL): Sh => sh`${raw(shell)}
settle ${path} ${raw(follow ? sh`follow ` : sh``)}${raw(call)}`;

/** What stands before `put` and `edit`. What a check prints of a secret text is not shown. */
export function manner({ backup, validate }: Manner, secret = false): Sh {
  if (!backup && !validate) return sh``;
  const check = validate ? validate.map(checkWord).join(' ') + (secret ? ' >/dev/null 2>&1' : '') : '';
  return sh`with ${[backup ? '1' : '', check]} `;
}

/** One word of the check's command: `%s` is its first argument. */
const checkWord = (word: string): Sh =>
  word
    .split('%s')
    .map((part) => (part === '' ? sh`` : sh`${part}`))
    .reduce((text, part) => sh`${raw(text)}"$1"${raw(part)}`);

/** The whole file, from its first to its last byte, in one rename; its content is never readable by more than its mode says. */
export const writeFile = (
  path: string,
  content: NonNullable<Step['stdin']>,
  as: Ownership,
  how: Manner = {},
): Step => ({
  script: settle(path, sh`${raw(manner(how, content instanceof Secret))}put ${words(as)} cat`, how),
  stdin: content,
});

/** What an edit brings along. */
interface Means {
  /** Other shell functions than those of `_file` alone. */
  readonly shell?: Sh;
  /** For the command, as its file descriptor 7. */
  readonly stdin?: string | Secret;
}

/** The file as `command` makes it from its present text (stdin to stdout; nothing when absent), under a lock. */
export function editFile(path: string, command: Sh, as: Ownership = {}, how: Manner = {}, means: Means = {}): Step {
  const { shell = FILE_SHELL, stdin } = means;
  const script = settle(
    path,
    sh`${raw(manner(how, stdin instanceof Secret))}edit ${words(as)} ${raw(command)}`,
    how,
    shell,
  );
  return stdin === undefined ? { script } : { script: sh`exec 7<&0\n${raw(script)}`, stdin };
}

export const adjust = (path: string, as: Ownership, how: Manner = {}): Step => ({
  script: settle(path, sh`adjust ${words(as)}`, how),
});

export const makeFolder = (path: string, as: Ownership, how: Manner = {}): Step => ({
  script: settle(path, sh`folder ${words(as)}`, how),
});

export const makeLink = (path: string, target: string, { owner = '', group = '' }: Ownership): Step => ({
  script: settle(path, sh`link ${[target, owner, group]}`),
});

export const removePath = (path: string): Step => ({ script: settle(path, sh`gone`) });

/** The script in a shell of that account, from a root shell or one that is that account's already; stdin goes through. */
export function asUser(user: string, script: Sh): Sh {
  return sh`set -- /bin/sh -c ${script}
[ "$(id -un)" = ${user} ] || set -- runuser -u ${user} -- "$@"
"$@"`;
}

const HINTS: Partial<Record<ErrorCode, string>> = {
  PATH_REFUSED: 'let root (or one account and nobody else) own every folder on the way, or choose another path',
  VALIDATION_FAILED: 'what the command says of the new file stands above, unless a secret is in it',
};

/** What the shell functions said before they gave up. */
export const fileFailure = (output: Output): ModuleFailure | null => refusal(output, HINTS);
