import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { getGenesis } from '@ethereumjs/genesis';
import { RLP } from '@ethereumjs/rlp';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { decodeBlock } from '../../../client/execution/chain/block-codec.ts';
import { allocState, parseAlloc } from '../../../client/execution/chain/genesis-alloc.ts';
import { knownNetwork } from '../../../client/execution/chain/known-networks.ts';
import { chainSpecOf, rulesAt } from '../../../client/execution/chain/network.ts';
import { ContentMap } from '../../../client/execution/state/content-map.ts';
import { executeBlock } from '../../../client/execution/state/execute-block.ts';
import { encodeChainSpec } from '../../../client/prover/guest/chain-spec.ts';
import { encodeGuestInput, type GuestInput } from '../../../client/prover/guest/input.ts';
import { loadGuest } from '../../../client/prover/guest/load.ts';
import { createValidator } from '../../../client/prover/guest/validate.ts';
import { hexOf } from '../../support/bytes.ts';
import { dataDir, needsData } from '../../support/data.ts';
import { type DecodedBlock, decodeBlockRlp } from '../../support/real-blocks.ts';

const validator = createValidator(loadGuest());
const ANCESTORS = 8;

type Step = { readonly input: GuestInput; readonly decoded: DecodedBlock; readonly hash: string };

/** Mainnet from block 1 on, each block with its recorded witness and its last ancestors. */
async function firstBlocks(count: number): Promise<readonly Step[]> {
  const genesis = await mainnetGenesis();
  const { network } = genesis;
  const content = new ContentMap();
  content.addChanges(genesis.changes);
  content.addHeader(genesis.hash, genesis.header);
  const headers = [genesis.header];
  const steps: Step[] = [];
  for (const blockRlp of firstRlps().slice(1, count + 1)) {
    const height = { number: BigInt(steps.length + 1), timestamp: 0n };
    const block = decodeBlock(rulesAt(network, height), blockRlp);
    const { witness, changes: next } = await executeBlock(network, block, content);
    const chainSpec = encodeChainSpec(chainSpecOf(network, height));
    const hash = hexOf(block.hash());
    steps.push({
      input: { ...witness, chainSpec, blockRlp, headers: headers.slice(-ANCESTORS) },
      decoded: decodeBlockRlp(blockRlp),
      hash,
    });
    content.addChanges(next);
    content.addHeader(block.hash(), block.header.serialize());
    headers.push(block.header.serialize());
  }
  return steps;
}

/** The chain's file has the genesis state's root only. */
async function mainnetGenesis() {
  const { network, block } = await knownNetwork('mainnet');
  const alloc = Object.fromEntries(Object.entries(getGenesis(1) ?? {}).map(([at, balance]) => [at, { balance }]));
  const { stateRoot, changes } = await allocState(parseAlloc(alloc));
  assert.equal(hexOf(stateRoot), hexOf(block.header.stateRoot));
  const header = block.header.serialize();
  return { network, header, hash: keccak_256(header), changes };
}

/** The file is blocks 0 to 999, each an RLP list, one after the other. */
function firstRlps(): readonly Uint8Array[] {
  const file = new Uint8Array(readFileSync(join(dataDir() ?? '', 'chains', 'mainnet-first1000', '1000.blocks')));
  const blocks: Uint8Array[] = [];
  for (let rest = file; rest.length > 0; ) {
    const { remainder } = RLP.decode(rest, true);
    blocks.push(rest.subarray(0, rest.length - remainder.length));
    rest = remainder as typeof rest;
  }
  return blocks;
}

describe('guest on the first blocks of mainnet', needsData(), () => {
  const COUNT = 300;
  const chain = dataDir() === undefined ? Promise.resolve([]) : firstBlocks(COUNT);

  test('rewards, ommers and difficulty of blocks 1 to 300 → their claims', async () => {
    const validate = await validator;
    let ommers = 0;
    for (const { input, decoded, hash } of await chain) {
      const result = validate(encodeGuestInput(input));
      assert.ok(result.ok, result.ok ? '' : `${hash}: ${result.rule}: ${result.reason}`);
      assert.equal(result.claim.blockHash, hash);
      ommers += decoded[2].length;
    }
    assert.equal((await chain).length, COUNT);
    assert.ok(ommers > 20, `${ommers} ommers`);
  });

  /** The first block with one ommer, deep enough for every ancestor. */
  const withOmmer = async (): Promise<Step> => {
    const step = (await chain).find(({ decoded }, i) => i > ANCESTORS && decoded[2].length === 1);
    assert.ok(step);
    return step;
  };
  type Ommer = Uint8Array[];
  const edits: readonly (readonly [string, (ommer: Ommer, step: Step) => readonly Ommer[], RegExp])[] = [
    ['rejects an ommer with another difficulty', (o) => [changed(o, 7, Uint8Array.of(1))], /difficulty/],
    ['rejects an ommer with another parent', (o) => [changed(o, 0, new Uint8Array(32))], /parentHash/],
    ['rejects an ommer with another number', (o) => [changed(o, 8, Uint8Array.of(1))], /number|has number/],
    ['rejects an ommer with long extra data', (o) => [changed(o, 12, new Uint8Array(33))], /extraData/],
    ['rejects an ommer whose gas limit jumps', (o) => [changed(o, 9, Uint8Array.of(0x20, 0))], /gasLimit/],
    ['rejects an ommer listed twice', (o) => [o, o], /listed twice/],
    ['rejects three ommers', (o) => [o, o, o], /at most 2/],
    ['rejects an ommer that is an ancestor', (_, { input }) => [decodedHeader(input.headers.at(-2))], /is an ancestor/],
    ['rejects an ommer of the block’s own height', (o, { decoded }) => [changed(o, 8, decoded[0][8])], /has number/],
  ];
  for (const [name, edit, reason] of edits) {
    test(name, async () => {
      const step = await withOmmer();
      const [header, transactions, ommers] = step.decoded;
      const replaced = edit(ommers[0] as Ommer, step);
      const fields = changed(header, 1, keccak_256(RLP.encode(replaced as never)));
      const blockRlp = RLP.encode([fields, transactions, replaced] as never);
      const result = (await validator)(encodeGuestInput({ ...step.input, blockRlp }));
      assert.ok(!result.ok);
      assert.equal(result.rule, 'ommer', result.reason);
      assert.match(result.reason, reason);
    });
  }

  test('rejects an ommer whose parent is not in the witness, naming the header', async () => {
    const { input } = await withOmmer();
    const result = (await validator)(encodeGuestInput({ ...input, headers: input.headers.slice(-1) }));
    assert.ok(!result.ok);
    assert.equal(result.rule, 'witness');
    assert.match(result.reason, /missing ancestor header \d+ \(ommer 0\)/);
  });
});

const changed = (header: Uint8Array[], at: number, value: Uint8Array | undefined): Uint8Array[] =>
  header.map((field, i) => (i === at ? (value ?? field) : field));
const decodedHeader = (rlp: Uint8Array | undefined): Uint8Array[] =>
  RLP.decode(rlp ?? new Uint8Array(0)) as Uint8Array[];
