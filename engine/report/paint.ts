import { styleText } from 'node:util';
import type { Status } from '../run/events.ts';

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan' | 'magenta';
/** Colours a text, or leaves it as it is where colour is off. */
export type Paint = (style: Style, text: string) => string;

export function paintWith(colour: boolean): Paint {
  // Who calls has looked at the stream that it writes to; styleText would look at stdout by itself.
  return colour ? (style, text) => styleText(style, text, { validateStream: false }) : (_style, text) => text;
}

/** How each status looks; the sign and the word say it without colour. */
export const LOOK: Readonly<Record<Status, { sign: string; style: Style }>> = {
  ok: { sign: '✔', style: 'green' },
  changed: { sign: '~', style: 'yellow' },
  assumed: { sign: '≈', style: 'cyan' },
  unknown: { sign: '?', style: 'magenta' },
  skipped: { sign: '-', style: 'dim' },
  failed: { sign: '✖', style: 'red' },
  ignored: { sign: '!', style: 'yellow' },
  unreachable: { sign: '✖', style: 'red' },
};

/** In a check nothing is changed: the report must not say so. */
export function statusWord(status: Status, mode: 'run' | 'check'): string {
  return status === 'changed' && mode === 'check' ? 'would change' : status;
}

/** `0.4 s`, `41 s`, `2 min 05 s`. */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
}

/** `1 host`, `4 hosts`. */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
