import type { Module } from '../engine/plan/contract.ts';
import { authorizedKey } from './authorized_key/authorized_key.ts';
import { copy } from './copy/copy.ts';
import { file } from './file/file.ts';
import { hostsEntry } from './hosts_entry/hosts_entry.ts';
import { knownHost } from './known_host/known_host.ts';
import { secret } from './secret/secret.ts';
import { template } from './template/template.ts';
import { user } from './user/user.ts';

const all: readonly Module[] = [authorizedKey, copy, file, hostsEntry, knownHost, secret, template, user];

/** Every module by the name that a task uses. A test holds that it is the same list as the folders. */
export const MODULES: ReadonlyMap<string, Module> = new Map(all.map((module) => [module.name, module]));
