import { type Static, Type } from 'typebox';

const Port = (description: string) =>
  Type.Union(
    [
      Type.Integer({ minimum: 1, maximum: 65535 }),
      Type.String({ pattern: '^\\d{1,5}(:\\d{1,5})?(,\\d{1,5}(:\\d{1,5})?)*$' }),
    ],
    { description },
  );
const Device = (description: string) =>
  Type.String({ description, pattern: '^(?!\\.{1,2}$)[A-Za-z0-9_][A-Za-z0-9_.+,=%@-]{0,14}$' });
const Action = (description: string, more: object = {}) =>
  Type.Enum(['allow', 'deny', 'reject', 'limit'], { description, ...more });

/** What a rule is about; in `before` all of it may be left out. */
const MATCH = {
  route: Type.Optional(Type.Boolean({ description: 'Traffic that is passed on, not for the host itself.' })),
  direction: Type.Optional(
    Type.Enum(['in', 'out'], { description: 'Which way the connection is made. Not given: in.' }),
  ),
  interface: Type.Optional(Device('The device that it comes in by, or with `direction: out` goes out by.')),
  interface_out: Type.Optional(Device('The device that routed traffic goes out by.')),
  from: Type.Optional(Type.String({ minLength: 1, description: 'An IP address or network. Not given: any.' })),
  from_port: Type.Optional(Port('The port that it comes from.')),
  to: Type.Optional(Type.String({ minLength: 1, description: 'An IP address or network. Not given: any.' })),
  port: Type.Optional(Port('A port, a range as `"6000:6007"`, several as `"80,443"`. Not given: all.')),
  proto: Type.Optional(
    Type.Enum(['tcp', 'udp', 'ah', 'esp', 'gre', 'igmp', 'ipv6', 'vrrp'], { description: 'Not given: any.' }),
  ),
  // As ufw takes them (applications.py): the name of a profile never is a number.
  app: Type.Optional(
    Type.String({
      pattern: '^(?!all$|\\d+$)[A-Za-z0-9][A-Za-z0-9 _.+-]{0,63}$',
      description: 'A profile of `/etc/ufw/applications.d`, which says ports and protocols.',
    }),
  ),
  // ufw takes no quote in a comment, and anything that begins with dashes, or is one of these words, for a part of the rule.
  comment: Type.Optional(
    Type.String({
      pattern: "^(?!(in|out|on|log|log-all|comment)$)[^'\\n\\0-][^'\\n\\0]{0,200}$",
      description: 'For people.',
    }),
  ),
};

const not = (...names: string[]) => ({ not: { anyOf: names.map((name) => ({ required: [name] })) } });
const MANY = { not: { type: 'string', pattern: '[:,]' } };

/** What ufw would refuse on the host is refused before any host is asked. */
const CONDITIONS = [
  {
    'x-message': 'several ports need proto: tcp or udp',
    anyOf: [
      { required: ['proto'], properties: { proto: { enum: ['tcp', 'udp'] } } },
      { properties: { port: MANY, from_port: MANY } },
    ],
  },
  {
    'x-message': 'only tcp and udp have ports',
    anyOf: [{ properties: { proto: { enum: ['tcp', 'udp'] } } }, not('port', 'from_port')],
  },
  {
    'x-message': 'an application profile says itself which ports and protocols it is about',
    anyOf: [not('app'), not('port', 'from_port', 'proto')],
  },
  {
    'x-message': 'interface_out is for route: true; what leaves the host itself has direction: out and interface',
    anyOf: [not('interface_out'), { required: ['route'], properties: { route: { const: true } } }],
  },
  {
    'x-message': 'routed traffic has no direction: it comes in by interface and goes out by interface_out',
    anyOf: [not('direction'), { properties: { route: { const: false } } }],
  },
];

const RuleArgs = Type.Object(
  {
    ...MATCH,
    action: Action('What becomes of a new connection.', { default: 'allow' }),
    log: Type.Optional(Type.Boolean({ description: 'New connections are logged.' })),
    state: Type.Enum(['present', 'absent'], {
      default: 'present',
      description: 'With `absent` there is no such rule with this action.',
    }),
    insert: Type.Optional(
      Type.Integer({
        minimum: 1,
        description: 'Where a rule that is not there yet goes: 1 is the first. Not given: the end.',
      }),
    ),
    before: Type.Optional(
      Type.Object(
        { ...MATCH, action: Type.Optional(Action('What becomes of a new connection.')) },
        { minProperties: 1, description: 'It stands before every rule to which all of this applies.' },
      ),
    ),
  },
  { allOf: CONDITIONS },
);

const Policy = (what: string, otherwise: string) =>
  Type.Optional(
    Type.Enum(['allow', 'deny', 'reject'], {
      description: `What becomes of new connections that no rule is about: ${what}. Not given: ${otherwise}.`,
    }),
  );

/** With the list as a whole everything has a value; of a part only what is given. */
export const DEFAULTS = { state: 'enabled', default_incoming: 'deny', default_outgoing: 'allow' } as const;

export const args = Type.Object(
  {
    rules: Type.Array(RuleArgs, {
      default: [],
      description:
        'Rules in their order: the first that fits decides. Each has `action`, `direction`, `interface`, `from`, `from_port`, `to`, `port`, `proto`, `app`, `route`, `interface_out`, `log`, `comment`, `state`, `insert`, `before`, none of them required.',
    }),
    exclusive: Type.Boolean({
      default: true,
      description: 'These are all rules: whatever else ufw has is removed. With `false` the others stay.',
    }),
    default_incoming: Policy('incoming', '`deny`; with `exclusive: false` as it is'),
    default_outgoing: Policy('outgoing', '`allow`; with `exclusive: false` as it is'),
    default_routed: Policy('passed on', 'as it is'),
    logging: Type.Optional(
      Type.Enum(['off', 'low', 'medium', 'high', 'full'], { description: 'How much is logged. Not given: as it is.' }),
    ),
    state: Type.Optional(
      Type.Enum(['enabled', 'disabled'], {
        description:
          'Is the firewall on, now and after a reboot? Not given: `enabled`; with `exclusive: false` as it is.',
      }),
    ),
  },
  {
    'x-message': 'the order of exclusive rules is that of the list; insert and before are for exclusive: false',
    anyOf: [
      { required: ['exclusive'], properties: { exclusive: { const: false } } },
      { properties: { rules: { items: not('insert', 'before') } } },
    ],
  },
);
export type Args = Static<typeof args>;
export type RuleArgs = Args['rules'][number];
export type Pattern = NonNullable<RuleArgs['before']>;
