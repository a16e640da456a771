import type { RunEvent, TaskLabel } from '../run/events.ts';
import { cleanAll, oneLine } from './clean.ts';
import type { ResultEvent } from './distinct.ts';
import { taskLines } from './lines.ts';
import { compressNames, describeHosts } from './names.ts';
import { outcomeLine } from './outcome.ts';
import { count, duration, type Paint } from './paint.ts';
import { type Failure, failureLines, recapLines } from './recap.ts';
import type { Screen } from './terminal.ts';

/** A step's last output is worth a line once the task has taken this long. */
const LONG_MS = 2_000;

/** A task that is going on. */
interface Current {
  readonly task: TaskLabel;
  readonly hosts: readonly string[];
  readonly results: ResultEvent[];
  readonly started: number;
  last: { host: string; line: string } | null;
}

/** What a person reads: a run's events as lines on a screen, and what is going on below them. */
export class View {
  readonly #screen: Screen;
  readonly #paint: Paint;
  readonly #verbose: boolean;
  #mode: 'run' | 'check' = 'run';
  /** The hosts of the play, or of the run before the first play. */
  #hosts: readonly string[] = [];
  #since = performance.now();
  #current: Current | null = null;
  readonly #failures: Failure[] = [];
  readonly #times: { task: TaskLabel; seconds: number }[] = [];

  constructor(screen: Screen, paint: Paint, verbose: boolean) {
    this.#screen = screen;
    this.#paint = paint;
    this.#verbose = verbose;
  }

  /** Tells one event. Everything in it is cleaned here, before any of it can reach the terminal. */
  readonly emit = (untrusted: RunEvent): void => {
    const event = cleanAll(untrusted);
    switch (event.event) {
      case 'run_started':
        this.#mode = event.mode;
        this.#hosts = event.hosts;
        this.#screen.print([
          `${this.#paint('bold', event.mode === 'check' ? 'CHECK' : 'RUN')} ${count(event.hosts.length, 'host')} · inventory ${event.inventory}`,
        ]);
        this.#screen.watch(() => this.#status());
        break;
      case 'play_started': {
        this.#hosts = event.hosts;
        const hosts = event.hosts.length > 1 ? `${count(event.hosts.length, 'host')}: ` : '';
        const names = compressNames(event.hosts);
        this.#screen.print([
          '',
          `${this.#paint('bold', `PLAY ${event.play}`)} ${this.#paint('dim', `(${hosts}${names})`)}`,
        ]);
        break;
      }
      case 'task_started':
        this.#current = { task: event.task, hosts: event.hosts, results: [], started: performance.now(), last: null };
        break;
      case 'notice':
        this.#screen.print([`  ${this.#paint('yellow', '!')} ${event.host}: ${event.message}`]);
        break;
      case 'output':
        // The raw line: clean() alone would join the states of a progress bar.
        if (untrusted.event === 'output' && this.#current)
          this.#current.last = { host: event.host, line: untrusted.line };
        break;
      case 'result':
        this.#current?.results.push(event);
        if (event.error && event.status !== 'ignored') {
          const { task, host, item, error } = event;
          this.#failures.push({ task, host, error, ...(item === undefined ? {} : { item }) });
        }
        break;
      case 'task_finished':
        this.#times.push({ task: event.task, seconds: event.seconds });
        this.#finishTask(event.seconds);
        break;
      case 'run_finished':
        // A run that was interrupted leaves its task open: what came of it so far is told.
        this.#finishTask(0);
        this.#screen.watch(null);
        this.#finishRun(event);
        break;
    }
  };

  /** Ends the live view when a run breaks off without its last event. */
  close(): void {
    this.#screen.watch(null);
  }

  #finishTask(seconds: number): void {
    const current = this.#current;
    this.#current = null;
    this.#since = performance.now();
    if (!current) return;
    const style = { mode: this.#mode, verbose: this.#verbose, paint: this.#paint, hosts: this.#hosts };
    this.#screen.print(taskLines(current.task, current.results, seconds, style));
  }

  #finishRun(event: Extract<RunEvent, { event: 'run_finished' }>): void {
    const paint = this.#paint;
    const failures = failureLines(this.#failures, paint, this.#verbose);
    this.#screen.print([
      ...(failures.length > 0 ? ['', ...failures] : []),
      '',
      ...recapLines(event, this.#mode, this.#times, paint),
      '',
      outcomeLine(event, this.#mode, paint),
    ]);
  }

  /** The current task, who is still busy with it, for how long, and what a long step said last. */
  #status(): string[] {
    const current = this.#current;
    const seconds = (performance.now() - (current?.started ?? this.#since)) / 1000;
    if (!current) return [`looking at ${describeHosts(this.#hosts, this.#hosts)} · ${duration(seconds)}`];
    const failed = new Set(
      current.results.flatMap(({ host, status }) => (status === 'failed' || status === 'unreachable' ? host : [])),
    );
    // Under `loop` a host may have further items before it, so only a failure says that it is done.
    const done = new Set(current.results.flatMap(({ host, item }) => (item === undefined ? host : [])));
    const busy = current.hosts.filter((host) => !failed.has(host) && !done.has(host));
    const parts = [
      current.task.name,
      duration(seconds),
      describeHosts(busy, this.#hosts),
      ...(failed.size > 0 ? [`failed: ${compressNames([...failed])}`] : []),
    ].filter((part) => part !== '');
    const { last } = current;
    if (!last || seconds * 1000 < LONG_MS) return [parts.join(' · ')];
    return [parts.join(' · '), `${last.host}: ${oneLine(last.line, this.#screen.width)}`];
  }
}
