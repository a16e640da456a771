import { clean, createReport, createScreen, type OutOptions, type Report, type Screen } from '../report/index.ts';
import type { ReportFlags } from './options.ts';

/** Columns below which a live view is no help. */
const NARROWEST = 20;

/** Colours and a live view are for a person in front of a terminal. CI often has a terminal, but nobody looks at it. */
function outOptions(stream: NodeJS.WriteStream): OutOptions {
  const terminal = stream.isTTY === true && process.env.TERM !== 'dumb';
  const ci = process.env.CI ?? '';
  return {
    out: stream,
    // A terminal without a size (0 columns: serial lines, some recorders) cannot be drawn on: ora would never stop clearing lines.
    live: terminal && stream.columns >= NARROWEST && (ci === '' || ci === 'false'),
    // https://no-color.org: any value that is not empty
    colour: terminal && !process.env.NO_COLOR,
  };
}

export function hasColour(): boolean {
  return outOptions(process.stdout).colour;
}

/** A run's report on stdout. */
export function reportOut({ json = false, verbose = false }: ReportFlags): Report {
  return createReport({ ...outOptions(process.stdout), format: json ? 'json' : 'text', verbose });
}

/** Lines on stdout, with what is going on below them. */
export function screenOut(): Screen {
  return createScreen(outOptions(process.stdout));
}

/** A remark that is not part of the answer: which inventory is used, where a playbook is from. */
export function say(line: string): void {
  process.stderr.write(`${clean(line)}\n`);
}
