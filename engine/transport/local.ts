import { spawn } from 'node:child_process';
import { userInfo } from 'node:os';
import { type Channel, type Ending, endingOf, type Way } from './channel.ts';
import { PATH } from './protocol.ts';

/** This machine, as the user who runs hailbook: `connection: local`. */
export function localWay(): Way {
  const me = userInfo();
  const open = new Set<Channel>();
  // As a login over SSH has it: the controller's own environment is not the host's.
  const env = {
    HOME: me.homedir,
    USER: me.username,
    LOGNAME: me.username,
    SHELL: me.shell ?? '/bin/sh',
    PATH,
  };
  return {
    label: `${me.username}@localhost`,
    login: me.username,
    async spawn(argv) {
      // Through sh, so that a command that is not there is an ordinary message and exit 127, as over SSH.
      // detached: its own session, so that Ctrl-C at the controller does not kill a step in its middle, and so that sudo
      // finds no terminal to ask at.
      const line = ['-c', 'exec "$@"', 'sh', ...argv, ''];
      const child = spawn('/bin/sh', line, { stdio: 'pipe', env, cwd: '/', detached: true });
      let letGo: (ending: Ending) => void = () => {};
      const closed = new Promise<Ending>((resolve) => {
        letGo = resolve;
      });
      child.on('error', (error) => letGo({ kind: 'lost', reason: error.message }));
      // EPIPE when the process ends before it has read everything: the ending says more.
      child.stdin.on('error', () => {});
      const channel: Channel = {
        stdin: child.stdin,
        stdout: child.stdout,
        stderr: child.stderr,
        ended: Promise.race([endingOf(child, () => 'it was closed'), closed]),
        close() {
          open.delete(channel);
          for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
          child.unref();
          letGo({ kind: 'lost', reason: 'it was closed' });
        },
      };
      open.add(channel);
      void channel.ended.then(() => open.delete(channel));
      return channel;
    },
    close() {
      for (const channel of [...open]) channel.close();
    },
  };
}
