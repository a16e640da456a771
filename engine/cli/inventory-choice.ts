import { existsSync, lstatSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { labInventoryPath } from '../../lab/index.ts';
import { HailbookError } from '../errors.ts';
import { loadInventory } from '../load/index.ts';
import type { Inventory } from '../plan/playbook.ts';

const PROJECT_INVENTORY = 'inventory.yml';

/**
 * The inventory that is used, with a source that says why: `-i` wins over the project's `inventory.yml`, which wins over a running
 * lab.
 * @throws HailbookError INVENTORY_MISSING | INVENTORY_UNTRUSTED; InvalidInput when the one that was chosen is wrong
 */
export function chooseInventory(named: string | undefined): Inventory {
  if (named !== undefined) return loadInventory(named);
  if (existsSync(PROJECT_INVENTORY)) {
    trust(PROJECT_INVENTORY);
    return loadInventory(PROJECT_INVENTORY);
  }
  const lab = labInventoryPath();
  if (lab) return { ...loadInventory(lab), source: `${lab} (the running lab)` };
  throw new HailbookError('INVENTORY_MISSING', `there is no ./${PROJECT_INVENTORY} and no lab is running`, {
    hint: 'Name one with -i FILE, or raise a lab with `hailbook lab up`.',
  });
}

/**
 * Nobody named the file: it counts because somebody stands in its folder. So it must be theirs. Else whoever can write to `/tmp` or to a
 * shared folder could say where a run connects to, as whom, with which known_hosts and variables (CVE-2018-10874 was that in Ansible).
 * Not ignored either: another inventory, the lab's, would silently take its place.
 * @throws HailbookError INVENTORY_UNTRUSTED
 */
function trust(file: string): void {
  const why = [resolve('.'), file].flatMap((path) => strange(path) ?? [])[0];
  if (why === undefined) return;
  throw new HailbookError('INVENTORY_UNTRUSTED', `./${file} was not named, and ${why}`, {
    hint: `If you know what is in it, name it: -i ${file}`,
  });
}

/** Why others may have made or may change what is at a path; undefined when it is ours or root's alone. */
function strange(path: string): string | undefined {
  // A link's own owner, and what it leads to: both say what is read.
  for (const { uid, mode } of [lstatSync(path), statSync(path)]) {
    if (!OURS.includes(uid)) return `${path} belongs to another account (uid ${uid})`;
    const isLink = (mode & 0o170000) === 0o120000;
    if (!isLink && (mode & 0o002) !== 0) return `everybody may write to ${path}`;
  }
  return undefined;
}

/** Who runs this, by sudo too, and root, who can do everything anyway. */
const OURS: readonly (number | undefined)[] = [
  0,
  process.getuid?.(),
  ...(process.getuid?.() === 0 && process.env.SUDO_UID !== undefined ? [Number(process.env.SUDO_UID)] : []),
];
