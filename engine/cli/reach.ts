import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Inventory } from '../plan/playbook.ts';
import type { Secret } from '../plan/secret.ts';
import type { Connect } from '../transport/connection.ts';
import { createConnect } from '../transport/index.ts';
import type { HostOptions } from './options.ts';
import { askSecret } from './prompt.ts';

/** Leaves the terminal to a question. */
export type Pause = <T>(work: () => Promise<T>) => Promise<T>;

/** A way to the inventory's hosts, as the flags say. Passwords are asked for now, a key's passphrase when a host wants that key. */
export async function openConnect(flags: HostOptions, inventory: Inventory, pause: Pause): Promise<Connect> {
  const ask = oneAtATime((question, remedy) => pause(() => askSecret(question, remedy)));
  const login = flags.askPass
    ? await ask('login password', 'Log in with a key, or run hailbook in a terminal.')
    : undefined;
  const become = flags.askBecomePass
    ? await ask('sudo password', 'Allow sudo without a password, or run hailbook in a terminal.')
    : undefined;
  const named = flags.knownHosts ?? inventory.knownHosts;
  return createConnect({
    user: flags.user,
    key: flags.key,
    agent: process.env.SSH_AUTH_SOCK,
    knownHosts: named === undefined ? [join(homedir(), '.ssh', 'known_hosts'), '/etc/ssh/ssh_known_hosts'] : [named],
    hostKeys: flags.hostKeys,
    connectTimeout: flags.connectTimeout,
    prompts: {
      passphrase: async (path) =>
        (await ask(`passphrase of ${path}`, 'Add the key to an ssh-agent, or run hailbook in a terminal.')).reveal(),
      ...(login ? { password: async () => login.reveal() } : {}),
      ...(become ? { becomePassword: async () => become.reveal() } : {}),
    },
  });
}

/** Hosts connect side by side; a person answers one question after the other. */
function oneAtATime(ask: typeof askSecret): typeof askSecret {
  let turn: Promise<unknown> = Promise.resolve();
  return (question, remedy) => {
    const answer = turn.then((): Promise<Secret> => ask(question, remedy));
    turn = answer.catch(() => {});
    return answer;
  };
}
