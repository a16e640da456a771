import { HailbookError } from '../engine/errors.ts';
import { diskRelease, hostsOnDisk } from './disk.ts';
import { hostNames, hostsAt } from './inventory.ts';
import { asTurns, inTurn, ownRelease } from './release.ts';
import { type LabRecord, type Place, readRecord } from './state.ts';

/** What is not given stays as the lab was last raised; at first 4 hosts of this machine's release in 10.77.0.0/24, with a mirror. */
export interface Asked {
  readonly hosts?: number | undefined;
  readonly subnet?: string | undefined;
  readonly mirror?: boolean | undefined;
  /** Releases of Debian that the hosts take in turn. */
  readonly releases?: readonly string[] | undefined;
}

/** What a lab shall be, with nothing left open. */
export type Wanted = Omit<LabRecord, 'boot' | 'ipForward'>;

/**
 * What was asked for, completed from how the lab was last raised.
 * @throws HailbookError USAGE | LAB_CLASH where that cannot be without losing something
 */
export function settle(place: Place, { hosts, subnet, mirror, releases }: Asked): Wanted {
  const before = readRecord(place);
  const kept = releases ?? before?.releases ?? releasesOnDisk(place) ?? [ownRelease()];
  const wanted = {
    subnet: subnet ?? before?.subnet ?? '10.77.0.0/24',
    hosts: hosts === undefined ? (before?.hosts ?? hostNames(4)) : hostNames(hosts),
    // The mirror's packages are for this machine's release; who asks for it gets it all the same.
    mirror: mirror ?? before?.mirror ?? kept.every((name) => name === ownRelease()),
    releases: kept,
  };
  hostsAt(wanted.subnet, wanted.hosts);
  if (before && before.subnet !== wanted.subnet)
    throw new HailbookError('LAB_CLASH', `the lab is in ${before.subnet}, and hosts do not move`, {
      hint: 'hailbook lab down',
    });
  for (const [index, name] of wanted.hosts.entries()) refuseOtherRelease(place, name, inTurn(kept, index), wanted);
  return wanted;
}

/** A host keeps the release of its disk, which nobody loses without having asked for that. */
function refuseOtherRelease(
  place: Place,
  name: string,
  wanted: string,
  { releases }: { releases: readonly string[] },
): void {
  const standing = diskRelease(place, name);
  if (standing === undefined || standing === wanted) return;
  const up = readRecord(place) ? '' : 'hailbook lab up && ';
  throw new HailbookError('LAB_CLASH', `${name} has ${standing} on its disk, not ${wanted}`, {
    hint: `${up}hailbook lab reset --release ${releases.join(',')}   (gives every host a fresh disk)`,
  });
}

/** The releases of a lab that was taken down, as its hosts took them in turn; undefined when no disk is left. */
function releasesOnDisk(place: Place): readonly string[] | undefined {
  const names = hostNames(hostsOnDisk(place).length);
  const found = names.map((name) => diskRelease(place, name)).filter((release) => release !== undefined);
  return found.length > 0 ? asTurns(found) : undefined;
}
