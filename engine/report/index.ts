import type { RunEvent } from '../run/events.ts';
import { jsonLine } from './json.ts';
import { paintWith } from './paint.ts';
import { liveScreen, type Out, plainScreen, type Screen } from './terminal.ts';
import { View } from './view.ts';

export { answerJson, answerLines, pingLine, troubleLine } from './answers.ts';
export { clean } from './clean.ts';
export { jsonLine } from './json.ts';
export { compressNames } from './names.ts';
export { EXIT_MEANING } from './outcome.ts';
export { duration, paintWith } from './paint.ts';
export type { Screen } from './terminal.ts';

/** How a stream is written to. */
export interface OutOptions {
  readonly out: Out;
  /** A live view; plain lines otherwise. */
  readonly live: boolean;
  readonly colour: boolean;
}

export interface ReportOptions extends OutOptions {
  readonly format: 'text' | 'json';
  readonly verbose: boolean;
}

/** Tells a run to a person or a program. */
export interface Report {
  readonly emit: (event: RunEvent) => void;
  /** Leaves the terminal alone while a question is asked on it. */
  pause<T>(work: () => Promise<T>): Promise<T>;
  /** Ends a live view, also when the run broke off. */
  close(): void;
}

export function createScreen({ out, live, colour }: OutOptions): Screen {
  return live ? liveScreen(out, colour) : plainScreen(out);
}

export function createReport(options: ReportOptions): Report {
  if (options.format === 'json') {
    return {
      emit: (event) => void options.out.write(`${jsonLine(event)}\n`),
      pause: (work) => work(),
      close: () => {},
    };
  }
  const screen = createScreen(options);
  const view = new View(screen, paintWith(options.colour), options.verbose);
  return { emit: view.emit, pause: (work) => screen.pause(work), close: () => view.close() };
}
