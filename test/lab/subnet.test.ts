import { describe, expect, it } from 'vitest';
import { addressIn, clash, freeSubnet, type Neighbourhood, parseSubnet } from '../../lab/subnet.ts';

/** `ip -json -4 address show` and `ip -json -4 route show` of a Debian 12 with docker, cut to what is read. */
const MACHINE: Neighbourhood = {
  addresses: [
    { ifname: 'lo', addr_info: [{ family: 'inet', local: '127.0.0.1', prefixlen: 8 }] },
    { ifname: 'eth0', addr_info: [{ family: 'inet', local: '192.0.2.2', prefixlen: 24 }] },
    { ifname: 'docker0', addr_info: [{ family: 'inet', local: '10.77.0.1', prefixlen: 16 }] },
  ],
  routes: [
    { dst: 'default', dev: 'eth0' },
    { dst: '192.0.2.0/24', dev: 'eth0' },
    { dst: '10.80.4.7', dev: 'wg0' },
  ],
};

describe('a subnet', () => {
  it('has addresses', () => {
    const subnet = parseSubnet('10.77.0.0/24');
    expect(addressIn(subnet, 1)).toBe('10.77.0.1');
    expect(addressIn(parseSubnet('10.77.0.0/16'), 300)).toBe('10.77.1.44');
  });

  it.each(['10.77.0.1/24', '10.77.0.0', '10.77.0.0/8', '10.77.0.0/30', '10.999.0.0/24', 'x', '10.77.0.0/24 '])(
    'is refused when written as "%s"',
    (text) => {
      expect(() => parseSubnet(text)).toThrow(/not a subnet/);
    },
  );

  it('refuses more hosts than it has addresses, its broadcast address included', () => {
    expect(addressIn(parseSubnet('10.77.0.0/28'), 14)).toBe('10.77.0.14');
    expect(() => addressIn(parseSubnet('10.77.0.0/28'), 15)).toThrow(/too small/);
  });
});

describe('a clash', () => {
  it('is found with an address in a larger network', () => {
    expect(clash(parseSubnet('10.77.9.0/24'), MACHINE, 'own')).toBe('10.77.0.1/16 on docker0');
  });

  it('is found with a route to a single address', () => {
    expect(clash(parseSubnet('10.80.0.0/16'), MACHINE, 'own')).toBe('the route to 10.80.4.7 through wg0');
  });

  it("is none with the lab's own bridge, nor with the default route", () => {
    expect(clash(parseSubnet('10.77.0.0/16'), MACHINE, 'docker0')).toBeNull();
    expect(clash(parseSubnet('10.99.0.0/24'), MACHINE, 'own')).toBeNull();
  });

  it('is answered with a subnet that is free', () => {
    const free = freeSubnet(MACHINE, 'own');
    expect(free).toBe('10.78.0.0/24');
    expect(clash(parseSubnet(free ?? ''), MACHINE, 'own')).toBeNull();
  });
});
