import { StringDecoder } from 'node:string_decoder';
import { stripVTControlCharacters } from 'node:util';
import type { Reply } from './connection.ts';

/** Bytes of each stream that are kept of one record; a host can print 50 MB in a third of a second. */
export const OUTPUT_LIMIT = 8 * 1024 * 1024;
/** Bytes that are kept of all records of a request together, so that no host can take this side's memory from the others. */
export const REQUEST_LIMIT = 256 * 1024 * 1024;
const LINE_LIMIT = 1024;
/** Bytes of a mark behind its token; a host that sends more without an end has forged it. */
const MARK_LIMIT = 64;

const NO_CODE = -1;

/** Gets the last line that a record printed, and which of its request it is. */
export type OnLine = (line: string, index: number) => void;

/** Where a request's answer stands, while its bytes come in. */
export class Replies {
  /** The process to end if the request must be stopped, once it has started. */
  pid: string | undefined;
  /** The exit code of the shell, once it has said that it ends. */
  ended: number | undefined;
  readonly #records: { stdout: Capture; stderr: Capture; code?: number | 'skipped'; marks: number }[];
  readonly #streams: { stdout: MarkedStream; stderr: MarkedStream };
  readonly #progress: () => void;
  #answered = 0;
  #ends = 0;

  /** `progress` is called when the request has started and after each record; `onLine` for the records that `tells` names. */
  constructor(
    token: string,
    count: number,
    progress: () => void,
    onLine?: OnLine,
    tells: (index: number) => boolean = () => true,
  ) {
    const room = { left: REQUEST_LIMIT };
    const capture = (): Capture => new Capture(room);
    this.#records = Array.from({ length: count }, () => ({ stdout: capture(), stderr: capture(), marks: 0 }));
    this.#progress = progress;
    const stream = (name: 'stdout' | 'stderr'): MarkedStream => {
      let current = -1;
      const lines = onLine ? new LastLine((line) => onLine(line, current)) : undefined;
      return new MarkedStream(
        token,
        (bytes) => {
          // What comes before the start mark is noise of the login: a profile's echo, sudo's complaints.
          this.#records[current]?.[name].add(bytes);
          if (current >= 0 && tells(current)) lines?.add(bytes);
        },
        (label, value) => {
          if (label === 'ended') {
            this.#end(Number(value));
            return;
          }
          current += 1;
          if (label === 'start') this.#start(name, value);
          else this.#mark(Number(label), value);
        },
      );
    };
    this.#streams = { stdout: stream('stdout'), stderr: stream('stderr') };
  }

  stdout(chunk: Buffer): void {
    this.#streams.stdout.add(chunk);
  }

  stderr(chunk: Buffer): void {
    this.#streams.stderr.add(chunk);
  }

  /** Records that have ended: those whose mark has come on both streams. */
  get answered(): number {
    return this.#answered;
  }

  get complete(): boolean {
    return this.#answered === this.#records.length;
  }

  reply(index: number): Reply {
    const record = this.#records[index];
    if (!record) throw new RangeError(`no record ${index}`);
    const skipped = record.code === 'skipped';
    const code = typeof record.code === 'number' ? record.code : NO_CODE;
    const dropped = (['stdout', 'stderr'] as const).filter((name) => record[name].dropped);
    const notes = dropped.map(
      (name) => `hailbook: ${name} was longer than ${record[name].size} bytes; the rest was dropped\n`,
    );
    const stderr = [record.stderr.text(), ...notes].reduce(joinLines);
    return { code, stdout: record.stdout.text(), stderr, skipped };
  }

  #start(name: string, pid: string): void {
    if (name !== 'stdout') return;
    this.pid = pid;
    this.#progress();
  }

  /** Said on both streams, behind all that came before. */
  #end(code: number): void {
    this.#ends += 1;
    if (this.#ends < 2) return;
    this.ended = code;
    this.#progress();
  }

  #mark(index: number, value: string): void {
    const record = this.#records[index];
    if (!record) return;
    record.marks += 1;
    // What a shell cannot have exited with is no success.
    record.code = value === 'skipped' ? 'skipped' : /^\d{1,3}$/.test(value) ? Number(value) : NO_CODE;
    if (record.marks !== 2) return;
    this.#answered += 1;
    this.#progress();
  }
}

/** Two texts, the second on a line of its own. */
export function joinLines(a: string, b: string): string {
  return a === '' || a.endsWith('\n') ? a + b : `${a}\n${b}`;
}

/** Splits a stream at its marks, `<token> <label> <value>\n`, wherever they stand: output may lack its last newline. */
class MarkedStream {
  readonly #token: Buffer;
  readonly #output: (bytes: Buffer) => void;
  readonly #mark: (label: string, value: string) => void;
  #held: Buffer = Buffer.alloc(0);

  constructor(token: string, output: (bytes: Buffer) => void, mark: (label: string, value: string) => void) {
    this.#token = Buffer.from(token);
    this.#output = output;
    this.#mark = mark;
  }

  add(chunk: Buffer): void {
    let rest = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    for (;;) {
      const at = rest.indexOf(this.#token);
      const end = at < 0 ? -1 : rest.indexOf(10, at);
      const last = at + this.#token.length + MARK_LIMIT;
      if (at >= 0 && (end > last || (end < 0 && rest.length > last))) {
        // Not a mark of ours: only text.
        this.#emit(rest.subarray(0, at + this.#token.length));
        rest = rest.subarray(at + this.#token.length);
        continue;
      }
      if (end < 0) {
        // Held back: a mark whose line is not complete, or the bytes that a mark could begin with.
        const keep = at < 0 ? rest.length - this.#overlap(rest) : at;
        this.#emit(rest.subarray(0, keep));
        this.#held = Buffer.from(rest.subarray(keep));
        return;
      }
      this.#emit(rest.subarray(0, at));
      const [label = '', value = ''] = rest.toString('latin1', at + this.#token.length + 1, end).split(' ');
      this.#mark(label, value);
      rest = rest.subarray(end + 1);
    }
  }

  #emit(bytes: Buffer): void {
    if (bytes.length > 0) this.#output(bytes);
  }

  /** How many bytes at the end could be the beginning of the token. */
  #overlap(bytes: Buffer): number {
    for (let length = Math.min(bytes.length, this.#token.length - 1); length > 0; length--) {
      if (bytes.subarray(bytes.length - length).equals(this.#token.subarray(0, length))) return length;
    }
    return 0;
  }
}

/**
 * The first OUTPUT_LIMIT bytes of a stream, as far as all together have room. Decoded at the end, so that no chunk ends inside a
 * character.
 */
class Capture {
  dropped = false;
  readonly #all: { left: number };
  readonly #chunks: Buffer[] = [];
  #size = 0;

  constructor(all: { left: number }) {
    this.#all = all;
  }

  add(bytes: Buffer): void {
    const room = Math.min(OUTPUT_LIMIT - this.#size, this.#all.left);
    if (bytes.length > room) this.dropped = true;
    if (room <= 0) return;
    const kept = bytes.subarray(0, room);
    this.#chunks.push(kept);
    this.#size += kept.length;
    this.#all.left -= kept.length;
  }

  get size(): number {
    return this.#size;
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }
}

/** Tells the last line of each chunk that has text in it, fit for a terminal: no escapes, no control characters. */
class LastLine {
  readonly #tell: (line: string) => void;
  readonly #decoder = new StringDecoder('utf8');
  #partial = '';

  constructor(tell: (line: string) => void) {
    this.#tell = tell;
  }

  add(bytes: Buffer): void {
    // A progress bar ends its lines with \r.
    const lines = (this.#partial + this.#decoder.write(bytes)).split(/[\r\n]/);
    this.#partial = (lines.pop() ?? '').slice(-LINE_LIMIT);
    for (let line = lines.pop(); line !== undefined; line = lines.pop()) {
      const plain = stripVTControlCharacters(line.slice(0, LINE_LIMIT))
        .replace(/[\p{Cc}\p{Cf}]/gu, '')
        .trim();
      if (plain === '') continue;
      this.#tell(plain);
      return;
    }
  }
}
