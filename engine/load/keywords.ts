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

const NOT_YET = 'hailbook does not have it yet';

/** What people who know Ansible write, and what is there instead. */
const ANSIBLE_KEYWORDS: Readonly<Record<string, string>> = {
  action: 'write the module itself as the key',
  any_errors_fatal: NOT_YET,
  args: "write them among the module's arguments",
  async: NOT_YET,
  become_method: 'it is always sudo',
  block: NOT_YET,
  changed_when: '`command` says it itself: changes: always or never',
  check_mode: 'hailbook check never writes',
  collections: 'modules are built in',
  connection: 'it belongs to the host: connection: local in the inventory',
  delegate_to: 'use a play of its own for that host; hosts["name"].results has what its tasks left',
  environment: NOT_YET,
  failed_when: NOT_YET,
  gather_facts: 'facts are gathered when an expression names them; remove this line',
  listen: 'notify takes a list of handlers',
  loop_control: 'the value of a loop is `item`',
  no_log: 'secrets are masked by themselves; remove this line',
  post_tasks: 'put them at the end of `tasks`, or into a play of their own',
  pre_tasks: 'put them at the begin of `tasks`, or into a play of their own',
  remote_user: 'it belongs to the host: user in the inventory, or -u',
  rescue: NOT_YET,
  retries: 'wait_for waits for a condition',
  roles: 'put the tasks into plays, and several playbooks on one command line',
  run_once: 'use a play of its own for one host',
  serial: NOT_YET,
  strategy: NOT_YET,
  tags: 'make several playbooks, or use --limit',
  until: 'wait_for waits for a condition',
  vars_prompt: 'use -e name=value',
};

const ANSIBLE_MODULES: Readonly<Record<string, string>> = {
  apt_key: NOT_YET,
  apt_repository: NOT_YET,
  blockinfile: '`line` holds a line or a marked block of a file',
  cron: NOT_YET,
  debug: '`say` shows a text or a value',
  dnf: 'only apt is there',
  get_url: 'download_extract fetches and checks an archive',
  hostname: NOT_YET,
  import_playbook: 'name several playbooks on the command line',
  import_role: NOT_YET,
  import_tasks: NOT_YET,
  include_role: NOT_YET,
  include_tasks: NOT_YET,
  include_vars: 'a play has vars_files',
  known_hosts: 'known_host',
  lineinfile: '`line` holds a line or a marked block of a file',
  mount: NOT_YET,
  package: 'apt',
  pause: 'wait_for waits for a condition',
  ping: 'hailbook ping',
  raw: 'command: { shell: … }',
  replace: '`line` holds one line; template and copy hold a whole file',
  script: 'copy the script, then run it by `command`',
  set_fact: 'use vars: they may be expressions over facts and results',
  setup: 'facts are gathered when an expression names them',
  shell: 'command: { shell: "…" }',
  stat: NOT_YET,
  synchronize: NOT_YET,
  sysctl: NOT_YET,
  systemd: 'service',
  systemd_service: 'service',
  unarchive: 'download_extract fetches, checks and extracts an archive',
  uri: 'wait_for waits for an HTTP status or a JSON field',
  yum: 'only apt is there',
};

/** Is this Ansible's, and what is there instead? */
export function ansible(
  key: string,
  modules: Iterable<string>,
): { readonly kind: 'keyword' | 'module'; readonly instead: string } | null {
  if (key.startsWith('with_'))
    return { kind: 'keyword', instead: 'write loop: a list, or an expression that gives one' };
  const name = key.split('.').at(-1) ?? key;
  const collection = /^(ansible|community)\.\w+\./.test(key);
  if (collection && new Set(modules).has(name)) return { kind: 'module', instead: `modules have one name: ${name}` };
  const keyword = Object.hasOwn(ANSIBLE_KEYWORDS, key) ? ANSIBLE_KEYWORDS[key] : undefined;
  if (keyword) return { kind: 'keyword', instead: keyword };
  const module = Object.hasOwn(ANSIBLE_MODULES, name) ? ANSIBLE_MODULES[name] : undefined;
  return module || collection ? { kind: 'module', instead: module ?? NOT_YET } : null;
}
