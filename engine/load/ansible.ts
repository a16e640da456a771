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
