import type { Module } from '../plan/contract.ts';
import { PLAY_KEYWORDS, TASK_KEYWORDS } from './keywords.ts';
import { argsSchemaOf, type Schema } from './validate.ts';

const DRAFT = 'https://json-schema.org/draft/2020-12/schema';
const EXPRESSION: Schema = { type: 'string', pattern: '\\{\\{' };
const VARIABLES: Schema = { type: 'object', propertyNames: { pattern: '^[A-Za-z_][A-Za-z0-9_]*$' } };

/** The JSON Schema of a playbook, for editors: from the same definitions that a playbook is judged by. */
export function playbookSchema(modules: ReadonlyMap<string, Module>): object {
  const names = [...modules.keys()].sort();
  const described = names
    .map((name) => [name, modules.get(name)] as const)
    .flatMap(([name, module]) => (module ? [[name, module] as const] : []));
  const task = {
    type: 'object',
    properties: {
      ...TASK_KEYWORDS,
      vars: { ...VARIABLES, ...TASK_KEYWORDS.vars },
      ...Object.fromEntries(described.map(([name, module]) => [name, argsOf(module)])),
    },
    additionalProperties: false,
    oneOf: names.map((name) => ({ required: [name] })),
  };
  const tasks = (keyword: Schema) => ({ ...keyword, items: { $ref: '#/$defs/task' } });
  return {
    $schema: DRAFT,
    title: 'A hailbook playbook',
    type: 'array',
    minItems: 1,
    items: {
      type: 'object',
      properties: {
        ...PLAY_KEYWORDS,
        vars: { ...VARIABLES, ...PLAY_KEYWORDS.vars },
        tasks: tasks(PLAY_KEYWORDS.tasks),
        handlers: tasks(PLAY_KEYWORDS.handlers),
      },
      required: ['hosts'],
      additionalProperties: false,
    },
    $defs: { task },
  };
}

/** The JSON Schema of an inventory. */
export function inventorySchema(): object {
  const text = (description: string) => ({ type: 'string', minLength: 1, description });
  const members = { type: 'array', items: { type: 'string' }, description: 'Hosts, groups and ranges: `worker[1:3]`.' };
  const vars = { ...VARIABLES, description: 'Variables.' };
  const host = {
    type: ['object', 'null'],
    properties: {
      address: text("How it is reached; the host's name when not given."),
      port: { type: 'integer', minimum: 1, maximum: 65535, default: 22, description: "The SSH server's port." },
      user: text('Who logs in.'),
      key: text('A private key file, relative to the inventory.'),
      connection: { enum: ['ssh', 'local'], default: 'ssh', description: '`local`: this machine itself.' },
      vars,
    },
    additionalProperties: false,
  };
  const group = {
    anyOf: [
      members,
      { type: 'object', properties: { hosts: members, vars }, required: ['hosts'], additionalProperties: false },
    ],
  };
  return {
    $schema: DRAFT,
    title: 'A hailbook inventory',
    type: 'object',
    properties: {
      hosts: { type: 'object', minProperties: 1, additionalProperties: host, description: 'Every host by its name.' },
      groups: { type: 'object', additionalProperties: group, description: 'Groups of hosts; `all` is always there.' },
      vars: { ...vars, description: 'Variables of all hosts; `user` is also who logs in by default.' },
      known_hosts: text("The file of the hosts' keys, relative to the inventory; ~/.ssh/known_hosts when not given."),
    },
    required: ['hosts'],
    additionalProperties: false,
  };
}

/** A module's arguments, each of which may be an expression instead. */
function argsOf(module: Module): Schema {
  return { ...open(argsSchemaOf(module)), description: module.description };
}

function open(schema: Schema): Schema {
  const { 'x-source': _source, 'x-message': _message, 'x-hints': _hints, ...plain } = schema;
  const properties =
    schema.properties &&
    Object.fromEntries(Object.entries(schema.properties).map(([key, part]) => [key, orExpression(part)]));
  // What has a default need not be written.
  const required = schema.required?.filter((key) => schema.properties?.[key]?.default === undefined);
  return {
    ...plain,
    ...(properties ? { properties } : {}),
    ...(required ? { required } : {}),
    ...(schema.items ? { items: orExpression(schema.items) } : {}),
    ...(schema.anyOf ? { anyOf: schema.anyOf.map(open) } : {}),
  } as Schema;
}

function orExpression(schema: Schema): Schema {
  const { description, default: usual, ...rest } = open(schema);
  return {
    ...(description === undefined ? {} : { description }),
    ...(usual === undefined ? {} : { default: usual }),
    anyOf: [rest as Schema, EXPRESSION],
  };
}
