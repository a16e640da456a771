import { contains, type Network, networkOf } from './address.ts';
import { anywhere, type Entry } from './rule.ts';

/** Someone who wants in: as this run's connection came, except that a new one comes from another port. */
export interface Caller {
  readonly from: Network;
  readonly fromPort: number;
  readonly to: Network | null;
  readonly port: number;
  /** Where the address that it calls is, if that is known. */
  readonly interface: string | undefined;
}

/** `SSH_CONNECTION`, and behind it the device of the address that was called; null of a connection that is not SSH. */
export function callerOf(connection: string): Caller | null {
  const [address = '', fromPort, called = '', port, device] = connection.split(' ');
  const from = networkOf(address);
  return from && { from, fromPort: Number(fromPort), to: networkOf(called), port: Number(port), interface: device };
}

/** Would these rules let a new TCP connection of the caller in? As iptables does it, the first rule that fits decides. */
export function lets(caller: Caller, rules: readonly Entry[], fallback: string): boolean {
  const decisive = rules.find((rule) => rule.family === caller.from.family && fits(rule, caller));
  const action = decisive?.action ?? fallback;
  return action === 'allow' || action === 'limit';
}

function fits(rule: Entry, caller: Caller): boolean {
  if (rule.route || rule.interfaceOut !== '' || rule.direction === 'out') return false;
  if (rule.proto !== 'any' && rule.proto !== 'tcp') return false;
  if (!inRange(rule.port, caller.port)) return false;
  // What is not known of the next connection, only a rule that keeps it out may count on.
  const keepsOut = rule.action === 'deny' || rule.action === 'reject';
  return (
    within(rule.from, caller.from) &&
    (caller.to === null ? keepsOut || rule.to === anywhere(rule.family) : within(rule.to, caller.to)) &&
    (rule.fromPort === 'any' || (keepsOut && inRange(rule.fromPort, caller.fromPort))) &&
    (rule.interface === '' || rule.interface === caller.interface || (caller.interface === undefined && keepsOut))
  );
}

function within(address: string, caller: Network): boolean {
  const network = networkOf(address);
  return network !== null && contains(network, caller);
}

function inRange(ports: string, port: number): boolean {
  if (ports === 'any') return true;
  return ports.split(',').some((range) => {
    const [first = 0, last = first] = range.split(':').map(Number);
    return first <= port && port <= last;
  });
}
