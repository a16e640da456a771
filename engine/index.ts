/** The public API: what `import … from 'hailbook'` gives. */
export { MODULES } from '../modules/index.ts';
export {
  asHailbookError,
  ERROR_CODES,
  type ErrorCode,
  formatError,
  HailbookError,
  InvalidInput,
  type Place,
} from './errors.ts';
export {
  inventorySchema,
  loadInventory,
  loadPlaybooks,
  matchHosts,
  parseExtraVars,
  playbookSchema,
} from './load/index.ts';
export {
  type Action,
  type Change,
  defineAction,
  defineResource,
  type Explanation,
  type Key,
  LocalFile,
  LocalPath,
  type Module,
  type ModuleFailure,
  type Output,
  type Probe,
  type Resource,
  type Source,
  type State,
  type StateValue,
  type Step,
  TemplateFile,
  type Touches,
  type Tree,
  type TreeEntry,
} from './plan/contract.ts';
export type { Host, Inventory, Play, Playbook, Task } from './plan/playbook.ts';
export { Secret } from './plan/secret.ts';
export { lines, quote, raw, type Sh, sh } from './plan/sh.ts';
export { createReport, type Report, type ReportOptions } from './report/index.ts';
export { type AdhocAnswer, type AdhocOptions, adhoc } from './run/adhoc.ts';
export {
  type ErrorReport,
  EVENTS_VERSION,
  type FileDiff,
  type HostRecap,
  type RunEvent,
  type Status,
  type TaskLabel,
} from './run/events.ts';
export { EXIT, type RunOptions, run } from './run/index.ts';
export type { Connect, Connection } from './transport/connection.ts';
export { createConnect } from './transport/index.ts';
