/** Whose rules these chains are. */
const TOOLS: readonly (readonly [start: string, tool: string])[] = [
  ['DOCKER', 'Docker'],
  ['NETAVARK', 'Podman'],
  ['CNI-', 'a container network (CNI)'],
  ['KUBE-', 'Kubernetes'],
];
const SHOWN = 8;

/**
 * What containers offer past ufw's rules for incoming traffic, by tool: `8080/tcp`, `10.0.0.1:53/udp`.
 * @param rules `-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80`, as `iptables -t nat -S` has them
 */
function publishedPorts(rules: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const rule of rules) {
    const [, chain = ''] = rule.split(' ');
    const [, tool] = TOOLS.find(([start]) => chain.startsWith(start)) ?? [];
    const port = portOf(rule);
    if (tool && port && !found.get(tool)?.includes(port)) found.set(tool, [...(found.get(tool) ?? []), port]);
  }
  return found;
}

function portOf(rule: string): string | null {
  const [, not, address] = /(! )?-d (\S+)/.exec(rule) ?? [];
  const [, port] = / --dport (\S+)/.exec(rule) ?? [];
  const [, proto] = / -p (\S+)/.exec(rule) ?? [];
  const own = not === undefined && address !== undefined;
  // Nobody else reaches that.
  if (!port || (own && /^(127\.|::1\/)/.test(address))) return null;
  return `${own ? `${address.replace(/\/(32|128)$/, '').replace(/^(.*:.*)$/, '[$1]')}:` : ''}${port}/${proto ?? 'any'}`;
}

/** For a person; nothing when there are none. */
export function sayPublished(rules: readonly string[]): string[] {
  return [...publishedPorts(rules)].map(([tool, ports]) => {
    const shown = ports.slice(0, SHOWN).join(', ');
    const more = ports.length > SHOWN ? ` and ${ports.length - SHOWN} more` : '';
    const remedy =
      tool === 'Docker'
        ? 'publish on 127.0.0.1 what nobody else needs, and filter the rest in the chain DOCKER-USER'
        : 'publish on 127.0.0.1 what nobody else needs';
    return `${tool} lets connections to ${shown}${more} in past ufw's rules; ${remedy}`;
  });
}
