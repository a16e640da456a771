import type { Module } from '../../engine/plan/contract.ts';

const BEGIN = '<!-- arguments: generated from the schema -->';
const END = '<!-- end of arguments -->';

/** The module's README with its table of arguments as the schema has it now. */
export function withArgumentTable(readme: string, module: Module): string {
  const [begin, end] = [readme.indexOf(BEGIN), readme.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`the README of ${module.name} lacks the lines "${BEGIN}" and "${END}"`);
  return `${readme.slice(0, begin)}${BEGIN}\n\n${argumentTable(module)}\n\n${readme.slice(end)}`;
}

function argumentTable(module: Module): string {
  const required: readonly string[] = module.args.required ?? [];
  const rows = Object.entries<Schema>(module.args.properties).map(([name, schema]) => {
    // TypeBox lists what has a default among the required; whoever writes a playbook may leave it out.
    const fallback = 'default' in schema ? code(schema.default) : required.includes(name) ? 'required' : '';
    return [code(name), typeName(schema), fallback, schema.description ?? ''].map((text) =>
      text.replaceAll('|', '\\|'),
    );
  });
  return aligned(['argument', 'type', 'default', 'meaning'], rows);
}

/** Columns of equal width, as the formatter wants a table. */
function aligned(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, i) => (cells[i] ?? '').padEnd(width)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly 'x-source'?: string;
}

const SOURCES: Readonly<Record<string, string>> = { template: 'template', path: 'file or folder' };

function typeName(schema: Schema): string {
  if (schema['x-source']) return `${SOURCES[schema['x-source']] ?? 'file'} on the controller`;
  // Beside a type, anyOf is a condition and no choice of types.
  if (schema.anyOf && !schema.type) return schema.anyOf.map(typeName).join(' or ');
  if (schema.enum) return schema.enum.map(code).join(' or ');
  if ('const' in schema) return code(schema.const);
  if (schema.type === 'array') {
    const items = schema.items ? typeName(schema.items) : 'anything';
    return items.includes(' or ') ? `list of (${items})` : `list of ${items}`;
  }
  return schema.type === 'object' ? 'map' : (schema.type ?? 'anything');
}

const code = (value: unknown): string =>
  `\`${typeof value === 'string' && value !== '' ? value : JSON.stringify(value)}\``;
