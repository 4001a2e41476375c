import { BlockList, isIPv4, isIPv6 } from 'node:net';

/** Addresses that are not everybody's (IANA's registries of special-purpose addresses, RFC 6890). */
const SPECIAL_V4 = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const;
/** Within 2000::/3, outside of which nothing is everybody's. Those that hold an address of IPv4 could be anybody's. */
const SPECIAL_V6 = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const;

const special = new BlockList();
for (const [network, bits] of SPECIAL_V4) special.addSubnet(network, bits, 'ipv4');
for (const [network, bits] of SPECIAL_V6) special.addSubnet(network, bits, 'ipv6');
const everybody = new BlockList();
everybody.addSubnet('2000::', 3, 'ipv6');

/** Whether an address is of this machine, a private network, or otherwise not one that anybody could reach. */
export function isPrivateAddress(address: string): boolean {
  if (isIPv4(address)) return special.check(address, 'ipv4');
  if (!isIPv6(address)) return true;

  return !everybody.check(address, 'ipv6') || special.check(address, 'ipv6');
}
