// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are shell's
import { randomBytes } from 'node:crypto';
import { HailbookError } from '../errors.ts';
import { Secret } from '../plan/secret.ts';
import { quote } from '../plan/sh.ts';
import type { WireRecord } from './connection.ts';

/*
 * One shell for each (host, user) reads requests from its stdin, one after the other:
 *
 *   SYNC <seconds> <bytes>\n<body><raw bytes of stdin>
 *
 * `SYNC` is a random word in the shell's arguments, which everyone on the host can read. The markers in the answers
 * carry a fresh nonce of each request, which travels in the body only, so that no output can forge them.
 *
 * LOOP and BODY are arguments of the remote login shell's command line, which need not be a POSIX shell: they hold no
 * single quote, backslash, newline or exclamation mark, so that sh, csh and fish all read them as one single-quoted word.
 */

/** Where commands are found, whatever the login says; sbin is missing from an ordinary user's PATH on Debian. */
export const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * $1 SYNC · $2 BODY · $3 the login's SSH_CONNECTION, which sudo would drop (the firewall's module asks where we come from).
 * `read` is safe here because dash reads single bytes from a pipe with it; `head -n1`, `sed 1q` and a shell that takes
 * its script from stdin read ahead and eat what follows.
 * cd /: another user may not be able to enter the login's home. A body that did not end well ends the shell too: what
 * is left of its request on stdin must not be read as the next one.
 */
const LOOP = [
  'cd /;umask 077',
  `LC_ALL=C;PATH=${PATH};SSH_CONNECTION=$3;export LC_ALL PATH SSH_CONNECTION`,
  'echo "$1 ready"',
  'while read -r k t n;do [ "$k" = "$1" ]||continue',
  'timeout -k 2 "$t" /bin/sh -c "$2" hailbook "$n";c=$?;[ $c = 0 ]||exit $c;done',
].join(';');

/**
 * $1 is the body's length. A connection that is cut in the middle of a body must not run its first half: `eval` and `sh -s` did.
 * `echo x` keeps the newlines at the end. The trap makes the shell outlive TERM, so that `timeout -k` still sees it and
 * sends KILL: without it a child that ignores TERM survives a time-out.
 */
const BODY = [
  'trap "exit 124" TERM',
  'hailbook_body=$(head -c "$1";echo x);hailbook_body=${hailbook_body%x}',
  '[ "${#hailbook_body}" = "$1" ]||exit 97',
  'eval "$hailbook_body"',
].join(';');

/** The command of a shell that answers requests marked with `sync`; the value of SSH_CONNECTION is to follow. */
export function shellCommand(sync: string): string[] {
  return ['/bin/sh', '-c', LOOP, 'hailbook', sync, BODY];
}

/** What the shell prints on stdout as soon as it reads requests. */
export function readyLine(sync: string): string {
  return `${sync} ready\n`;
}

/** 128 random bits as one word. */
export function nonce(): string {
  return randomBytes(16).toString('hex');
}

/**
 * The functions that a body calls. A record's script runs in `( eval … )`: that contains exit, syntax errors, cd, umask,
 * traps, readonly variables and a closed stdout (only `kill -9 $$` ends the shell). Its status is taken with `;` and
 * `$?`, because `set -e` is silently off under `( … ) || x`. `set --` hides our arguments from the script.
 *
 * A record with stdin sees the end of its input only after the nonce has come behind it: without that, a cut connection
 * looks like a short file. If it does not come, the whole process group of the request is killed before the script can
 * read on. `cat` takes what the script left, so that `head` always reaches the nonce.
 */
function functions(token: string): string {
  const script = '(hailbook_script=$3;set --;eval "$hailbook_script")';
  const rest = 'read -r hailbook_tail';
  return [
    `hailbook_mark(){ printf '%s %s %s\\n' ${token} "$1" "$2" >&2;printf '%s %s %s\\n' ${token} "$1" "$2";}`,
    'hailbook_end(){ [ "$3" = 0 ]||hailbook_failed="$hailbook_failed $2 ";hailbook_mark "$1" "$3";}',
    'hailbook_run(){ case "$hailbook_failed" in *" $2 "*)hailbook_mark "$1" skipped;return;;esac',
    `${script}</dev/null`,
    'hailbook_end "$1" "$2" $?;}',
    `hailbook_feed(){ case "$hailbook_failed" in *" $2 "*)head -c "$4">/dev/null;${rest};hailbook_mark "$1" skipped;return;;esac`,
    `{ head -c "$4";${rest};[ "$hailbook_tail" = ${token} ]||kill -9 0;}|{ ${script};hailbook_code=$?;cat>/dev/null;exit $hailbook_code;}`,
    'hailbook_end "$1" "$2" $?;}',
    'hailbook_failed=',
    // $PPID is `timeout`: TERM to it ends the request as its own clock would.
    'hailbook_mark start $PPID',
  ].join('\n');
}

/** The bytes of one request. Secrets are revealed here, so it is called only when the bytes are about to be written. */
export function requestBytes(sync: string, token: string, records: readonly WireRecord[]): Buffer[] {
  const input: Buffer[] = [];
  const calls = records.map(({ script, stdin, group }, index) => {
    if (script.includes('\0')) throw new HailbookError('INTERNAL', 'a script with a NUL byte in it cannot be sent');
    if (stdin === undefined) return `hailbook_run ${index} ${group} ${quote(script)}\n`;
    // Raw bytes, because a NUL does not survive a shell variable and base64 costs ten times as much.
    const bytes = stdinBytes(stdin);
    input.push(bytes, Buffer.from(`${token}\n`));
    return `hailbook_feed ${index} ${group} ${quote(script)} ${bytes.length}\n`;
  });
  const body = Buffer.from(`${functions(token)}\n${calls.join('')}`);
  // `timeout 0` is no limit at all.
  const seconds = records.reduce((sum, record) => sum + Math.max(1, Math.ceil(record.timeout)), 0);
  return [Buffer.from(`${sync} ${seconds} ${body.length}\n`), body, ...input];
}

function stdinBytes(stdin: string | Secret | Uint8Array): Buffer {
  if (stdin instanceof Secret) return Buffer.from(stdin.reveal());
  return typeof stdin === 'string' ? Buffer.from(stdin) : Buffer.from(stdin.buffer, stdin.byteOffset, stdin.byteLength);
}
