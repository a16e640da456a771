import { existsSync } from 'node:fs';
import { labInventoryPath } from '../../lab/index.ts';
import { HailbookError } from '../errors.ts';
import { loadInventory } from '../load/index.ts';
import type { Inventory } from '../plan/playbook.ts';

const PROJECT_INVENTORY = 'inventory.yml';

/**
 * The inventory that is used, with a source that says why: `-i` wins over the project's `inventory.yml`, which wins over a running
 * lab.
 * @throws HailbookError INVENTORY_MISSING; InvalidInput when the one that was chosen is wrong
 */
export function chooseInventory(named: string | undefined): Inventory {
  if (named !== undefined) return loadInventory(named);
  if (existsSync(PROJECT_INVENTORY)) return loadInventory(PROJECT_INVENTORY);
  const lab = labInventoryPath();
  if (lab) return { ...loadInventory(lab), source: `${lab} (the running lab)` };
  throw new HailbookError('INVENTORY_MISSING', `there is no ./${PROJECT_INVENTORY} and no lab is running`, {
    hint: 'Name one with -i FILE, or raise a lab with `hailbook lab up`.',
  });
}
