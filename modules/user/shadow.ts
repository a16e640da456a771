import { createHash } from 'node:crypto';
import { HailbookError } from '../../engine/errors.ts';
import type { Secret } from '../../engine/plan/secret.ts';
import { sh } from '../../engine/plan/sh.ts';

/**
 * What an account's password is beside the one that is asked for. `unset`: none was ever set, as useradd leaves it (`!`);
 * `none`: there is none on purpose (`*`); `empty`: whoever asks gets in.
 */
export type PasswordState = 'as given' | 'another' | 'unset' | 'none' | 'empty';

/**
 * Called with a name: prints `locked` or `open`, the day on which the account expires, and the SHA-256 of the password's
 * hash or a word in place of it, so that the hash itself never leaves the host. A lock is a `!` before the hash (shadow(5)).
 */
export const SHADOW = sh`shadow() {
  [ -r /etc/shadow ] || { echo 'only root may look at passwords' >&2; exit 1; }
  known shadow "$1" | {
    IFS=: read -r x w x x x x x e x || { echo "$1 is not in shadow" >&2; exit 1; }
    case $w in '!'*) l=locked w=\${w#!} ;; *) l=open ;; esac
    case $l$w in
      locked) w=unset ;;
      open) w=empty ;;
      *'*') w=none ;;
      *) w=$(printf %s "$w" | sha256sum) w=\${w%% *} ;;
    esac
    printf '%s %s %s\n' "$l" "\${e:--}" "$w"
  } || exit
}
shadow`;

const plain = (password: string | Secret): string => (typeof password === 'string' ? password : password.reveal());

/** What `SHADOW` printed of the password, beside the one that is asked for. */
export function passwordState(seen: string, password: string | Secret | undefined): PasswordState {
  if (seen === 'unset' || seen === 'empty') return seen;
  const wanted = password === undefined ? undefined : plain(password);
  if (seen === 'none') return wanted === '*' ? 'as given' : 'none';
  const same = wanted !== undefined && createHash('sha256').update(wanted).digest('hex') === seen;
  return same ? 'as given' : 'another';
}

/** @throws HailbookError ARGS_INVALID for what is no hash; the words do not tell what it is instead */
export function requireHash(password: string | Secret): void {
  if (/^(\*|\$[0-9a-z]+\$[./0-9A-Za-z$=,+-]{10,})$/.test(plain(password))) return;
  throw new HailbookError('ARGS_INVALID', 'user.password is no hash of a password', {
    hint: "openssl passwd -6 makes one of a password; '*' is for an account that no password opens",
  });
}

const DAY = 24 * 60 * 60 * 1000;

/** `YYYY-MM-DD` of a day's number since 1970, `never` for none. */
export const dateOf = (day: string): string =>
  /^\d{1,7}$/.test(day) ? new Date(Number(day) * DAY).toISOString().slice(0, 10) : 'never';

/** The number of such a date, -1 for `never`. @throws HailbookError ARGS_INVALID for a day that no month has */
export function dayOf(date: string): number {
  if (date === 'never') return -1;
  const day = Date.parse(`${date}T00:00:00Z`) / DAY;
  if (Number.isNaN(day) || dateOf(String(day)) !== date)
    throw new HailbookError('ARGS_INVALID', `user.expires: there is no ${date}`, {
      hint: 'write YYYY-MM-DD, or never',
    });
  return day;
}
