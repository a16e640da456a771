import { type Static, Type } from 'typebox';
import { HailbookError } from '../../engine/errors.ts';
import {
  type Change,
  defineResource,
  LocalFile,
  type Probe,
  type Step,
  type Touches,
} from '../../engine/plan/contract.ts';
import { sh } from '../../engine/plan/sh.ts';
import { noAccount } from '../_account/account.ts';
import { Account } from '../_file/args.ts';
import { fileFailure } from '../_file/steps.ts';
import { editInSsh, lookInSsh, parseInSsh } from '../_ssh/home.ts';
import { fingerprint, material, PUBLIC_KEY_PATTERN } from '../_ssh/key.ts';
import { EDIT, LOOK } from './awk.ts';
import { normalOptions, Options } from './options.ts';

const LINE = `${PUBLIC_KEY_PATTERN}( [^\\n\\0]*)?$`;

const args = Type.Object(
  {
    user: Account('The account that the keys may log in to.'),
    key: Type.Optional(
      Type.String({ description: 'A public key as a line without options: type, base64, comment.', pattern: LINE }),
    ),
    keys: Type.Optional(Type.Array(Type.String({ pattern: LINE }), { description: 'Several of them.', minItems: 1 })),
    file: Type.Optional(
      LocalFile({
        description: 'A file with such lines, as a `.pub` file is one; comments and empty lines do not count.',
      }),
    ),
    options: Type.Optional(Options),
    exclusive: Type.Optional(
      Type.Boolean({ description: 'No other key stays: all that are to log in must be in this one task.' }),
    ),
    state: Type.Enum(['present', 'absent'], { description: 'May they log in at all?', default: 'present' }),
  },
  {
    allOf: [
      {
        anyOf: [{ required: ['key'] }, { required: ['keys'] }, { required: ['file'] }],
        'x-message': 'needs key, keys or file',
      },
      {
        anyOf: [
          { not: { properties: { exclusive: { const: true } }, required: ['exclusive'] } },
          { not: { properties: { state: { const: 'absent' } }, required: ['state'] } },
        ],
        'x-message': 'exclusive is about keys that stay; these are to go',
      },
    ],
  },
);
type Args = Static<typeof args>;

type Authorized = {
  /** Of the wanted keys those that are there, as ssh-keygen names them; behind their options when those are asked for. */
  readonly keys: readonly string[];
  /** What else is there, when no other may be. */
  readonly others: readonly string[];
  /** Four octal digits: sshd ignores keys that others could change. */
  readonly home_mode: string;
  readonly folder_mode: string;
  readonly file_mode: string;
  readonly account: boolean;
};

/** Public keys in an account's `~/.ssh/authorized_keys`. */
export const authorizedKey = defineResource<typeof args, Authorized>({
  name: 'authorized_key',
  description: 'Public keys that may log in to an account.',
  args,
  touches,
  probe,
  desired,
  steps,
  failure: fileFailure,
  warnings,
});

/** The wanted lines, each key once. @throws HailbookError ARGS_INVALID for a line of the file that is no key */
function wantedLines({ key, keys = [], file }: Args): string[] {
  const lines = [...(key === undefined ? [] : [key]), ...keys, ...(file ? linesOf(file) : [])];
  return [...new Map(lines.map((line) => [material(line), line])).values()];
}

function linesOf({ path, content }: NonNullable<Args['file']>): string[] {
  const text = content instanceof Uint8Array ? new TextDecoder().decode(content) : String(content);
  const lines = text.split('\n').map((line, index) => ({ text: line.trim(), number: index + 1 }));
  const meant = lines.filter((line) => line.text !== '' && !line.text.startsWith('#'));
  const wrong = meant.find((line) => !new RegExp(LINE, 'u').test(line.text));
  const complaint = wrong ? `line ${wrong.number} is no public key` : meant.length === 0 ? 'it has no public key' : '';
  if (complaint)
    throw new HailbookError('ARGS_INVALID', `authorized_key.file: ${path}: ${complaint}`, {
      hint: 'a line is a type, base64 and a comment, as in a .pub file; options are an argument',
    });
  return meant.map((line) => line.text);
}

/** Below the file, so that two keys of one account do not disturb each other. */
function touches(given: Args): Touches {
  const file = `file:~${given.user}/.ssh/authorized_keys` as const;
  const each = wantedLines(given).map((line) => `${file}/${material(line)}` as const);
  return { reads: [`user:${given.user}`], writes: given.exclusive ? [file] : each };
}

const signs = ({ options = [] }: Args): string => (options.includes('cert-authority') ? '1' : '');

function probe(given: Args): Probe<Authorized | null> {
  const keys = wantedLines(given).map(material);
  return {
    script: lookInSsh(
      given.user,
      'authorized_keys',
      sh`stat -L -c %a .. . authorized_keys && exec 8<authorized_keys || exit
{ cat; cat <&8; } | SIGNS=${signs(given)} awk ${LOOK}`,
      sh`printf '%s\n' '' ${keys} ''`,
    ),
    parse: (stdout) => parse(stdout, given),
  };
}

function parse(stdout: string, given: Args): Authorized | null {
  const found = parseInSsh(stdout);
  if (found.is === 'absent') return null;
  if (found.is === 'no account')
    return { keys: [], others: [], home_mode: '', folder_mode: '', file_mode: '', account: false };
  const [home_mode = '', folder_mode = '', file_mode = ''] = found.lines.map((mode) => mode.padStart(4, '0'));
  const lines = found.lines.slice(3).map((line) => {
    const [whose = '', type = '', base64 = '', ...options] = line.split(' ');
    return { whose, key: `${type} ${base64}`, options: options.join(' ') };
  });
  const mine = lines.filter(({ whose }) => whose === 'mine').map(({ key, options }) => nameOf(key, given, options));
  const others = lines
    .filter(({ whose }) => whose === 'other')
    .map(({ key }) => (key === ' ' ? '?' : fingerprint(key)));
  return {
    // One key in two lines is one key, unless the two say different things.
    keys: given.options ? mine.sort() : [...new Set(mine)].sort(),
    others: given.exclusive ? others : [],
    home_mode,
    folder_mode,
    file_mode,
    account: true,
  };
}

const nameOf = (key: string, given: Args, options: string): string =>
  `${given.options && options ? `${normalOptions(options)} ` : ''}${fingerprint(key)}`;

function desired(given: Args, current: Authorized | null): Partial<Authorized> | null {
  if (given.state === 'absent') return current && { keys: [] };
  const options = (given.options ?? []).join(',');
  const keys = wantedLines(given).map((line) => nameOf(material(line), given, options));
  const modes = current?.account === false ? {} : { folder_mode: '0700', file_mode: '0600' };
  return { keys: keys.sort(), ...modes, ...(given.exclusive ? { others: [] } : {}) };
}

function steps(change: Change<Authorized>, given: Args): Step[] {
  if (change.kind === 'update' && !change.before.account) throw noAccount([given.user]);
  const flags = {
    SIGNS: signs(given),
    SET: given.options ? '1' : '',
    EXCLUSIVE: given.exclusive ? '1' : '',
    ABSENT: given.state === 'absent' ? '1' : '',
  };
  const words = Object.entries(flags).map(([name, value]) => `${name}=${value}`);
  // By stdin, because one word of a command cannot have more than 128 kB: a few hundred keys.
  const script = sh`{ cat <&7; cat; } | env ${words} awk ${EDIT}`;
  return [
    {
      script: editInSsh(given.user, 'authorized_keys', sh`/bin/sh -c ${script}`),
      stdin: `${[(given.options ?? []).join(','), ...wantedLines(given), ''].join('\n')}\n`,
    },
  ];
}

/** sshd_config(5), StrictModes. Debian's sshd lets the account's own group write, so only what everybody may is certain. */
function warnings(current: Authorized | null, { user }: Args): string[] {
  const open = current?.home_mode && (Number.parseInt(current.home_mode, 8) & 0o002) !== 0;
  return open ? [`sshd ignores these keys: others can write to the home of ${user} (mode ${current.home_mode})`] : [];
}
