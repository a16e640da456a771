import type { Module } from '../engine/plan/contract.ts';
import { copy } from './copy/copy.ts';
import { file } from './file/file.ts';
import { template } from './template/template.ts';

const all: readonly Module[] = [copy, file, template];

/** Every module by the name that a task uses. A test holds that it is the same list as the folders. */
export const MODULES: ReadonlyMap<string, Module> = new Map(all.map((module) => [module.name, module]));
