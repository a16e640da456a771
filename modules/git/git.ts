import { HailbookError } from '../../engine/errors.ts';
import { type Change, defineResource, type Step } from '../../engine/plan/contract.ts';
import { raw, type Sh, sh } from '../../engine/plan/sh.ts';
import { accountKeys } from '../_file/content.ts';
import { makeFolder } from '../_file/steps.ts';
import { refusal } from '../_refusal/refusal.ts';
import { type Args, args, isHash } from './args.ts';
import { GIT_SHELL } from './shell.ts';

type Checkout = {
  /** Where its remote leads. */
  readonly repo: string;
  /** What is checked out; of a bare repository what it has as the version. Empty: nothing yet. */
  readonly commit: string;
  /** The branch that it is on; empty when on none. */
  readonly branch: string;
  /** The commit that the version is in the repository; empty when that was not asked. */
  readonly latest: string;
  /** The branch that the version is there; empty when it is none, or that was not asked. */
  readonly follows: string;
  /** Changed files, in a submodule too. */
  readonly modified: readonly string[];
  /** Commits that would be lost because they are only here. */
  readonly alone: number;
  /** Submodules that are not at the commit that they should be at. */
  readonly submodules: readonly string[];
  /** Of a bare repository: branches and tags that are others than in the repository. */
  readonly behind: readonly string[];
  /** Only a part of the history is here. */
  readonly shallow: boolean;
  readonly bare: boolean;
  readonly owner: string;
  /** A run was cut off in the middle. */
  readonly unfinished: boolean;
};

/** A checkout of a repository. */
export const git = defineResource<typeof args, Checkout>({
  name: 'git',
  description: 'A checkout of a git repository at a branch, a tag or a commit.',
  args,
  touches: ({ dest, owner, key_file }) => ({
    reads: [...accountKeys(owner), ...(key_file === undefined ? [] : [`file:${key_file}` as const])],
    writes: [`tree:${dest}`],
  }),
  probe: (given) => ({ script: look(given), parse: (stdout) => parse(stdout, given) }),
  desired,
  steps,
  failure: (output) => refusal(output, HINTS),
});

const HINTS = {
  PROGRAM_MISSING: 'Install that package before, by a task with apt.',
  REPOSITORY_FAILED:
    'Can the host itself reach it? A private one needs key_file, and its host key has to be known there: see known_host.',
  LOCAL_CHANGES: 'Save them elsewhere, or throw them away by force: true.',
};

const words = ({ repo, key_file = '', version, remote, depth, single_branch, recursive }: Args): string[] => [
  `repo=${repo}`,
  `key=${key_file}`,
  `version=${version}`,
  `remote=${remote}`,
  // Of a part of the history there is one end.
  `single=${single_branch || depth !== undefined}`,
  `recursive=${recursive}`,
];

/** A commit that is named by its hash is what it is; everything else only the repository knows. */
const asksRepository = ({ update, version }: Args): boolean => update && !isHash(version);

const look = (given: Args): Sh => sh`if [ ! -e ${given.dest} ] && [ ! -L ${given.dest} ]; then echo absent; exit; fi
${raw(GIT_SHELL)}
settle ${`${given.dest}/.`} look ${[...words(given), `online=${asksRepository(given)}`]}`;

/** Names that an error or a report has of many. */
const NAMED = 10;

function parse(stdout: string, given: Args): Checkout | null {
  const all = stdout.split('\n');
  if (all[0] === 'absent' || all.includes('empty')) return null;
  if (all.includes('foreign'))
    throw refused(`${given.dest} is there and is no checkout`, 'move it away or name another folder');
  const rests = (word: string) =>
    all.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));
  const first = (word: string) => rests(word)[0] ?? '';
  const some = (word: string) => {
    const names = rests(word);
    return names.length > NAMED ? [...names.slice(0, NAMED), `and ${names.length - NAMED} more`] : names;
  };
  if (first('owner') === '') throw new HailbookError('PROBE_FAILED', `the checkout could not be looked at: ${stdout}`);
  return {
    repo: first('repo'),
    commit: first('commit'),
    branch: first('branch'),
    ...inRepository(rests('remote'), given.version),
    modified: some('modified'),
    alone: Number(first('alone')),
    submodules: some('submodule'),
    behind: some('behind'),
    shallow: first('shallow') === 'true',
    bare: all.includes('bare'),
    owner: first('owner'),
    unfinished: all.includes('unfinished'),
  };
}

const refused = (message: string, hint: string): HailbookError => new HailbookError('PATH_REFUSED', message, { hint });

/** From `HASH<tab>REF`, and `ref: BRANCH<tab>HEAD` for where HEAD leads. A branch goes before a tag of the same name, as for git. */
function inRepository(lines: readonly string[], version: string): Pick<Checkout, 'latest' | 'follows'> {
  const found = new Map(lines.map((line) => [line.split('\t')[1] ?? '', line.split('\t')[0] ?? '']));
  const [head = ''] = lines.flatMap((line) => /^ref: refs\/heads\/(.*)\tHEAD$/.exec(line)?.[1] ?? []);
  const commit = lines.find((line) => /^[0-9a-f]+\tHEAD$/.test(line))?.split('\t')[0] ?? '';
  if (version === 'HEAD') return { latest: commit, follows: head };
  const branch = version.replace(/^refs\/heads\//, '');
  const tip = found.get(`refs/heads/${branch}`);
  if (tip !== undefined) return { latest: tip, follows: branch };
  // What an annotated tag is of stands behind it.
  const latest =
    found.get(`refs/tags/${version}^{}`) ??
    found.get(`refs/tags/${version}`) ??
    found.get(`${version}^{}`) ??
    found.get(version) ??
    '';
  return { latest, follows: '' };
}

function desired(given: Args, current: Checkout | null): Partial<Checkout> | null {
  const { repo, dest, version, depth, recursive, force, update, clone, bare, owner } = given;
  if (!current) return clone ? { repo } : null;
  if (owner !== undefined && owner !== current.owner) {
    throw refused(`${dest} belongs to ${current.owner}, not to ${owner}`, 'name its owner, or move it away');
  }
  if (current.unfinished && current.repo === '') return { unfinished: false };
  if (bare !== current.bare) {
    throw refused(
      `${dest} is ${current.bare ? 'a bare repository' : 'a checkout with files'}`,
      'move it away or name another folder',
    );
  }
  if (!update) return { unfinished: false };
  const commit = isHash(version) ? version : current.latest;
  if (commit === '') throw new HailbookError('REPOSITORY_FAILED', `${repo} has no branch or tag ${version}`);
  const moves = commit !== current.commit || (current.follows !== '' && current.follows !== current.branch);
  if (!force && !current.unfinished) refuseLoss(current, dest, moves);
  return {
    repo,
    commit,
    unfinished: false,
    ...(current.follows === '' ? {} : { branch: current.follows }),
    ...(bare ? { behind: [] } : { modified: [], ...(recursive ? { submodules: [] } : {}) }),
    ...(depth === undefined ? { shallow: false } : {}),
  };
}

/** @throws HailbookError LOCAL_CHANGES when somebody's work would be lost */
function refuseLoss({ modified, alone }: Checkout, dest: string, moves: boolean): void {
  const what = modified.length > 0 ? `changed files: ${modified.join(', ')}` : `${alone} commits that are nowhere else`;
  if (modified.length > 0 || (alone > 0 && moves))
    throw new HailbookError('LOCAL_CHANGES', `${dest} has ${what}`, { hint: HINTS.LOCAL_CHANGES });
}

function steps(change: Change<Checkout>, given: Args): Step[] {
  const { dest, version, depth = '', bare, force, owner } = given;
  const more = [`hash=${isHash(version)}`, `bare=${bare}`, `force=${force}`, `depth=${depth}`];
  const script = sh`${raw(GIT_SHELL)}\nsettle ${`${dest}/.`} checkout ${[...words(given), ...more]}`;
  return [...(change.kind === 'create' ? [makeFolder(dest, { owner })] : []), { script, timeout: 3600 }];
}
