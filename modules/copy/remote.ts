import { HailbookError } from '../../engine/errors.ts';
import type { Change, Probe, Step } from '../../engine/plan/contract.ts';
import { raw, sh } from '../../engine/plan/sh.ts';
import { desiredContent, ownershipIn } from '../_file/content.ts';
import { type PathState, probeContent } from '../_file/probe.ts';
import { adjust, manner } from '../_file/steps.ts';
import type { Args } from './args.ts';
import { COPY_SHELL } from './shell.ts';

export type RemoteState = PathState & {
  /** Hash of the file that is copied, lower-case hex. */
  readonly source: string;
};

/** Both files are read as whoever controls the way to them. */
export function probeRemote(args: Args, from: string): Probe<RemoteState | null> {
  const atPath = probeContent(args.dest, args);
  return {
    script: sh`${raw(atPath.script)}
${raw(COPY_SHELL)}
source=$(settle ${from} follow seen sha256sum) || exit
printf 'source %s\\n' "\${source%% *}"`,
    parse(stdout) {
      const source = /^source ([0-9a-f]{64})$/m.exec(stdout)?.[1];
      const there = atPath.parse(stdout.replace(/^source .*\n/m, ''));
      if (source) return there && { ...there, source };
      throw new HailbookError('PATH_MISSING', `there is no file ${from} that could be read`, {
        hint: 'remote_src is a file on the host; a task before this one can make it',
      });
    },
  };
}

/** Of a file that is to be made, what is in it follows when it is there. */
export function desiredRemote(args: Args, current: RemoteState | null): Partial<RemoteState> {
  const wanted = desiredContent(args, { content: '', sha256: current?.source ?? '' }, current);
  if (current) return wanted;
  const { sha256: _, ...rest } = wanted;
  return rest;
}

export function remoteSteps(change: Change<RemoteState>, args: Args, from: string): Step[] {
  const mode = change.kind === 'delete' ? undefined : change.after.mode;
  const as = ownershipIn(change, { ...args, mode });
  const textDiffers = change.kind !== 'update' || change.fields.includes('sha256') || change.fields.includes('type');
  if (!textDiffers) return [adjust(args.dest, as, args)];
  const { mode: wanted = '', owner = '', group = '' } = as;
  const put = sh`put ${[wanted, owner, group]} settle ${from} follow taken cat`;
  const call = sh`${raw(args.follow ? sh`follow ` : sh``)}${raw(manner(args))}${raw(put)}`;
  return [{ script: sh`${raw(COPY_SHELL)}\nsettle ${args.dest} ${raw(call)}` }];
}
