/** Chains of the execution spec tests as inputs of the guest: every block with the whole state before it as witness. */
import { RLP } from '@ethereumjs/rlp';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { decodeBlock } from '../../client/execution/chain/block-codec.ts';
import { allocState, parseAlloc } from '../../client/execution/chain/genesis-alloc.ts';
import { chainSpecOf } from '../../client/execution/chain/network.ts';
import type { ContentSource, StateChanges } from '../../client/execution/interface.ts';
import { executeBlock } from '../../client/execution/state/execute-block.ts';
import { encodeChainSpec } from '../../client/prover/guest/chain-spec.ts';
import { encodeGuestInput } from '../../client/prover/guest/input.ts';
import { bytesOf, hexOf } from './bytes.ts';
import { type BlockchainTest, eestNetwork } from './eest.ts';

/** All that was ever part of a chain's state, and its headers: more than any block of it needs. */
class WholeState implements ContentSource {
  readonly nodes = new Map<string, Uint8Array>();
  readonly codes = new Map<string, Uint8Array>();
  readonly #headers = new Map<string, Uint8Array>();

  readonly node = (hash: Uint8Array): Uint8Array | undefined => this.nodes.get(hexOf(hash));
  readonly code = (hash: Uint8Array): Uint8Array | undefined => this.codes.get(hexOf(hash));
  readonly header = (hash: Uint8Array): Uint8Array | undefined => this.#headers.get(hexOf(hash));

  addChanges(changes: StateChanges): void {
    for (const [hash, rlp] of changes.nodes) this.nodes.set(hexOf(hash), rlp);
    for (const [hash, code] of changes.codes) this.codes.set(hexOf(hash), code);
  }

  addHeader(rlp: Uint8Array): void {
    this.#headers.set(hexOf(keccak_256(rlp)), rlp);
  }

  /** The ancestors from the parent back, at most 256, ascending. */
  ancestorsOf(parentHash: Uint8Array): readonly Uint8Array[] {
    const found: Uint8Array[] = [];
    let hash = parentHash;
    for (let header = this.header(hash); header !== undefined && found.length < 256; header = this.header(hash)) {
      found.unshift(header);
      hash = (RLP.decode(header) as Uint8Array[])[0] ?? hash;
    }
    return found;
  }
}

export type GuestCase = {
  /** position in the test's list of blocks */
  readonly index: number;
  /** the exception that the test expects; undefined where the block is valid */
  readonly expected: string | undefined;
  readonly blockHash: string;
  readonly parentHash: string;
  /** input with the whole state as witness */
  readonly input: Uint8Array;
  /** input with the witness that this client records; undefined for invalid blocks */
  readonly recorded: Uint8Array | undefined;
};

/** The blocks of a test in order. Valid ones are executed by this client, which gives the next one's state. */
export async function guestCases(test: BlockchainTest): Promise<readonly GuestCase[]> {
  const [genesisHeader] = RLP.decode(bytesOf(test.genesisRLP)) as unknown as [Uint8Array[]];
  const network = eestNetwork(test, hexOf(keccak_256(RLP.encode(genesisHeader))));
  const state = new WholeState();
  state.addChanges((await allocState(parseAlloc(test.pre))).changes);
  state.addHeader(RLP.encode(genesisHeader));

  const cases: GuestCase[] = [];
  for (const [index, { rlp, expectException: expected }] of test.blocks.entries()) {
    const blockRlp = bytesOf(rlp);
    const header = headerOf(blockRlp);
    const parentHash = header[0] ?? new Uint8Array(32);
    const chainSpec = encodeChainSpec(
      chainSpecOf(network, { number: quantity(header[8]), timestamp: quantity(header[11]) }),
    );
    const [codes, nodes] = [[...state.codes.values()], [...state.nodes.values()]];
    const whole = { chainSpec, blockRlp, headers: state.ancestorsOf(parentHash), codes, state: nodes };
    const execution =
      expected === undefined ? await executeBlock(network, decodeBlock(network.common, blockRlp), state) : undefined;
    cases.push({
      index,
      expected,
      blockHash: hexOf(keccak_256(RLP.encode([...header]))),
      parentHash: hexOf(parentHash),
      input: encodeGuestInput(whole),
      recorded: execution && encodeGuestInput({ chainSpec, blockRlp, ...execution.witness }),
    });
    if (execution === undefined) continue;
    state.addChanges(execution.changes);
    state.addHeader(RLP.encode([...header]));
  }
  return cases;
}

/** The fields of a block's header; none where they cannot be found. */
function headerOf(blockRlp: Uint8Array): readonly Uint8Array[] {
  const [header] = RLP.decode(blockRlp) as unknown as [Uint8Array[]];
  return Array.isArray(header) ? header : [];
}

function quantity(bytes: Uint8Array | undefined): bigint {
  return BigInt(`0x0${Buffer.from(bytes ?? []).toString('hex')}`);
}
