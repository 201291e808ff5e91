import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { chainSpecHash, encodeChainSpec } from '../../../client/prover/guest/chain-spec.ts';
import { encodeGuestInput } from '../../../client/prover/guest/input.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('guest input', () => {
  test('ZKI1: counts and lengths in 8 bytes, items zero-padded to 8', () => {
    const input = encodeGuestInput({
      chainSpec: Uint8Array.of(0xaa),
      blockRlp: new Uint8Array(8).fill(0xbb),
      headers: [Uint8Array.of(0xcc, 0xcd)],
      codes: [],
      state: [new Uint8Array(9).fill(0xdd), new Uint8Array(0)],
    });
    const words = [
      ...['5a4b493101000000'],
      ...['0100000000000000', '0100000000000000', 'aa00000000000000'],
      ...['0100000000000000', '0800000000000000', 'bbbbbbbbbbbbbbbb'],
      ...['0100000000000000', '0200000000000000', 'cccd000000000000'],
      ...['0000000000000000'],
      ...['0200000000000000', '0900000000000000', 'dddddddddddddddd', 'dd00000000000000', '0000000000000000'],
    ];
    assert.equal(hex(input), words.join(''));
  });
});

describe('chain spec', () => {
  const spec = {
    chainId: 1n,
    genesisHash: `0x${'11'.repeat(32)}`,
    depositContract: `0x${'22'.repeat(20)}`,
    daoForkBlock: 5n,
    forks: [
      { name: 'homestead', by: 'block', activation: 0n },
      { name: 'cancun', by: 'time', activation: 300n, blobParams: { target: 3, max: 6, baseFeeUpdateFraction: 7 } },
    ],
  } as const;

  test('RLP: version, chain, genesis, deposit contract, DAO fork, forks', () => {
    const homestead = `d2${'89686f6d657374656164'}${'85626c6f636b'}80c0`;
    const cancun = `d3${'8663616e63756e'}${'8474696d65'}${'82012c'}c3030607`;
    const forks = `e7${homestead}${cancun}`;
    const body = `0101a0${'11'.repeat(32)}94${'22'.repeat(20)}c105${forks}`;
    assert.equal(hex(encodeChainSpec(spec)), `f8${(body.length / 2).toString(16)}${body}`);
  });

  test('every part changes the hash; no deposit contract is the zero address', () => {
    const { depositContract: _, daoForkBlock: __, ...plain } = spec;
    const changed = [
      { ...spec, chainId: 2n },
      { ...spec, genesisHash: `0x${'12'.repeat(32)}` },
      { ...spec, depositContract: `0x${'23'.repeat(20)}` },
      { ...spec, daoForkBlock: 0n },
      { ...plain, depositContract: spec.depositContract },
      { ...spec, forks: spec.forks.slice(0, 1) },
    ];
    const hashes = new Set([spec, ...changed].map(chainSpecHash));
    assert.equal(hashes.size, changed.length + 1);
    assert.equal(chainSpecHash(plain), chainSpecHash({ ...plain, depositContract: `0x${'00'.repeat(20)}` }));
  });
});
