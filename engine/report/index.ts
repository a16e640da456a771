import type { RunEvent } from '../run/events.ts';
import { jsonLine } from './json.ts';
import { paintWith } from './paint.ts';
import { liveScreen, type Out, plainScreen } from './terminal.ts';
import { View } from './view.ts';

export interface ReportOptions {
  readonly out: Out;
  readonly format: 'text' | 'json';
  /** A live view; plain lines otherwise. */
  readonly live: boolean;
  readonly colour: boolean;
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

export function createReport({ out, format, live, colour, verbose }: ReportOptions): Report {
  if (format === 'json') {
    return {
      emit: (event) => void out.write(`${jsonLine(event)}\n`),
      pause: (work) => work(),
      close: () => {},
    };
  }
  const screen = live ? liveScreen(out, colour) : plainScreen(out);
  const view = new View(screen, paintWith(colour), verbose);
  return { emit: view.emit, pause: (work) => screen.pause(work), close: () => view.close() };
}
