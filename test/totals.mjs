// Adds up vitest's JSON reports: the closing line `N passed, N failed` that every CI reads.
import { readFileSync } from 'node:fs';

const reports = process.argv.slice(2).map((file) => JSON.parse(readFileSync(file, 'utf8')));
const sum = (field) => reports.reduce((total, report) => total + report[field], 0);
// A file that could not even be loaded has no tests to count, and is a failure all the same.
const broken = reports.reduce(
  (total, report) =>
    total + report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0).length,
  0,
);
console.log(`${sum('numPassedTests')} passed, ${sum('numFailedTests') + broken} failed`);
