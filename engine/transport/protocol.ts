// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are shell's
import { randomBytes } from 'node:crypto';
import { HailbookError } from '../errors.ts';
import { Secret } from '../plan/secret.ts';
import { quote } from '../plan/sh.ts';
import type { WireRecord } from './connection.ts';

/*
 * One shell for each (host, user) reads requests from its stdin, one after the other:
 *
 *   SYNC <seconds> <bytes> <nonce> <what it does>\n<body><raw bytes of stdin>
 *   SYNC lock\n        opens the host's lock file, for a request that takes the lock (lock.ts)
 *   \n                 a sign of life
 *
 * `SYNC` is a random word in the shell's arguments, which everyone on the host can read. The markers in the answers
 * carry a fresh nonce of each request, which travels on stdin only, so that no output can forge them.
 *
 * LOOP and BODY are arguments of the remote login shell's command line, which need not be a POSIX shell: they hold no
 * single quote, backslash, newline or exclamation mark, so that sh, csh and fish all read them as one single-quoted word.
 */

/** Where commands are found, whatever the login says; sbin is missing from an ordinary user's PATH on Debian. */
export const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** A request that must not go on, because the host's lock was not to be had: EX_TEMPFAIL of sysexits.h. */
const NOT_LOCKED = 75;

/**
 * $1 SYNC · $2 BODY · $3 the login's SSH_CONNECTION, which sudo would drop (the firewall's module asks where we come from).
 * `read` is safe here because dash reads single bytes from a pipe with it; `head -n1`, `sed 1q` and a shell that takes
 * its script from stdin read ahead and eat what follows.
 * cd /: another user may not be able to enter the login's home. A body that did not end well ends the shell too: what
 * is left of its request on stdin must not be read as the next one.
 * hailbook_pass: what we print goes through a process that reads on when nobody listens any more, because a step whose
 * connection is lost must not be ended by its own output (SIGPIPE) in the middle of a package.
 * hailbook_held: the first request after `SYNC lock` takes the lock, or ends the shell.
 * /proc/self/stat read by the shell itself names the shell's process; `$$` would be the one that waits for the pipeline.
 */
const LOOP = [
  'cd /;umask 077',
  `LC_ALL=C;PATH=${PATH};SSH_CONNECTION=$3;export LC_ALL PATH SSH_CONNECTION`,
  'hailbook_pass(){ cat 2>/dev/null;exec cat >/dev/null;}',
  'hailbook_says(){ [ -z "$hailbook_held" ]||echo "$*" >"$hailbook_held/doing";} 2>/dev/null',
  'hailbook_open(){ hailbook_folder=/run/hailbook;[ -w /run ]||hailbook_folder=$HOME/.local/state/hailbook',
  '{ mkdir -p "$hailbook_folder"&&true >>"$hailbook_folder/lock";} 2>/dev/null&&exec 9>>"$hailbook_folder/lock"||hailbook_folder=',
  'read -r hailbook_pid k </proc/self/stat;export hailbook_folder hailbook_pid;}',
  'hailbook_loop(){ hailbook_folder=;hailbook_held=;echo "$1 ready"',
  'while read -r k t n e w;do [ "$k" = "$1" ]||{ hailbook_says idle;continue;}',
  '[ "$t" = lock ]&&{ hailbook_open;continue;}',
  'hailbook_says "busy $w";timeout -k 2 "$t" /bin/sh -c "$2" hailbook "$n";c=$?',
  '[ $c = 0 ]||{ echo "$e ended $c";echo "$e ended $c" >&2;exit $c;}',
  'hailbook_held=$hailbook_folder;hailbook_says idle;done;}',
  '{ hailbook_loop "$@" 2>&1 >&3 3>&-|hailbook_pass >&2 3>&-;} 3>&1|hailbook_pass',
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

/**
 * The bytes of one request. Secrets are revealed here, so it is called only when the bytes are about to be written.
 * `doing` is what the host's lock says of it to others.
 */
export function requestBytes(sync: string, token: string, records: readonly WireRecord[], doing = ''): Buffer[] {
  const input: Buffer[] = [];
  const calls = records.map(({ script, stdin, group, quiet, locks }, index) => {
    if (script.includes('\0')) throw new HailbookError('INTERNAL', 'a script with a NUL byte in it cannot be sent');
    if (locks)
      return `hailbook_run ${index} ${group} ${quote(script)}\n[ -z "$hailbook_failed" ]||exit ${NOT_LOCKED}\n`;
    // What a step leaves working in the background must not hold the host's lock.
    const apart = quiet ? '' : ' 9>&-';
    if (stdin === undefined) return `hailbook_run ${index} ${group} ${quote(script)}${apart}\n`;
    // Raw bytes, because a NUL does not survive a shell variable and base64 costs ten times as much.
    const bytes = stdinBytes(stdin);
    input.push(bytes, Buffer.from(`${token}\n`));
    return `hailbook_feed ${index} ${group} ${quote(script)} ${bytes.length}${apart}\n`;
  });
  const body = Buffer.from(`${functions(token)}\n${calls.join('')}`);
  // `timeout 0` is no limit at all.
  const seconds = records.reduce((sum, record) => sum + Math.max(1, Math.ceil(record.timeout)), 0);
  const header = `${sync} ${seconds} ${body.length} ${token} ${oneLine(doing)}\n`;
  const opening = records.some(({ locks }) => locks) ? `${sync} lock\n` : '';
  return [Buffer.from(opening + header), body, ...input];
}

/** dash's `echo` takes backslashes for escapes. */
const oneLine = (text: string): string => text.replace(/[\p{Cc}\\]+/gu, ' ').slice(0, 200);

function stdinBytes(stdin: string | Secret | Uint8Array): Buffer {
  if (stdin instanceof Secret) return Buffer.from(stdin.reveal());
  return typeof stdin === 'string' ? Buffer.from(stdin) : Buffer.from(stdin.buffer, stdin.byteOffset, stdin.byteLength);
}
