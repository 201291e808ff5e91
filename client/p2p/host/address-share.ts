/** How many of the places for connections one address may hold: identities cost nothing, addresses do. */
import { BlockList, isIPv4, isIPv6 } from 'node:net';

/** Share of the inbound places. Several nodes may lie behind one address. */
const SHARE = 0.25;

/** Networks of one's own, in which addresses cost nothing either (RFC 1918, 3927, 4193, 4291, 6598). */
const OWN = new BlockList();
for (const [net, prefix] of [
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const)
  OWN.addSubnet(net, prefix, 'ipv4');
OWN.addAddress('::1', 'ipv6');
OWN.addSubnet('fc00::', 7, 'ipv6');
OWN.addSubnet('fe80::', 10, 'ipv6');

/**
 * Whether one more connection from an address is within its share.
 * @param from multiaddress of who connects
 * @param others multiaddresses of the inbound connections that are open
 * @param places inbound ones in all
 */
export function isWithinShare(from: string, others: readonly string[], places: number): boolean {
  const group = groupOf(from);
  if (group === undefined) return true;
  return others.filter((other) => groupOf(other) === group).length < Math.max(1, Math.floor(places * SHARE));
}

/** IPv4 address, or the 64 bits of an IPv6 one that a subscriber is given; undefined within networks of one's own. */
function groupOf(address: string): string | undefined {
  const [, protocol, host = ''] = address.split('/');
  if (protocol === 'ip4' && isIPv4(host)) return OWN.check(host, 'ipv4') ? undefined : host;
  if (protocol !== 'ip6' || !isIPv6(host)) return undefined;
  const mapped = /^::ffff:([0-9.]+)$/i.exec(host)?.[1];
  if (mapped !== undefined) return groupOf(`/ip4/${mapped}`);
  return OWN.check(host, 'ipv6') ? undefined : networkOf(host);
}

/** The first four groups of an IPv6 address, with the zeros that `::` stands for. */
function networkOf(host: string): string {
  const [left = '', right] = host.toLowerCase().split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const [head, tail] = [groups(left), groups(right ?? '')];
  const zeros = right === undefined ? 0 : 8 - head.length - tail.length;
  const all = [...head, ...Array.from({ length: Math.max(0, zeros) }, () => '0'), ...tail];
  return all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
