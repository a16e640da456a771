import { Type } from 'typebox';

// systemd.unit(5) "string escaping"; no `/`, which systemctl would take for a mount point, and none of its wildcards.
export const UnitName = (description: string) => Type.String({ description, pattern: '^[A-Za-z0-9:_.@\\\\-]{1,200}$' });

/** As systemctl completes it: a name without a suffix is a service. */
export const unitOf = (name: string): string =>
  /\.(service|socket|timer|path|mount|automount|swap|target|slice)$/.test(name) ? name : `${name}.service`;

/** Where the administrator of a host defines a unit: its file and the folder of its drop-ins; of an instance also the template's. */
export const definitionOf = (unit: string): string[] =>
  [...new Set([unit, unit.replace(/@.*\./, '@.')])].flatMap((name) => [
    `/etc/systemd/system/${name}`,
    `/etc/systemd/system/${name}.d`,
  ]);

export const StableSeconds = Type.Integer({
  minimum: 0,
  maximum: 300,
  default: 3,
  description: 'Seconds that the service has to stay active, as the same process, before it counts as started.',
});
