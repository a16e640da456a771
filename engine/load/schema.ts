import type { Module } from '../plan/contract.ts';
import type { Schema } from './json-schema.ts';
import { GROUP_KEYWORDS, HOST_KEYWORDS, INVENTORY_KEYWORDS, PLAY_KEYWORDS, TASK_KEYWORDS } from './keywords.ts';
import { argsSchemaOf } from './validate.ts';

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
  const variables = (keyword: Schema) => ({ ...VARIABLES, ...keyword });
  const host = {
    type: ['object', 'null'],
    properties: { ...HOST_KEYWORDS, vars: variables(HOST_KEYWORDS.vars) },
    additionalProperties: false,
  };
  const group = {
    anyOf: [
      GROUP_KEYWORDS.hosts,
      {
        type: 'object',
        properties: { ...GROUP_KEYWORDS, vars: variables(GROUP_KEYWORDS.vars) },
        required: ['hosts'],
        additionalProperties: false,
      },
    ],
  };
  return {
    $schema: DRAFT,
    title: 'A hailbook inventory',
    type: 'object',
    properties: {
      hosts: { ...INVENTORY_KEYWORDS.hosts, minProperties: 1, additionalProperties: host },
      groups: { ...INVENTORY_KEYWORDS.groups, additionalProperties: group },
      vars: variables(INVENTORY_KEYWORDS.vars),
      known_hosts: INVENTORY_KEYWORDS.known_hosts,
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
  const { 'x-source': _source, 'x-message': _message, 'x-hints': _hints, 'x-secret': _secret, ...plain } = schema;
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
