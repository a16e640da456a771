import { Type } from 'typebox';
import { Account } from '../_file/args.ts';

// systemd.unit(5) "string escaping"; no `/`, which systemctl would take for a mount point, and none of its wildcards. A
// template (`x@`) is no unit before it has an instance.
export const UnitName = (description: string) =>
  Type.String({ description, pattern: '^(?!.*@(\\.[a-z]+)?$)[A-Za-z0-9:_.@\\\\-]{1,200}$' });

/** As systemctl completes it: a name without a suffix is a service. */
export const unitOf = (name: string): string =>
  /\.(service|socket|timer|path|mount|automount|swap|target|slice)$/.test(name) ? name : `${name}.service`;

/** Where people define a unit: its file and the folder of its drop-ins; of an instance also the template's. */
const definitionsIn = (folder: string, unit: string): string[] =>
  [...new Set([unit, unit.replace(/@.*\./, '@.')])].flatMap((name) => [`${folder}/${name}`, `${folder}/${name}.d`]);

/** The host's own and those for the systemd of every account; an account's own are below its home, see `OWN_UNITS`. */
export const definitionOf = (unit: string, user?: string): string[] =>
  definitionsIn(user === undefined ? '/etc/systemd/system' : '/etc/systemd/user', unit);

/** Below an account's home (systemd.unit(5) "User Unit Search Path"). */
const OWN_UNITS = '.config/systemd/user';

/** The same below the account's home, without it: where that is, only the host knows. */
export const ownDefinitionOf = (unit: string): string[] => definitionsIn(OWN_UNITS, unit);

/** The key of `touches`; an account's unit is another one than the host's of the same name. */
export const unitKey = (name: string, user?: string): `unit:${string}` =>
  `unit:${user === undefined ? '' : `${user}/`}${unitOf(name)}`;

export const UnitAccount = Type.Optional(
  Account('The account whose unit it is (`systemctl --user`). Not given: a unit of the host itself.'),
);

export const StableSeconds = Type.Optional(
  Type.Integer({
    minimum: 0,
    maximum: 300,
    description:
      'Seconds that the service has to stay active, as the same process, before it counts as started. Not given: 12, or 3 when the service itself says that it is ready (`Type=notify`, `dbus`, `forking`, `oneshot`), or 0 when it is another kind of unit.',
  }),
);

export const StartTimeout = Type.Integer({
  minimum: 1,
  maximum: 3600,
  default: 600,
  description: "Seconds that a start, a stop or a reload may take. The unit's own limits hold as well.",
});
