/** What can be known of a host without changing it; fixed for a run. */
export interface Facts {
  /** `ID` of /etc/os-release: debian, ubuntu, … */
  readonly os: string;
  /** `VERSION_ID` of /etc/os-release: "12". */
  readonly version: string;
  /** As `uname -m` says: x86_64, aarch64. */
  readonly arch: string;
  /** Processors that a process may use. */
  readonly cores: number;
  /** MemTotal in MiB. */
  readonly memory_mb: number;
  /** Addresses of global scope, IPv4 first, in the kernel's order. */
  readonly addresses: readonly string[];
  /** The host's public SSH keys, `type base64`, sorted. */
  readonly ssh_host_keys: readonly string[];
}

/** One description for each fact: the documentation is made from it. */
export const FACTS: Readonly<Record<keyof Facts, string>> = {
  os: 'The distribution: `ID` of /etc/os-release (`debian`).',
  version: 'Its version: `VERSION_ID` of /etc/os-release (`"12"`, a string).',
  arch: 'The machine as `uname -m` names it (`x86_64`).',
  cores: 'Processors that a process may use (`nproc`).',
  memory_mb: 'Memory in MiB (`MemTotal`).',
  addresses: 'IP addresses of global scope, IPv4 first.',
  ssh_host_keys: 'The public keys of its SSH server, each `type base64`.',
};
