import { openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { ReadStream, WriteStream } from 'node:tty';
import { HailbookError } from '../errors.ts';
import { Secret } from '../plan/secret.ts';
import { Interrupted } from './interrupt.ts';

/**
 * Asks for a secret on the terminal, whatever stdin and stdout are connected to; nothing of it is echoed.
 * @throws HailbookError USAGE when there is no terminal to ask on; Interrupted on Ctrl-C
 */
export async function askSecret(question: string, remedy: string): Promise<Secret> {
  const terminal = openTerminal(question, remedy);
  // In terminal mode readline switches the echo off and "shows" each key on its output: one that says nothing.
  const muted = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input: terminal.input, output: muted, terminal: true });
  // Only now: what is typed as soon as the question is read must not be echoed either.
  terminal.output.write(`${question}: `);
  try {
    const text = await new Promise<string>((resolve, reject) => {
      reader.once('line', resolve);
      reader.once('SIGINT', () => reject(new Interrupted()));
      reader.once('close', () => reject(new HailbookError('USAGE', `${question}: no answer was given`)));
    });
    return new Secret(text);
  } finally {
    reader.close();
    terminal.output.write('\n');
    terminal.close();
  }
}

function openTerminal(question: string, remedy: string): { input: ReadStream; output: WriteStream; close(): void } {
  let input: number;
  let output: number;
  try {
    input = openSync('/dev/tty', 'r');
    output = openSync('/dev/tty', 'w');
  } catch (cause) {
    throw new HailbookError('USAGE', `${question} is needed, and there is no terminal to ask on`, {
      hint: remedy,
      cause,
    });
  }
  const streams = { input: new ReadStream(input), output: new WriteStream(output) };
  return {
    ...streams,
    close() {
      streams.input.destroy();
      streams.output.destroy();
    },
  };
}
