import type { Module } from '../engine/plan/contract.ts';
import { apt } from './apt/apt.ts';
import { aptRepository } from './apt_repository/apt_repository.ts';
import { assert } from './assert/assert.ts';
import { authorizedKey } from './authorized_key/authorized_key.ts';
import { command } from './command/command.ts';
import { copy } from './copy/copy.ts';
import { downloadExtract } from './download_extract/download_extract.ts';
import { fail } from './fail/fail.ts';
import { fetch } from './fetch/fetch.ts';
import { file } from './file/file.ts';
import { git } from './git/git.ts';
import { group } from './group/group.ts';
import { hostsEntry } from './hosts_entry/hosts_entry.ts';
import { knownHost } from './known_host/known_host.ts';
import { line } from './line/line.ts';
import { pip } from './pip/pip.ts';
import { reboot } from './reboot/reboot.ts';
import { restart } from './restart/restart.ts';
import { say } from './say/say.ts';
import { secret } from './secret/secret.ts';
import { service } from './service/service.ts';
import { template } from './template/template.ts';
import { ufw } from './ufw/ufw.ts';
import { user } from './user/user.ts';
import { waitFor } from './wait_for/wait_for.ts';

const all: readonly Module[] = [
  apt,
  aptRepository,
  assert,
  authorizedKey,
  command,
  copy,
  downloadExtract,
  fail,
  fetch,
  file,
  git,
  group,
  hostsEntry,
  knownHost,
  line,
  pip,
  reboot,
  restart,
  say,
  secret,
  service,
  template,
  ufw,
  user,
  waitFor,
];

/** Every module by the name that a task uses. A test holds that it is the same list as the folders. */
export const MODULES: ReadonlyMap<string, Module> = new Map(all.map((module) => [module.name, module]));
