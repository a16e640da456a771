import ora from 'ora';

/** Where a report goes: `process.stdout`, or a stream that a test reads. */
export interface Out {
  write(text: string): unknown;
  readonly columns?: number | undefined;
}

/** Lines that stay, and below them what is going on now. */
export interface Screen {
  readonly width: number;
  print(lines: readonly string[]): void;
  /** What is going on, asked again and again until null is set: at once in a live view, every 15 s in plain lines. */
  watch(status: (() => readonly string[]) | null): void;
  /** Leaves the terminal alone while something is asked on it. */
  pause<T>(work: () => Promise<T>): Promise<T>;
}

const FRAME_MS = 80;

/** The live view: a spinner with the status at the bottom of a terminal. */
export function liveScreen(out: Out, colour: boolean): Screen {
  const spinner = ora({
    stream: out as NodeJS.WriteStream,
    isEnabled: true,
    // Raw mode would swallow Ctrl-C while we are busy, and keys typed ahead are the shell's.
    discardStdin: false,
    color: colour ? 'cyan' : false,
    // Indented as the lines above it are.
    spinner: { interval: FRAME_MS, frames: [...'⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'].map((frame) => `  ${frame}`) },
  });
  const width = (): number => out.columns ?? 80;
  let status: (() => readonly string[]) | null = null;
  let timer: NodeJS.Timeout | undefined;
  const draw = (): void => {
    spinner.text = (status?.() ?? []).map((line) => cut(line, width() - 5)).join('\n    ');
  };
  const stop = (): void => {
    clearInterval(timer);
    spinner.stop();
  };
  const turn = (): void => {
    stop();
    if (!status) return;
    draw();
    timer = setInterval(draw, FRAME_MS);
    spinner.start();
  };
  return {
    get width() {
      return width();
    },
    // The spinner makes room for what others write.
    print(lines) {
      if (lines.length > 0) out.write(`${lines.join('\n')}\n`);
    },
    watch(next) {
      status = next;
      turn();
    },
    async pause(work) {
      stop();
      try {
        return await work();
      } finally {
        turn();
      }
    },
  };
}

/** Plain lines, for a file, a pipe or CI: a line of progress every `every` milliseconds while something takes long. */
export function plainScreen(out: Out, every = 15_000): Screen {
  let timer: NodeJS.Timeout | undefined;
  const print = (lines: readonly string[]): void => {
    if (lines.length > 0) out.write(`${lines.join('\n')}\n`);
  };
  return {
    width: 160,
    print,
    watch(status) {
      clearInterval(timer);
      timer = status ? setInterval(() => print([`    … ${status().join(' · ')}`]), every) : undefined;
      // Progress is no reason to stay alive.
      timer?.unref();
    },
    pause: (work) => work(),
  };
}

function cut(line: string, width: number): string {
  return line.length <= width ? line : `${line.slice(0, Math.max(0, width - 1))}…`;
}
