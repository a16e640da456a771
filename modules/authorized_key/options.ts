import { Type } from 'typebox';

/** As sshd(8) of OpenSSH 9 and 10 lists them. sshd ignores a key with an option that it does not know. */
const FLAGS = [
  'agent-forwarding',
  'cert-authority',
  'no-agent-forwarding',
  'no-port-forwarding',
  'no-pty',
  'no-touch-required',
  'no-user-rc',
  'no-X11-forwarding',
  'port-forwarding',
  'pty',
  'restrict',
  'user-rc',
  'verify-required',
  'X11-forwarding',
];
const VALUED = ['command', 'environment', 'expiry-time', 'from', 'permitlisten', 'permitopen', 'principals', 'tunnel'];

// Within the quotes `\"` is a quote, and every other backslash is itself.
const VALUE = '"(\\\\"|\\\\(?!")|[^"\\\\\\n\\0])*"';

export const Options = Type.Array(Type.String({ pattern: `^(${FLAGS.join('|')}|(${VALUED.join('|')})=${VALUE})$` }), {
  description:
    'What the keys may do, one option each as in sshd(8): `restrict`, `from="10.0.0.0/8"`, `command="…"`. `[]`: everything. Not given: as it is.',
});

/** The options of a line in normal form: sshd does not mind their order, nor the case of their names. */
export function normalOptions(text: string): string {
  const all = text.match(/([^",]|"(\\"|[^"])*("|$))+/g) ?? [];
  return all
    .map((option) => {
      const [name = ''] = option.split('=', 1);
      return name.toLowerCase() + option.slice(name.length);
    })
    .sort()
    .join(',');
}
