import type { Change, Step } from '../../engine/plan/contract.ts';
import { Secret } from '../../engine/plan/secret.ts';
import { raw, type Sh, sh } from '../../engine/plan/sh.ts';
import { makeLink } from '../_file/steps.ts';
import type { Args } from './args.ts';
import { EXTRACT_SHELL } from './shell.ts';

export type Extracted = {
  /** The archive's file name; empty when the folder was not made from one. */
  readonly archive: string;
  /** `sha512:…` of the archive. */
  readonly checksum: string;
  readonly strip: number;
  /** What its marker knows: `content` or `sizes`. */
  readonly verify: string;
  /** Files of the archive that are gone or have another size or content. */
  readonly damaged: readonly string[];
  readonly owner: string;
  readonly group: string;
  /** Where `link` leads; empty when it is not there or not asked for. */
  readonly link: string;
  /** A run that was cut off left something beside it, or is still at work. */
  readonly unfinished: boolean;
};

/** Seconds for all of it. A server that gives nothing is left long before. */
const TIMEOUT = 4 * 3600;

/** What can be done without the archive. */
const ALONE: readonly string[] = ['owner', 'group', 'link', 'unfinished'];

/** From the folder as it is to the one that is wanted. */
export function steps(change: Change<Extracted>, given: Args): Step[] {
  const { dest, owner = '', group = '', link } = given;
  const call = (script: Sh): Step => ({ script: sh`${raw(EXTRACT_SHELL)}\n${raw(script)}` });
  if (change.kind === 'delete') {
    return [
      ...(link === undefined ? [] : [call(sh`settle ${link} unlead ${dest}`)]),
      { ...call(sh`settle ${dest} discard`), timeout: TIMEOUT },
    ];
  }
  const differs = (...fields: string[]) =>
    change.kind === 'create' || change.fields.some((field) => fields.includes(field));
  const switched = link !== undefined && differs('link') ? [makeLink(link, dest, { owner, group })] : [];
  if (change.kind === 'create' || change.fields.some((field) => !ALONE.includes(field)))
    return [extraction(given), ...switched];
  return [
    ...(differs('unfinished') ? [{ ...call(sh`settle ${dest} finish`), timeout: TIMEOUT }] : []),
    ...(differs('owner', 'group') ? [call(sh`settle ${dest} reown ${[owner, group]}`)] : []),
    ...switched,
  ];
}

function extraction(given: Args): Step {
  const { src, url, dest, strip, owner = '', group = '', verify, max_size, retries, timeout } = given;
  const [algorithm, sum] = expected(given);
  const bytes = src && Buffer.byteLength(src.content instanceof Secret ? src.content.reveal() : src.content);
  const { words: from, config } = connection(given);
  const words = [
    `algorithm=${algorithm}`,
    `expected=${sum}`,
    `file=${fileName(given)}`,
    `strip=${strip}`,
    `max=${inBytes(max_size)}`,
    `verify=${verify}`,
    `owner=${owner}`,
    `group=${group}`,
    ...(bytes === undefined ? [`retries=${retries}`, `patience=${timeout}`, ...from] : [`bytes=${bytes}`]),
  ];
  const script = sh`${raw(EXTRACT_SHELL)}\nsettle ${dest} extract ${[...words, '--', ...[url ?? []].flat()]}`;
  const stdin = src?.content ?? config;
  return { script, ...(stdin === undefined ? {} : { stdin }), timeout: TIMEOUT };
}

/** The proxy for everyone to read, or what only curl may read, on its stdin. */
function connection({ proxy, username, password }: Args): { words: string[]; config?: Secret } {
  const shown = proxy === undefined ? 'default' : proxy === '' ? 'none' : proxy;
  const hidden = text(proxy).includes('@') || (proxy as unknown) instanceof Secret;
  const config = [
    ...(hidden ? [`proxy = ${inQuotes(text(proxy))}`] : []),
    ...(username === undefined ? [] : [`user = ${inQuotes(`${username}:${text(password)}`)}`]),
  ];
  return {
    words: [`proxy=${hidden ? 'default' : shown}`],
    ...(config.length === 0 ? {} : { config: new Secret(`${config.join('\n')}\n`) }),
  };
}

/** The engine gives a Secret where the schema says that it may be one. */
const text = (value: string | Secret = ''): string => (value instanceof Secret ? value.reveal() : value);

/** A value in curl's configuration. */
const inQuotes = (value: string): string => `"${value.replace(/[\\"]/g, '\\$&')}"`;

const UNITS: Readonly<Record<string, number>> = { M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

const inBytes = (size: string): number => Number(size.slice(0, -1)) * (UNITS[size.slice(-1)] ?? 1);

export const isLiteral = (checksum: string): boolean => /^sha\d+:[0-9a-f]+$/i.test(checksum);

/** The algorithm, and the checksum or the URL of a file that has it. */
export function expected({ src, checksum = '' }: Args): [string, string] {
  if (src) return ['sha256', src.sha256];
  const text = checksum.slice('sha256:'.length);
  return [checksum.slice(0, 'sha256'.length), isLiteral(checksum) ? text.toLowerCase() : text];
}

export function fileName({ src, url = [] }: Args): string {
  const [first = ''] = [url].flat();
  return (src?.path ?? first.replace(/[?#].*/, '')).replace(/.*\//, '');
}
