import { Type } from 'typebox';
import { MODE_PATTERN } from './mode.ts';

/**
 * A path on the host: absolute, one line, no `..`, no slash at the end, no longer than Linux takes (PATH_MAX, with its NUL). Everything
 * else is allowed, quotes and spaces too.
 */
export const PathOnHost = (description: string) =>
  Type.String({ description, pattern: '^(?!.*/\\.\\.?(/|$))(/[^/\\n\\0]+)+$', maxLength: 4095 });

// The first character as Debian's useradd wants it; a number would be taken for an id by chown.
const ACCOUNT_PATTERN = '^[a-z_][a-z0-9_.-]{0,31}$';

export const Account = (description: string) => Type.String({ description, pattern: ACCOUNT_PATTERN });

// The highest ids are reserved: -1 means "no change" to chown, and 65534 is nobody.
export const Id = (description: string) => Type.Integer({ description, minimum: 1, maximum: 4294967293 });

/** A string, because YAML reads an unquoted 0644 as the number 420. */
export const Mode = (description: string) => Type.String({ description, pattern: MODE_PATTERN });
