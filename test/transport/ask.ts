import type { Sh } from '../../engine/plan/sh.ts';
import type { Connection, WireRecord } from '../../engine/transport/connection.ts';

/** A record from plain text: tests write scripts that the `sh` tag would rightly refuse to make. */
export function record(script: string, rest: Partial<WireRecord> = {}): WireRecord {
  return { script: script as Sh, group: 0, timeout: 20, ...rest };
}

/** What a script prints, on stdout and then on stderr. */
export async function run(connection: Connection, user: string | null, script: string): Promise<string> {
  const [reply] = await connection.ask(user, [record(script)]);
  return `${reply?.stdout}${reply?.stderr}`;
}
