/** What can be known of a host without changing it; fixed for a run. `FACTS` says what each one is. */
export interface Facts {
  readonly os: string;
  readonly version: string;
  readonly arch: string;
  readonly cores: number;
  readonly memory_mb: number;
  readonly addresses: readonly string[];
  readonly ssh_host_keys: readonly string[];
}

/** One description for each fact: docs/facts.md is made from it. */
export const FACTS: Readonly<Record<keyof Facts, string>> = {
  os: 'The distribution: `ID` of /etc/os-release (`debian`).',
  version: 'Its version: `VERSION_ID` of /etc/os-release (`"12"`, a text).',
  arch: 'The machine as `uname -m` names it (`x86_64`).',
  cores: 'Processors that a process may use (`nproc`).',
  memory_mb: 'Memory in MiB (`MemTotal`).',
  addresses: "IP addresses of global scope, IPv4 first, in the kernel's order.",
  ssh_host_keys: 'The public keys of its SSH server, each `type base64`, sorted.',
};
