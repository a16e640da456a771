import { Command } from 'commander';
import type { Inventory } from '../plan/playbook.ts';
import { clean, compressNames } from '../report/index.ts';
import { chooseInventory } from './inventory-choice.ts';
import { examples, inventoryOption } from './options.ts';
import { say } from './standard-out.ts';

export function inventoryCommand(): Command {
  const command = inventoryOption(new Command('inventory'))
    .description('show the hosts and groups that would be used')
    .option('--json', 'as one JSON document')
    .action(({ inventory, json }: { inventory?: string; json?: boolean }) => {
      const chosen = chooseInventory(inventory);
      if (!json) say(`inventory: ${chosen.source}`);
      process.stdout.write(json ? `${JSON.stringify(asJson(chosen), null, 2)}\n` : clean(asText(chosen)));
    });
  return examples(
    command,
    ['hailbook inventory', 'names, addresses and groups'],
    ['hailbook inventory -i prod.yml --json', 'the same with all variables, for a program'],
  );
}

function asJson({ source, hosts, groups }: Inventory): unknown {
  const described = [...hosts.values()].map(({ name, ...host }) => [name, { ...host, groups: groupsOf(name, groups) }]);
  return { source, hosts: Object.fromEntries(described), groups: Object.fromEntries(groups) };
}

function asText({ hosts, groups }: Inventory): string {
  const width = Math.max(...[...hosts.keys(), ...groups.keys()].map((name) => name.length));
  const hostLines = [...hosts.values()].map((host) => {
    const login = `${host.user ? `${host.user}@` : ''}${host.address}${host.port === 22 ? '' : `:${host.port}`}`;
    return `  ${host.name.padEnd(width)}  ${host.connection === 'local' ? 'this machine' : login}`;
  });
  const groupLines = [...groups].map(([name, members]) => `  ${name.padEnd(width)}  ${compressNames(members)}`);
  return ['hosts', ...hostLines, 'groups', ...groupLines, ''].join('\n');
}

function groupsOf(host: string, groups: Inventory['groups']): string[] {
  return [...groups].flatMap(([name, members]) => (members.includes(host) ? name : []));
}
