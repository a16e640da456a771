import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Argument, Command } from 'commander';
import { MODULES } from '../../modules/index.ts';
import { inventorySchema, playbookSchema } from '../load/index.ts';
import { examples } from './options.ts';

const SCHEMAS = { playbook: () => playbookSchema(MODULES), inventory: () => inventorySchema() };
type SchemaName = keyof typeof SCHEMAS;
const NAMES = Object.keys(SCHEMAS) as SchemaName[];

export function schemaCommand(): Command {
  const command = new Command('schema')
    .description('print the JSON Schema of playbooks or inventories, for editors')
    .addArgument(new Argument('[kind]', 'which one').choices(NAMES))
    .option('--write <folder>', 'write <kind>.schema.json there instead; without a kind all of them')
    .action((kind: SchemaName | undefined, { write }: { write?: string }) => {
      if (write === undefined) process.stdout.write(schemaText(kind ?? 'playbook'));
      else for (const name of kind ? [kind] : NAMES) writeSchema(name, write);
    });
  return examples(
    command,
    ['hailbook schema playbook', 'on stdout'],
    ['hailbook schema --write schemas', 'for `# yaml-language-server: $schema=schemas/playbook.schema.json`'],
  );
}

function writeSchema(name: SchemaName, folder: string): void {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name}.schema.json`);
  writeFileSync(path, schemaText(name));
  process.stdout.write(`${path}\n`);
}

function schemaText(name: SchemaName): string {
  return `${JSON.stringify(SCHEMAS[name](), null, 2)}\n`;
}
