/** Text → located, validated data: playbooks, inventories, variables of the command line. */
export { loadInventory } from './inventory.ts';
export { matchHosts } from './patterns.ts';
export { loadPlaybooks } from './playbook.ts';
export { inventorySchema, playbookSchema } from './schema.ts';
export { parseExtraVars } from './variables.ts';
