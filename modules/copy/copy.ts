import { createHash } from 'node:crypto';
import { HailbookError } from '../../engine/errors.ts';
import {
  type Change,
  defineResource,
  type Explanation,
  type Probe,
  type Step,
  type Touches,
  type Tree,
} from '../../engine/plan/contract.ts';
import { Secret } from '../../engine/plan/secret.ts';
import { type Content, contentSteps, contentTouches, desiredContent, explainContent } from '../_file/content.ts';
import { type PathState, probeContent } from '../_file/probe.ts';
import { fileFailure } from '../_file/steps.ts';
import { type Args, args } from './args.ts';
import { probeTree } from './look.ts';
import { desiredRemote, probeRemote, type RemoteState, remoteSteps } from './remote.ts';
import { desiredTree, type TreeState, treeSteps } from './tree.ts';

/** A file's state (`PathState`), one with its source (`RemoteState`), or a whole folder's (`TreeState`). */
type Copied = Readonly<Record<string, string>>;

/** Files and folders from the controller, a text from the playbook, or a file that is on the host already. */
export const copy = defineResource<typeof args, Copied>({
  name: 'copy',
  description: 'A file or a folder on the host with what is in one beside the playbook, or a short text.',
  args,
  touches,
  probe,
  desired,
  steps,
  explain,
  failure: fileFailure,
});

function touches(given: Args): Touches {
  const { reads = [], writes } = contentTouches(given);
  return { reads: given.remote_src === undefined ? reads : [...reads, `file:${given.remote_src}`], writes };
}

const treeOf = ({ src }: Args): Tree | null => (src && 'entries' in src ? src : null);

function contentOf({ src, content }: Args): Content {
  if (src && 'content' in src) return src;
  const text = content ?? '';
  const bytes = text instanceof Secret ? text.reveal() : text;
  return { content: text, sha256: createHash('sha256').update(bytes).digest('hex') };
}

/** With the mode that a file has on the controller, when that is wanted. */
function ofFile(given: Args): Args {
  const { src, exclusive, directory_mode } = given;
  if (exclusive || directory_mode !== undefined) {
    throw new HailbookError('ARGS_INVALID', 'copy: exclusive and directory_mode are for a folder, and src is none');
  }
  return given.mode === 'preserve' && src && 'mode' in src && src.mode ? { ...given, mode: src.mode } : given;
}

function probe(given: Args): Probe<Copied | null> {
  const tree = treeOf(given);
  if (tree) return probeTree(given, tree);
  if (given.remote_src !== undefined) return probeRemote(given, given.remote_src);
  return probeContent(given.dest, given);
}

function desired(given: Args, current: Copied | null): Partial<Copied> {
  const tree = treeOf(given);
  if (tree) return desiredTree(given, tree, current as TreeState | null);
  if (given.remote_src !== undefined) return desiredRemote(ofFile(given), current as RemoteState | null);
  return desiredContent(ofFile(given), contentOf(given), current as PathState | null);
}

function steps(change: Change<Copied>, given: Args): Step[] {
  const tree = treeOf(given);
  if (tree) return treeSteps(change as Change<TreeState>, given, tree);
  if (given.remote_src !== undefined) return remoteSteps(change as Change<RemoteState>, given, given.remote_src);
  return contentSteps(change as Change<PathState>, given, contentOf(given));
}

function explain(change: Change<Copied>, given: Args): Explanation | null {
  if (treeOf(given) || given.remote_src !== undefined) return null;
  return explainContent(change as Change<PathState>, given, contentOf(given));
}
