import { type Static, Type } from 'typebox';
import { Account, PathOnHost } from '../_file/args.ts';

// No word of these can be an option of git or ssh, or name a helper that runs a command (`ext::`); a password would be
// for everyone to read, in the arguments of git and in its configuration.
const URL = '(https?|ssh|git)://([A-Za-z0-9_][A-Za-z0-9._~%+-]*@)?[A-Za-z0-9\\[][^\\s/@]*(/\\S*)?';
const OVER_SSH = '[A-Za-z0-9_][A-Za-z0-9._-]*@[A-Za-z0-9][A-Za-z0-9.-]*:[^\\s:-]\\S*';
const ON_HOST = '(file://)?/[^\\n\\0]+';

export const args = Type.Object({
  repo: Type.String({
    pattern: `^(${URL}|${OVER_SSH}|${ON_HOST})$`,
    description:
      'The repository: `https://…`, `ssh://…`, `git://…`, `name@host:path`, or a path on the host. Without a password in it.',
  }),
  dest: PathOnHost('The folder of the checkout. It may be there already if it is one, or empty.'),
  version: Type.String({
    default: 'HEAD',
    pattern: '^(?!-)(?!.*(\\.\\.|@\\{|//|\\.lock$))[^\\s~^:?*\\[\\\\\\x00-\\x1f\\x7f]+(?<![/.])$',
    description:
      'A branch, a tag, a full commit hash, or a ref such as `refs/pull/7/head`. `HEAD`: the branch that the repository is on. Only a hash is looked at without asking the repository.',
  }),
  remote: Type.String({
    default: 'origin',
    pattern: '^(?!.*(\\.\\.|\\.lock$))[A-Za-z0-9][A-Za-z0-9._-]*$',
    description: 'What the repository is called in the checkout.',
  }),
  depth: Type.Optional(
    Type.Integer({ minimum: 1, description: 'How many commits of history come along. Not given: all.' }),
  ),
  single_branch: Type.Boolean({ default: false, description: 'Only what leads to `version` comes along.' }),
  recursive: Type.Boolean({ default: true, description: 'Submodules, too, as the checkout wants them.' }),
  force: Type.Boolean({
    default: false,
    description: 'Throw away changed files and commits that are only here. Without it they are an error.',
  }),
  update: Type.Boolean({
    default: true,
    description: '`false`: a checkout that is there stays at the commit that it is at.',
  }),
  clone: Type.Boolean({ default: true, description: '`false`: a checkout that is not there is not made.' }),
  bare: Type.Boolean({
    default: false,
    description: 'A repository without files: all branches and tags, as a copy for others to clone from.',
  }),
  key_file: Type.Optional(
    PathOnHost(
      'A private SSH key on the host to log in with, and no other. The host key has to be known there: `known_host`.',
    ),
  ),
  owner: Type.Optional(
    Account('Whose checkout it is; git runs as this account. Not given: the acting account, or whose folder it is.'),
  ),
});
export type Args = Static<typeof args>;

/** A whole SHA-1 or SHA-256. */
export const isHash = (version: string): boolean => /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(version);
