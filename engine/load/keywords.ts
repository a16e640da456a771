import type { Schema } from './json-schema.ts';

const text = (description: string): Schema => ({ type: 'string', minLength: 1, description });
const flag = (description: string): Schema => ({ type: 'boolean', description });
const map = (description: string): Schema => ({ type: 'object', description });
const texts = (description: string): Schema => ({
  anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }],
  description,
});

/** A play's keywords: what they mean, and their shape for an editor. */
export const PLAY_KEYWORDS = {
  name: text('What the play is for, as reports show it.'),
  hosts: texts('Hosts and groups: names, `all`, globs, ranges `worker[1:3]`; several with `,`; `!x` takes hosts away.'),
  become: flag('Do the tasks as another user, by sudo.'),
  become_user: text('That user; root when not given.'),
  vars: map('Variables of the play.'),
  vars_files: texts('YAML files of variables, relative to the playbook; they win over the inventory.'),
  defaults_files: texts('YAML files of default values, relative to the playbook: the inventory wins over them.'),
  tasks: { type: 'array', description: 'What must hold or be done, in this order.' },
  handlers: { type: 'array', description: 'What is done once, after the tasks, when a changed task notifies it.' },
} as const satisfies Record<string, Schema>;

/** A task's keywords; beside them it has one module. */
export const TASK_KEYWORDS = {
  name: text('What the task is for, as reports show it.'),
  when: {
    anyOf: [{ type: 'string' }, { type: 'boolean' }],
    description: 'An expression (CEL, without braces): the task is skipped when it is false.',
  },
  loop: {
    anyOf: [{ type: 'string' }, { type: 'array' }],
    description: 'A list, or an expression that gives one: the task is done for each `item`.',
  },
  register: text('The name under which later expressions see what the task left.'),
  notify: texts('Handlers to run when the task changed something.'),
  become: flag("Do it as another user, by sudo; the play's when not given."),
  become_user: text("That user; the play's when not given."),
  ignore_errors: flag('Go on with the host when the task fails.'),
  vars: map('Variables of the task.'),
} as const satisfies Record<string, Schema>;

/** A host's keys in an inventory. */
export const HOST_KEYWORDS = {
  address: text("How it is reached; the host's name when not given."),
  port: { type: 'integer', minimum: 1, maximum: 65535, default: 22, description: "The SSH server's port." },
  user: text('Who logs in.'),
  key: text('A private key file, relative to the inventory.'),
  connection: { enum: ['ssh', 'local'], default: 'ssh', description: '`local`: this machine itself.' },
  vars: map('Variables.'),
} as const satisfies Record<string, Schema>;

/** A group's keys, where it is more than a list. */
export const GROUP_KEYWORDS = {
  hosts: {
    type: 'array',
    items: { type: 'string' },
    description: 'Hosts, groups and ranges: `worker[1:3]`.',
  },
  vars: map('Variables.'),
} as const satisfies Record<string, Schema>;

/** An inventory's keys. */
export const INVENTORY_KEYWORDS = {
  hosts: map('Every host by its name.'),
  groups: map('Groups of hosts; `all` is always there.'),
  vars: map('Variables of all hosts; `user` is also who logs in by default.'),
  known_hosts: text("The file of the hosts' keys, relative to the inventory; ~/.ssh/known_hosts when not given."),
} as const satisfies Record<string, Schema>;
