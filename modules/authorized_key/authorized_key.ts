import { type Static, Type } from 'typebox';
import { defineResource, type Probe, type Step, type Touches } from '../../engine/plan/contract.ts';
import { sh } from '../../engine/plan/sh.ts';
import { Account, PUBLIC_KEY_PATTERN } from '../_file/args.ts';
import { editInSsh, lookInSsh, plantedLink, refuseLink } from '../_file/home.ts';
import { fileFailure } from '../_file/steps.ts';

const args = Type.Object({
  user: Account('The account that the key may log in to.'),
  key: Type.String({
    description: 'The public key as a line of authorized_keys without options: type, base64, comment.',
    pattern: `${PUBLIC_KEY_PATTERN}( [^\\n\\0]*)?$`,
  }),
});
type Args = Static<typeof args>;

type Authorized = {
  /** Type and base64: the same material is the same key, whatever its comment or options. */
  readonly key: string;
  /** Four octal digits: sshd ignores keys that others could change. */
  readonly folder_mode: string;
  readonly file_mode: string;
  /** A link where `~/.ssh` or the file should be, else empty. */
  readonly link: string;
};

/** A public key in an account's `~/.ssh/authorized_keys`. */
export const authorizedKey = defineResource<typeof args, Authorized>({
  name: 'authorized_key',
  description: 'A public key that may log in to an account.',
  args,
  touches,
  probe,
  desired,
  steps: (_, given) => steps(given),
  failure: fileFailure,
});

const material = ({ key }: Args): string => key.split(' ', 2).join(' ');

/** Below the file, so that two keys of one account do not disturb each other. */
function touches(given: Args): Touches {
  return { reads: [`user:${given.user}`], writes: [`file:~${given.user}/.ssh/authorized_keys/${material(given)}`] };
}

/**
 * As sshd reads a line: a type with base64 after it, or options first. A blank ends the options only outside of quotes, in
 * which `\"` is a quote. The key of a certificate authority signs keys, but does not itself log in.
 */
const EACH_KEY = `function plain(line) { return line ~ /^(ssh-|ecdsa-|sk-)[^ \\t]*[ \\t]+AAAA/ }
{
  line = $0
  sub(/\\r$/, "", line)
  sub(/^[ \\t]+/, "", line)
  signs = 0
  if (line !~ /^#/ && !plain(line)) {
    options = ""
    quoted = 0
    for (i = 1; i <= length(line); i++) {
      c = substr(line, i, 1)
      if (c == "\\\\" && substr(line, i + 1, 1) == "\\"") i++
      else if (c == "\\"") quoted = !quoted
      else if (!quoted && c ~ /[ \\t]/) break
      else if (!quoted) options = options c
    }
    signs = ("," tolower(options) ",") ~ /,cert-authority,/
    line = substr(line, i)
    sub(/^[ \\t]+/, "", line)
  }
  split(line, word, /[ \\t]+/)
  if (plain(line) && !signs && word[1] " " word[2] == ENVIRON["KEY"]) found = 1
}`;

function probe(given: Args): Probe<Authorized | null> {
  const key = material(given);
  return {
    script: lookInSsh(
      given.user,
      'authorized_keys',
      sh`KEY=${key} awk ${`${EACH_KEY}\nEND { print found ? "found" : "missing" }`} <authorized_keys && stat -c %a . authorized_keys`,
    ),
    parse(stdout) {
      const link = plantedLink(stdout);
      if (link) return { key: '', folder_mode: '', file_mode: '', link };
      const [first = '', folder = '', file = ''] = stdout.split('\n');
      if (first !== 'found') return null;
      return { key, folder_mode: folder.padStart(4, '0'), file_mode: file.padStart(4, '0'), link: '' };
    },
  };
}

function desired(given: Args, current: Authorized | null): Authorized {
  refuseLink(current?.link);
  return { key: material(given), folder_mode: '0700', file_mode: '0600', link: '' };
}

function steps(given: Args): Step[] {
  const program = `${EACH_KEY}\n{ print }\nEND { if (!found) print ENVIRON["LINE"] }`;
  const command = sh`env KEY=${material(given)} LINE=${given.key} awk ${program}`;
  return [{ script: editInSsh(given.user, 'authorized_keys', command) }];
}
