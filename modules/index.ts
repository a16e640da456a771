import type { Module } from '../engine/plan/contract.ts';

/** Every module by the name that a task uses. A test holds that it is the same list as the folders. */
export const MODULES: ReadonlyMap<string, Module> = new Map(([] as Module[]).map((module) => [module.name, module]));
