/** Host names in short, in the inventory's own notation: `spark-master, spark-worker[1:3]`. */
export function compressNames(names: readonly string[]): string {
  const runs: Run[] = [];
  for (const name of names) {
    const part = numbered(name);
    const last = runs.at(-1);
    if (part && last?.part && follows(last.part, last.end, part)) last.end = part.digits;
    else runs.push({ name, part, end: part?.digits ?? '' });
  }
  return runs.map(show).join(', ');
}

/** `all 4 hosts` where these are all of the play's, their names otherwise. */
export function describeHosts(hosts: readonly string[], all: readonly string[]): string {
  const set = new Set(hosts);
  const everyone = all.length > 1 && set.size === all.length && all.every((name) => set.has(name));
  // The inventory's order, whichever host answered first.
  const known = all.filter((name) => set.has(name));
  const others = hosts.filter((name) => !all.includes(name));
  return everyone ? `all ${all.length} hosts` : compressNames([...known, ...others]);
}

interface Numbered {
  readonly head: string;
  readonly digits: string;
  readonly tail: string;
}

interface Run {
  readonly name: string;
  readonly part: Numbered | null;
  end: string;
}

function numbered(name: string): Numbered | null {
  const match = /^(.*?)(\d+)(\D*)$/.exec(name);
  return match ? { head: match[1] ?? '', digits: match[2] ?? '', tail: match[3] ?? '' } : null;
}

/** `node09` is followed by `node10`, `node9` as well; `node9` not by `node010`. */
function follows(first: Numbered, end: string, next: Numbered): boolean {
  const wanted = String(Number(end) + 1).padStart(end.startsWith('0') ? end.length : 0, '0');
  return first.head === next.head && first.tail === next.tail && next.digits === wanted;
}

function show({ name, part, end }: Run): string {
  return part && end !== part.digits ? `${part.head}[${part.digits}:${end}]${part.tail}` : name;
}
