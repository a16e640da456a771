import { type Static, Type } from 'typebox';
import { defineResource, type Probe, type Step, type Touches } from '../../engine/plan/contract.ts';
import { sh } from '../../engine/plan/sh.ts';
import { PathOnHost } from '../_file/args.ts';
import { editFile, fileFailure } from '../_file/steps.ts';
import { FIND, MOVE } from './awk.ts';

const args = Type.Object({
  address: Type.String({ description: 'An IPv4 or IPv6 address.', pattern: '^[0-9A-Fa-f.:]+(%[A-Za-z0-9_.-]+)?$' }),
  names: Type.Array(Type.String({ pattern: '^[A-Za-z0-9_][A-Za-z0-9_.-]*$' }), {
    description: 'Host names that stand for this address and for no other.',
    minItems: 1,
  }),
  path: Type.Optional({ ...PathOnHost('The file.'), default: '/etc/hosts' }),
});
type Args = Static<typeof args>;

/** What the file says about the address and the names, and nothing else of it: other tasks' lines are no part of this. */
type Entry = {
  /** Those of the wanted names that stand under the address, sorted. */
  readonly names: readonly string[];
  /** `127.0.1.1 spark-master`: where wanted names stand as well. */
  readonly elsewhere: readonly string[];
};

/** Names of an address in `/etc/hosts`. */
export const hostsEntry = defineResource<typeof args, Entry>({
  name: 'hosts_entry',
  description: 'Host names that stand for one address in /etc/hosts, and for no other there.',
  args,
  touches,
  probe,
  desired: (given) => ({ names: wanted(given), elsewhere: [] }),
  steps,
  failure: fileFailure,
});

/** Below the file, so that a task for the whole file touches it, but not one for another address and other names. */
function touches({ path = '/etc/hosts', address, names }: Args): Touches {
  const parts = [`address ${address}`, ...names.map((name) => `name ${name.toLowerCase()}`)];
  return { writes: parts.map((part) => `file:${path}/${part}` as const) };
}

const wanted = ({ names }: Args): string[] => [...new Set(names.map((name) => name.toLowerCase()))].sort();

function probe(given: Args): Probe<Entry | null> {
  const { path = '/etc/hosts', address } = given;
  return {
    script: sh`if [ -e ${path} ] || [ -L ${path} ]; then
  ADDRESS=${address} NAMES=${wanted(given).join(' ')} awk ${FIND} <${path}
else
  echo absent
fi`,
    parse(stdout) {
      const found = new Set(stdout.split('\n').filter((line) => line.includes(' ')));
      const here = [...found].filter((line) => line.startsWith('here ')).map((line) => line.slice('here '.length));
      const elsewhere = [...found].filter((line) => !line.startsWith('here '));
      return found.size === 0 ? null : { names: here.sort(), elsewhere: elsewhere.sort() };
    },
  };
}

function steps(_: unknown, given: Args): Step[] {
  const { path = '/etc/hosts', address, names } = given;
  // The last line tells awk whether the file ended in a newline, which awk hides.
  const command = sh`env ADDRESS=${address} NAMES=${names.join(' ')} /bin/sh -c ${sh`{ cat; echo .; } | awk ${MOVE}`}`;
  return [editFile(path, command)];
}
