import { HailbookError } from '../errors.ts';
import type { Channel, Ending, Way } from './channel.ts';
import { Deadline } from './deadline.ts';
import { nonce, readyLine, shellCommand } from './protocol.ts';

/** Seconds until a shell must answer; sudo may ask a slow directory first. */
const OPEN_TIMEOUT = 30;
const NOISE_LIMIT = 64 * 1024;

/** A shell that was started, as whom it may be. */
export interface OpenShell {
  readonly channel: Channel;
  readonly sync: string;
  /** When it reads requests. Rejects with BECOME_FAILED, or CONNECTION_LOST for the login's own shell. */
  readonly ready: Promise<void>;
  /** What has been sent before `ready` is answered all the same; false when sudo would take it for a password. */
  readonly writableAtOnce: boolean;
}

/**
 * Starts a shell as `user` (null: the login). Without a password to offer sudo must not ask (`-n`).
 * With one it is sent only after the prompt has come: under NOPASSWD sudo does not read the line, and the shell would.
 */
export async function openShell(way: Way, user: string | null, password?: () => Promise<string>): Promise<OpenShell> {
  const sync = nonce();
  const asking = user === null ? undefined : password;
  // The prompt has a nonce, because sudo's lecture and PAM's messages come on the same stream.
  const prompt = `${nonce()} password`;
  const channel = await way.spawn([...sudo(user, asking && prompt), ...shellCommand(sync)]).catch((error: Error) => {
    throw failed(way, user, error.message, '', { kind: 'lost', reason: error.message });
  });
  const ready = opening(channel, way, user, sync, prompt, asking);
  ready.catch(() => channel.close());
  return { channel, sync, ready, writableAtOnce: !asking };
}

/** -H: HOME is the user's own. There is no terminal, so sudo's `use_pty` changes nothing; `requiretty` is refused by sudo itself. */
function sudo(user: string | null, prompt: string | undefined): string[] {
  if (user === null) return [];
  return ['sudo', ...(prompt === undefined ? ['-n'] : ['-S', '-p', prompt]), '-H', '-u', user, '--'];
}

function opening(
  channel: Channel,
  way: Way,
  user: string | null,
  sync: string,
  prompt: string,
  password: (() => Promise<string>) | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let printed = '';
    let said = '';
    let asked = 0;
    const settle = (error?: unknown): void => {
      deadline.end();
      channel.stdout.off('data', onStdout);
      channel.stderr.off('data', onStderr);
      if (error === undefined) resolve();
      else reject(error);
    };
    const late = (): void => settle(failed(way, user, `no answer in ${OPEN_TIMEOUT} s`, said));
    const deadline = new Deadline(OPEN_TIMEOUT, late, settle);
    const onStdout = (chunk: Buffer): void => {
      printed = (printed + chunk.toString('latin1')).slice(-NOISE_LIMIT);
      if (printed.includes(readyLine(sync))) settle();
    };
    const onStderr = (chunk: Buffer): void => {
      said = (said + chunk.toString('utf8')).slice(-NOISE_LIMIT);
      const prompts = said.split(prompt).length - 1;
      if (!password || prompts === asked) return;
      asked = prompts;
      // A second prompt: the first answer was wrong. Whatever is sent next would be taken for passwords too.
      if (asked > 1) {
        settle(failed(way, user, 'sudo refused the password', ''));
        return;
      }
      // sudo -S takes exactly one line and leaves what follows to the shell.
      deadline.pausing(password).then(
        (answer) => channel.stdin.write(`${answer}\n`),
        () => {},
      );
    };
    channel.stdout.on('data', onStdout);
    channel.stderr.on('data', onStderr);
    void channel.ended.then((ending) =>
      settle(failed(way, user, describe(ending), printed + said.replaceAll(prompt, ''), ending)),
    );
  });
}

function describe(ending: Ending): string {
  return ending.kind === 'lost' ? ending.reason : `exit ${ending.code}`;
}

function failed(way: Way, user: string | null, what: string, said: string, ending?: Ending): HailbookError {
  const lines = said.split('\n').map((line) => line.trim());
  const last = lines
    .filter((line) => line !== '')
    .slice(-3)
    .join('; ');
  const why = last === '' ? what : `${what}: ${last}`;
  if (ending?.kind === 'lost')
    return new HailbookError('CONNECTION_LOST', `${way.label}: the connection ended: ${why}`);
  if (user === null) return new HailbookError('CONNECTION_LOST', `${way.label} gives no shell: ${why}`);
  return new HailbookError('BECOME_FAILED', `${way.label} cannot become ${user}: ${why}`, { hint: hint(what, said) });
}

function hint(what: string, said: string): string | undefined {
  if (said.includes('a password is required'))
    return 'sudo wants a password: give --ask-become-pass, or a NOPASSWD rule';
  if (what.endsWith('refused the password'))
    return 'give the password of the account that logs in, as sudo there asks for it';
  if (said.includes('not found')) return 'install sudo on the host, or log in as the user itself';
  return undefined;
}
