// Writes docs/full-run.md: what the last `npm run e2e:full` came to, from vitest's JSON reports and the tally of the property tests.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { basename, relative } from 'node:path';

const [tally = '', ...reports] = process.argv.slice(2);
const git = (...args) => execFileSync('git', args, { encoding: 'utf8' }).trim();
const table = (rows) => rows.map((row) => `| ${row.join(' | ')} |`).join('\n');

const files = reports.flatMap((file) => {
  const { testResults } = JSON.parse(readFileSync(file, 'utf8'));
  return testResults.map((result) => ({ ...result, project: basename(file, '.json') }));
});
const count = ({ assertionResults }, status) => assertionResults.filter((one) => one.status === status).length;
const failed = (file) => Math.max(count(file, 'failed'), file.status === 'failed' ? 1 : 0);
const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
const seconds = (file) => Math.max(0, Math.round((file.endTime - file.startTime) / 1000));

const lab = files.filter(({ project }) => project !== 'unit');
const unit = files.filter(({ project }) => project === 'unit');
const rowOf = (name, some) => [
  name,
  sum(some.map((file) => count(file, 'passed'))),
  sum(some.map(failed)),
  sum(some.map(seconds)),
];

const properties = existsSync(tally)
  ? readFileSync(tally, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
  : [];
const release = /VERSION="(.*)"/.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
const changed = git('status', '--porcelain') === '' ? '' : ', with changes that are not in it';

writeFileSync(
  'docs/full-run.md',
  `# The last full run

Written by \`npm run e2e:full\`: everything that \`npm test\` does, with more of it where chance plays a part.

${new Date().toISOString().slice(0, 10)}, commit ${git('rev-parse', '--short', 'HEAD')} (${git('log', '-1', '--format=%s')})${changed}, on Debian ${release} with
${cpus().length} cores: **${sum(files.map((file) => count(file, 'passed')))} passed, ${sum(files.map(failed))} failed**.

${table([
  ['tests', 'passed', 'failed', 'seconds'],
  ['---', '--:', '--:', '--:'],
  rowOf('without hosts', unit),
  ...lab.map((file) => rowOf(relative('.', file.name), [file])),
])}

## Properties

Random states and arguments on a lab host: see [test/property](../test/property/README.md). \`changed\`, \`ok\` and \`refused\` say what the cases were;
each of them held.

${table([
  ['module', 'release', 'cases', 'changed', 'ok', 'refused', 'seed', 'seconds'],
  ['---', '---', '--:', '--:', '--:', '--:', '--:', '--:'],
  ...properties.map((one) => [
    one.module,
    one.release,
    one.cases,
    one.changed,
    one.ok,
    one.refused,
    one.seed,
    one.seconds,
  ]),
])}
`,
);
