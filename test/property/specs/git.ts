import fc from 'fast-check';
import { lines, sh } from '../../../engine/index.ts';
import { defineSpec } from '../spec.ts';

const ROOT = '/srv/prop-git';
const REPO = `${ROOT}/repo.git`;

/** What git needs to know of a person. */
const AS = `export HOME=/nowhere GIT_AUTHOR_NAME=x GIT_AUTHOR_EMAIL=x GIT_COMMITTER_NAME=x GIT_COMMITTER_EMAIL=x
export GIT_AUTHOR_DATE=2024-01-01T00:00:00Z GIT_COMMITTER_DATE=2024-01-01T00:00:00Z`;
const MAKE = `${AS}
rm -rf ${ROOT}.made; mkdir ${ROOT}.made; cd ${ROOT}.made; git init -q -b main work; cd work
echo 1 >a; git add a; git commit -q -m 1; git tag plain; echo 2 >a; echo 2 >b; git add .; git commit -q -m 2; git tag -m x annotated
git branch other; echo 3 >a; git commit -q -a -m 3; cd ..; git clone -q --bare work repo.git`;
/** The commit of `plain`; nothing in it depends on the day. */
const COMMIT = '6f7d82ee4bc67b5437a0b268bfa342dc96e40bae';

const dest = fc.constantFrom(`${ROOT}/here`, `${ROOT}/over there`);
const args = fc
  .record({
    dest,
    version: fc.constantFrom(
      'HEAD',
      'main',
      'other',
      'plain',
      'annotated',
      'refs/heads/main',
      'refs/tags/plain',
      COMMIT,
    ),
    force: fc.boolean(),
    update: fc.constantFrom(true, true, true, false),
    clone: fc.constantFrom(true, true, true, false),
    bare: fc.constantFrom(false, false, false, false, true),
    owner: fc.constantFrom(undefined, undefined, 'daemon'),
    few: fc.constantFrom({}, {}, {}, { depth: 1 }, { single_branch: true }),
    repo: fc.constantFrom(REPO, REPO, `file://${REPO}`),
  })
  .map(({ owner, few, ...rest }) => ({ ...rest, ...few, ...(owner === undefined ? {} : { owner }) }));

const damage = fc.tuple(
  dest,
  fc.constantFrom(
    'echo mine >a',
    'rm -f a',
    'echo mine >notes',
    'echo mine >b; git add b',
    'git commit -q --allow-empty -m mine',
    'git checkout -q --detach HEAD; git commit -q --allow-empty -m mine',
    'git checkout -q -b mine',
    'git config remote.origin.url /elsewhere',
    'touch .git/hailbook-unfinished; rm -f a',
    'rm -rf .git',
    'rm -rf .git; rm -rf -- *; touch x',
  ),
);

export default defineSpec({
  module: 'git',
  prepare: `command -v git >/dev/null || { apt-get update -qq && apt-get install -y -qq git; } >/dev/null 2>&1
# An account may take from a repository of root's only what root says.
git config --system safe.directory '*'
${MAKE}`,
  fresh: `rm -rf ${ROOT}; mkdir ${ROOT}; cp -a ${ROOT}.made/repo.git ${REPO}`,
  before: fc.oneof(
    fc.constant(':'),
    args,
    fc.tuple(
      args,
      // By whoever's it is: what root leaves in a checkout is not its owner's to remove.
      damage.map(
        ([folder, script]) => `${AS}
${sh`cd ${folder} 2>/dev/null || exit 0`}
${sh`runuser -u "$(stat -c %U .)" -- /bin/sh -c ${script} 2>/dev/null || :`}`,
      ),
    ),
    fc.tuple(
      args,
      fc.constant(`cd ${REPO}; git update-ref refs/heads/main other; git update-ref refs/heads/later main`),
    ),
  ),
  args,
  sees: (given) => {
    const at = sh`[ -e ${given.dest} ]`;
    if (!given.clone) return lines(sh`[ ! -e ${given.dest} ] || exit 0`);
    if (!given.update) return lines(at);
    const here = sh`git -C ${given.dest}`;
    return lines(
      at,
      sh`wanted=$(git -C ${REPO} rev-parse ${`${given.version}^{commit}`})`,
      `[ "$(${here} rev-parse ${given.bare ? sh`${`${given.version}^{commit}`}` : 'HEAD'})" = "$wanted" ] || { ${here} log --oneline -3; exit 1; }` as typeof at,
      !given.bare && (`[ -z "$(${here} status --porcelain -uno)" ]` as typeof at),
      given.owner !== undefined && sh`[ "$(stat -c %U ${given.dest})" = ${given.owner} ]`,
    );
  },
  refuses: ['LOCAL_CHANGES', 'PATH_REFUSED'],
  cleanup: `git config --system --unset-all safe.directory; rm -rf ${ROOT} ${ROOT}.made`,
});
