import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isWithinShare } from '../../../client/p2p/host/address-share.ts';

const PLACES = 37;
const many = (address: (i: number) => string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => address(i));

describe('share of an address', () => {
  test('a quarter of the places from one public address → the next one is refused, others are not', () => {
    const nine = many((port) => `/ip4/203.0.113.7/tcp/${40_000 + port}`, 9);
    assert.equal(isWithinShare('/ip4/203.0.113.7/tcp/1', nine.slice(1), PLACES), true);
    assert.equal(isWithinShare('/ip4/203.0.113.7/tcp/1', nine, PLACES), false);
    assert.equal(isWithinShare('/ip4/203.0.113.7/tcp/1/ws', nine, PLACES), false);
    assert.equal(isWithinShare('/ip4/203.0.113.8/tcp/1', nine, PLACES), true);
    assert.equal(isWithinShare('/ip6/::ffff:203.0.113.7/tcp/1', nine, PLACES), false);
  });

  test('addresses of one IPv6 network of 64 bits → one address', () => {
    const nine = many((i) => `/ip6/2001:db8:0:7::${(i + 1).toString(16)}/tcp/9600`, 9);
    assert.equal(isWithinShare('/ip6/2001:db8:0:7:ffff:1:2:3/tcp/1', nine, PLACES), false);
    assert.equal(isWithinShare('/ip6/2001:0db8:0000:0007::aa/tcp/1', nine, PLACES), false);
    assert.equal(isWithinShare('/ip6/2001:db8:0:8::1/tcp/1', nine, PLACES), true);
    const short = many((i) => `/ip6/2001:db8::${i + 1}/tcp/9600`, 9);
    assert.equal(isWithinShare('/ip6/2001:db8:0:0:1::1/tcp/1', short, PLACES), false);
  });

  test('networks of one’s own → no limit', () => {
    for (const own of [
      'ip4/127.0.0.1',
      'ip4/10.1.2.3',
      'ip4/172.31.0.1',
      'ip4/192.168.1.1',
      'ip6/::1',
      'ip6/fd00::1',
    ]) {
      const all = many((port) => `/${own}/tcp/${port + 1}`, 37);
      assert.equal(isWithinShare(`/${own}/tcp/99`, all, PLACES), true, own);
    }
  });

  test('few places → one for each address', () => {
    assert.equal(isWithinShare('/ip4/203.0.113.7/tcp/1', [], 1), true);
    assert.equal(isWithinShare('/ip4/203.0.113.7/tcp/1', ['/ip4/203.0.113.7/tcp/2'], 3), false);
  });
});
