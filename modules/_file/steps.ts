import type { ErrorCode } from '../../engine/errors.ts';
import type { ModuleFailure, Output, Step } from '../../engine/plan/contract.ts';
import { raw, type Sh, sh } from '../../engine/plan/sh.ts';
import { refusal } from '../_refusal/refusal.ts';
import { FILE_SHELL } from './shell.ts';

/** Of a path; what is not given stays as it is, or becomes the acting account's. */
export interface Ownership {
  readonly owner?: string | undefined;
  readonly group?: string | undefined;
  readonly mode?: string | undefined;
}

const words = ({ mode = '', owner = '', group = '' }: Ownership): string[] => [mode, owner, group];

/** One call of the shell functions for `path`, as a script of its own. */
const settle = (path: string, call: Sh): Sh => sh`${raw(FILE_SHELL)}
settle ${path} ${raw(call)}`;

/** The whole file, from its first to its last byte, in one rename; its content is never readable by more than its mode says. */
export const writeFile = (path: string, content: NonNullable<Step['stdin']>, as: Ownership): Step => ({
  script: settle(path, sh`put ${words(as)} cat`),
  stdin: content,
});

/** The file as `command` makes it from its present text (stdin to stdout; nothing when absent), under a lock. */
export const editFile = (path: string, command: Sh, as: Ownership = {}): Step => ({
  script: settle(path, sh`edit ${words(as)} ${raw(command)}`),
});

export const adjust = (path: string, as: Ownership): Step => ({ script: settle(path, sh`adjust ${words(as)}`) });

export const makeFolder = (path: string, as: Ownership): Step => ({ script: settle(path, sh`folder ${words(as)}`) });

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
};

/** What the shell functions said before they gave up. */
export const fileFailure = (output: Output): ModuleFailure | null => refusal(output, HINTS);
