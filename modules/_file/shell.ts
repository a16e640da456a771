import { sh } from '../../engine/plan/sh.ts';
export const FILE_SHELL = sh`:`;
