/** A block that nobody has proven, as peers serve it to a prover that executes nothing, and lies about its witness. */
import { setTimeout } from 'node:timers/promises';
import type { Block } from '@ethereumjs/block';
import { RLP } from '@ethereumjs/rlp';
import { decodeHeader } from '../../../client/execution/chain/block-codec.ts';
import type { Network } from '../../../client/execution/chain/network.ts';
import type { ExecutionWitness } from '../../../client/execution/interface.ts';
import { checkWitness, encodeWitness } from '../../../client/execution/witness/check.ts';
import { FrameKind } from '../../../client/p2p/proofs/framing.ts';
import { decodeDataRequest } from '../../../client/p2p/proofs/messages.ts';
import { maxWitnessBytes } from '../../../client/sync/unproven.ts';
import type { BuiltBlock } from '../sealed-chain.ts';
import { answer, frame, type Misbehaviour, serving, sizeOf } from './adversary.ts';
import { soon } from './host.ts';

export type Unproven = {
  readonly network: Network;
  readonly parent: Block;
  readonly wanted: BuiltBlock;
  /** another block on the same parent, which reads more */
  readonly other: BuiltBlock;
  /** trie nodes, some of them of other states than the parent's */
  readonly elsewhere: readonly Uint8Array[];
  /** rlp of a header that is none of the parent's ancestors */
  readonly strangeHeader: Uint8Array;
};
export type WitnessLie = {
  readonly name: string;
  /** what it is charged with */
  readonly fault: string;
  readonly data: Misbehaviour;
};

/** A block's body as peers send it. */
export const bodyOf = ({ block }: BuiltBlock): Uint8Array => RLP.encode(block.raw().slice(1) as never);

/** Whether a witness's items all belong to the parent's state. */
export function belongs({ network, parent }: Unproven, witness: Uint8Array): boolean {
  const { header } = parent;
  try {
    checkWitness(witness, { hash: header.hash(), stateRoot: header.stateRoot }, (rlp) =>
      decodeHeader(network.common, rlp),
    );
    return true;
  } catch {
    return false;
  }
}

/** A node of the parent's state that the wanted block does not read. */
export function unreadNode(unproven: Unproven): Uint8Array {
  const { wanted, other } = unproven;
  const { witness } = wanted.execution;
  const found = other.execution.witness.state.find(
    (node) =>
      !isIn(witness.state, node) && belongs(unproven, encodeWitness({ ...witness, state: [...witness.state, node] })),
  );
  if (found === undefined) throw new Error('the other block reads no more than the wanted one');
  return found;
}

/** Lies about the wanted block's witness, by peers that serve its body as it is. */
export function witnessLies(unproven: Unproven): readonly WitnessLie[] {
  const { wanted, other, elsewhere, strangeHeader } = unproven;
  const { witness } = wanted.execution;
  const { state, codes, headers } = witness;
  const changed = (change: Partial<ExecutionWitness>): Uint8Array => encodeWitness({ ...witness, ...change });
  const without = (i: number): Uint8Array => changed({ state: state.filter((_, j) => j !== i) });
  const more = (node: Uint8Array): Uint8Array => changed({ state: [...state, node] });
  const flipped = (bytes: Uint8Array): Uint8Array =>
    Uint8Array.from(bytes, (byte, i) => (i === bytes.length - 1 ? byte ^ 1 : byte));
  const root = state.findIndex((_, i) => !belongs(unproven, without(i)));
  const leaf = state.findIndex((_, i) => belongs(unproven, without(i)));
  const foreign = elsewhere.find((node) => !isIn(state, node) && !belongs(unproven, more(node)));
  if (root < 0 || leaf < 0 || foreign === undefined) throw new Error('the blocks are no scene for these lies');
  const cap = maxWitnessBytes(wanted.block.header.gasUsed);
  const junk = Array.from({ length: Math.floor(cap / 600) }, (_, i) => {
    const node = new Uint8Array(532);
    new DataView(node.buffer).setUint32(0, i);
    return node;
  });

  const oneWitness = (bytes: Uint8Array): Misbehaviour =>
    serving(({ kind }) => (kind === 'body' ? bodyOf(wanted) : kind === 'witness' ? bytes : undefined));
  /** Answers a request for the witness by other means. */
  const badly =
    (misbehave: Misbehaviour): Misbehaviour =>
    (stream, request) =>
      (decodeDataRequest(request).kind === 'witness'
        ? misbehave
        : serving(({ kind }) => (kind === 'body' ? bodyOf(wanted) : undefined)))(stream, request);
  const false_ = (name: string, bytes: Uint8Array): WitnessLie => ({
    name,
    fault: 'wrongBytes',
    data: oneWitness(bytes),
  });

  return [
    false_('a node with a flipped byte', changed({ state: state.map((n, i) => (i === leaf ? flipped(n) : n)) })),
    false_('a leaf missing that the block reads', without(leaf)),
    false_('a node missing above others', without(root)),
    false_('a node of another state', more(foreign)),
    false_('a node twice', more(state[0]!)),
    false_('as many nodes of nothing as may be', changed({ state: [...state, ...junk] })),
    false_('a code of no account', changed({ codes: [...codes, Uint8Array.of(0xfe)] })),
    false_('a code with a flipped byte', changed({ codes: codes.map(flipped) })),
    false_('codes missing that the block runs', changed({ codes: [] })),
    false_('a header that is no ancestor', changed({ headers: [strangeHeader] })),
    false_('a header more, which does not link', changed({ headers: [strangeHeader, ...headers] })),
    false_('no header', changed({ headers: [] })),
    false_('the witness of another block', encodeWitness(other.execution.witness)),
    false_('no lists', new Uint8Array(1000)),
    {
      name: 'an endless answer',
      fault: 'unrequestedData',
      data: badly(async (stream) => {
        await stream.write(frame(FrameKind.item, sizeOf(100_000)), soon());
        for (;;) await stream.write(frame(FrameKind.item, new Uint8Array(65536)), soon());
      }),
    },
    {
      name: 'more bytes than the gas of the block can read',
      fault: 'oversizedMessage',
      data: badly((stream) => answer(stream, [sizeOf(cap + 1)])),
    },
    {
      name: 'a slow drip',
      fault: 'slowResponse',
      data: badly(async (stream) => {
        const head = frame(FrameKind.item, sizeOf(100_000));
        for (let i = 0; ; i = (i + 1) % head.length) {
          await stream.write(head.subarray(i, i + 1), soon());
          await setTimeout(50);
        }
      }),
    },
  ];
}

const isIn = (nodes: readonly Uint8Array[], node: Uint8Array): boolean =>
  nodes.some((each) => Buffer.compare(each, node) === 0);
