import { createHash } from 'node:crypto';
import { type Static, Type } from 'typebox';
import { HailbookError } from '../../engine/errors.ts';
import {
  type Change,
  defineResource,
  type Explanation,
  LocalFile,
  type ModuleFailure,
  type Output,
  type Step,
} from '../../engine/plan/contract.ts';
import { Secret } from '../../engine/plan/secret.ts';
import { raw, type Sh, sh } from '../../engine/plan/sh.ts';
import { PathOnHost } from '../_file/args.ts';
import { readWith } from '../_file/probe.ts';
import { makeFolder, removePath, writeFile } from '../_file/steps.ts';
import { refusal } from '../_refusal/refusal.ts';
import { publicKey } from './key.ts';
import { FETCH_SHELL, LOOK } from './shell.ts';
import { pathsOf, preferencesOf, sourcesOf, sourcesThatName } from './sources.ts';

const Word = Type.String({ pattern: '^[A-Za-z0-9./][A-Za-z0-9.+~/_-]*$' });

export const args = Type.Object({
  name: Type.String({
    pattern: '^[a-z0-9][a-z0-9_-]*$',
    description: 'Its name on the host: that of its files below `/etc/apt`.',
  }),
  state: Type.Enum(['present', 'absent'], {
    default: 'present',
    description: 'Is it one of the host’s package sources?',
  }),
  uris: Type.Array(
    // A password in it would be everybody's to read.
    Type.String({ pattern: '^(https?://[^\\s/@]+(/[^\\s@]*)?|(file|copy):/\\S*)$' }),
    {
      default: [],
      description: 'Where it is, as `https://download.docker.com/linux/debian`. Several are mirrors of each other.',
    },
  ),
  suites: Type.Array(Word, {
    default: [],
    description: 'Its suites, as `bookworm`; a path that ends with a slash is one without components: `./`.',
  }),
  components: Type.Array(Word, { default: [], description: 'Its components, as `main`.' }),
  types: Type.Array(Type.Enum(['deb', 'deb-src']), {
    default: ['deb'],
    minItems: 1,
    description: 'Packages (`deb`) or their sources (`deb-src`).',
  }),
  architectures: Type.Array(Type.String({ pattern: '^[a-z0-9][a-z0-9-]*$' }), {
    default: [],
    description: 'Only these architectures. None: those of the host.',
  }),
  key: Type.Optional(
    LocalFile({ description: 'The public key that it is signed by: a file beside the playbook, armoured or not.' }),
  ),
  key_text: Type.Optional(Type.String({ minLength: 1, description: 'The same as an armoured text.' })),
  signed_by: Type.Optional(
    PathOnHost('The same as a file that the host has, as `/usr/share/keyrings/debian-archive-keyring.gpg`.'),
  ),
  priority: Type.Optional(
    Type.Integer({
      minimum: -32768,
      maximum: 32767,
      description:
        'Of all that comes from there: below 500 after the other sources, below 0 never by itself. Not given: 500.',
    }),
  ),
  check_valid_until: Type.Boolean({
    default: true,
    description: 'Is it refused when it says itself that it is out of date? `false` for a snapshot.',
  }),
});
export type Args = Static<typeof args>;

type Repository = {
  /** The text of its file in `/etc/apt/sources.list.d`. */
  readonly sources: string;
  /** The SHA-256 of its key in `/etc/apt/keyrings`, lower-case hex; empty when it has none of its own. */
  readonly key: string;
  /** The text of its file in `/etc/apt/preferences.d`. */
  readonly preferences: string;
  /** Files that name the same place and suite. */
  readonly also_in: readonly string[];
};

/** A source of packages for apt, and the key that it is signed by. */
export const aptRepository = defineResource<typeof args, Repository>({
  name: 'apt_repository',
  description: 'A source of packages for apt, and the key that it is signed by.',
  args,
  touches: ({ name, signed_by }) => ({
    reads: signed_by === undefined ? [] : [`file:${signed_by}`],
    writes: Object.values(pathsOf(name)).map((path) => `file:${path}` as const),
  }),
  probe: (given) => ({ script: look(given), parse: (stdout) => parse(stdout, given) }),
  desired,
  steps,
  explain,
  warnings: (current, { name, state }) =>
    state === 'present' && current && current.sources !== '' && current.also_in.length > 0
      ? [`${name} is named in ${current.also_in.join(', ')} too`]
      : [],
  failure,
});

function look({ name, uris }: Args): Sh {
  const { sources, key, preferences } = pathsOf(name);
  return sh`${raw(LOOK)}\nlook ${[sources, key, preferences, ...uris.map(bare)]}`;
}

const bare = (uri: string): string => uri.replace(/\/+$/, '');

function parse(stdout: string, given: Args): Repository | null {
  const all = stdout.split('\n');
  const rests = (word: string) => all.filter((line) => line.startsWith(word)).map((line) => line.slice(word.length));
  const text = (word: string) =>
    rests(word)
      .map((line) => `${line}\n`)
      .join('');
  const [sources, key, preferences] = [text('sources '), rests('key ')[0] ?? '', text('preferences ')];
  if (rests('end')[0] === undefined) throw new HailbookError('PROBE_FAILED', `the look broke off: ${stdout}`);
  const also_in = sourcesThatName(given, rests('other '));
  // What others say counts only beside what there is to say it of.
  if (sources === '' && key === '' && preferences === '' && (given.state === 'absent' || also_in.length === 0))
    return null;
  return { sources, key, preferences, also_in };
}

/** The key's bytes, when the task brings one. */
function keyOf({ key, key_text }: Args): Uint8Array | undefined {
  if (key_text !== undefined) return publicKey(key_text);
  if (key === undefined) return undefined;
  return publicKey(key.content instanceof Secret ? key.content.reveal() : key.content);
}

function desired(given: Args): Partial<Repository> | null {
  if (given.state === 'absent') return null;
  const { uris, suites, components, key, key_text, signed_by } = given;
  if (uris.length === 0 || suites.length === 0) throw wrong('`uris` and `suites` say where it is');
  const flat = suites.filter((suite) => suite.endsWith('/'));
  if (flat.length > 0 ? components.length > 0 || flat.length < suites.length : components.length === 0) {
    throw wrong('a suite has components, as `main`; only one that ends with a slash has none');
  }
  if ([key, key_text, signed_by].filter((one) => one !== undefined).length !== 1) {
    throw wrong('one of `key`, `key_text` and `signed_by` says what it is signed by');
  }
  const bytes = keyOf(given);
  return {
    sources: sourcesOf(given),
    key: bytes === undefined ? '' : createHash('sha256').update(bytes).digest('hex'),
    preferences: preferencesOf(given),
  };
}

const wrong = (message: string): HailbookError => new HailbookError('ARGS_INVALID', `apt_repository: ${message}`);

/** Fetched and verified with its key first; only then does apt on the host know of it, for a source that fails fails every update. */
function steps(change: Change<Repository>, given: Args): Step[] {
  const { sources, key, preferences } = pathsOf(given.name);
  if (change.kind === 'delete') return [sources, preferences, key].map(removePath);
  const others = change.kind === 'update' ? change.before.also_in : [];
  if (others.length > 0) {
    throw new HailbookError('REPOSITORY_REFUSED', `${others.join(', ')} names it already`, {
      hint: 'remove that file by a task before this one: apt takes no source twice with two keys',
    });
  }
  const { after } = change;
  const bytes = keyOf(given);
  const fields: readonly string[] = change.kind === 'update' ? change.fields : ['sources', 'key', 'preferences'];
  const fetches = fields.some((field) => field !== 'preferences');
  const as = { owner: 'root', group: 'root', mode: '0644' };
  return [
    ...(fetches ? [fetch(given, bytes)] : []),
    ...(bytes !== undefined && fields.includes('key')
      ? [makeFolder('/etc/apt/keyrings', {}), writeFile(key, bytes, as)]
      : []),
    ...(fields.includes('preferences') && after.preferences ? [writeFile(preferences, after.preferences, as)] : []),
    ...(fields.includes('sources') ? [writeFile(sources, after.sources ?? '', as)] : []),
    ...(fields.includes('key') && bytes === undefined ? [removePath(key)] : []),
    ...(fields.includes('preferences') && !after.preferences ? [removePath(preferences)] : []),
  ];
}

const fetch = (given: Args, bytes: Uint8Array | undefined): Step => ({
  script: sh`${raw(FETCH_SHELL)}\nfetch ${[sourcesOf(given), bytes === undefined ? '' : 'key']}`,
  ...(bytes === undefined ? {} : { stdin: bytes }),
  timeout: 1800,
});

function explain(change: Change<Repository>, { name }: Args): Explanation | null {
  if (change.kind === 'delete' || (change.kind === 'update' && !change.fields.includes('sources'))) return null;
  const path = pathsOf(name).sources;
  return { path, before: readWith(path, sh`cat`), after: change.after.sources ?? '' };
}

// apt 2.6 verifies by gpgv, apt 3.0 by sqv: each has words of its own.
const UNSIGNED =
  /NO_PUBKEY|BADSIG|EXPKEYSIG|REVKEYSIG|Missing key|is not signed|no longer signed|couldn't be verified|not bound|verification|Bad signature/i;

function failure(output: Output, { uris }: Args): ModuleFailure | null {
  const said = output.stderr.split('\n').find((line) => UNSIGNED.test(line));
  if (said !== undefined) {
    return {
      code: 'REPOSITORY_REFUSED',
      message: `${uris.join(', ')} is not signed by this key`,
      hint: 'Is it the key that the publisher names for this repository? Nothing was changed on the host.',
    };
  }
  if (/^E: .*(Failed to fetch|does not have a Release file|Some index files failed)/m.test(output.stderr)) {
    return {
      code: 'DOWNLOAD_FAILED',
      message: `${uris.join(', ')} does not have what the task asks for`,
      hint: 'The lines above say what is missing: is the suite right, and can the host reach it? Nothing was changed.',
    };
  }
  return refusal(output, { WAIT_TIMEOUT: 'Look at that process on the host; when it is done, run again.' });
}
