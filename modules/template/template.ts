import { Type } from 'typebox';
import { defineResource, TemplateFile } from '../../engine/plan/contract.ts';
import { contentSteps, contentTouches, DESTINATION, desiredContent, explainContent } from '../_file/content.ts';
import { type PathState, probeContent } from '../_file/probe.ts';
import { fileFailure } from '../_file/steps.ts';

const args = Type.Object({
  src: TemplateFile({ description: 'The Handlebars template, a path beside the playbook.' }),
  ...DESTINATION,
});

/** A file rendered from a template on the controller. */
export const template = defineResource<typeof args, PathState>({
  name: 'template',
  description: 'A file on the host with the text of a template.',
  args,
  touches: contentTouches,
  probe: (given) => probeContent(given.dest, given),
  desired: (given, current) => desiredContent(given, given.src, current),
  steps: (change, given) => contentSteps(change, given, given.src),
  explain: (change, given) => explainContent(change, given, given.src),
  failure: fileFailure,
});
