import { createHash } from 'node:crypto';
import { type Static, Type } from 'typebox';
import { defineResource, LocalFile } from '../../engine/plan/contract.ts';
import { Secret } from '../../engine/plan/secret.ts';
import {
  type Content,
  contentSteps,
  contentTouches,
  DESTINATION,
  desiredContent,
  explainContent,
} from '../_file/content.ts';
import { type PathState, probeContent } from '../_file/probe.ts';
import { fileFailure } from '../_file/steps.ts';

const args = Type.Object(
  {
    src: Type.Optional(
      LocalFile({ description: 'The file, a path beside the playbook; its bytes are not looked at.' }),
    ),
    content: Type.Optional(
      Type.Unsafe<string | Secret>({
        type: 'string',
        description: 'The text itself, instead of `src`.',
        'x-secret': true,
      }),
    ),
    ...DESTINATION,
  },
  { oneOf: [{ required: ['src'] }, { required: ['content'] }] },
);

/** A file with the bytes of one on the controller, or with a text from the playbook. */
export const copy = defineResource<typeof args, PathState>({
  name: 'copy',
  description: 'A file on the host with the bytes of a file beside the playbook, or with a short text.',
  args,
  touches: contentTouches,
  probe: (given) => probeContent(given.dest, given),
  desired: (given, current) => desiredContent(given, contentOf(given), current),
  steps: (change, given) => contentSteps(change, given, contentOf(given)),
  explain: (change, given) => explainContent(change, given, contentOf(given)),
  failure: fileFailure,
});

function contentOf({ src, content }: Static<typeof args>): Content {
  if (src) return src;
  const text = content ?? '';
  const bytes = text instanceof Secret ? text.reveal() : text;
  return { content: text, sha256: createHash('sha256').update(bytes).digest('hex') };
}
