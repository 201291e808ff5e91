/** Everything that one block's import needs, fetched from peers and checked as far as the header allows. */
import type { Block } from '@ethereumjs/block';
import { ClientError } from '../errors.ts';
import type { VerifiedProof } from '../execution/interface.ts';
import type { BlockDataKind, FetchOptions, HeaderRecord, ProofDescriptor, ProofNetwork } from '../p2p/interface.ts';
import type { Hash, VerifyResult } from '../prover/interface.ts';
import type { Missing } from './interface.ts';
import { proofFault } from './judge.ts';

/** What the node lends to fetching. */
export type BlockDataModules = {
  readonly network: Pick<ProofNetwork, 'proof' | 'blockData' | 'charge'>;
  /** The block of a header and a body that its roots commit to. @throws BlockError */
  readonly assemble: (headerRlp: Uint8Array, body: Uint8Array) => Block;
  /** Receipts against the header that commits to them. @throws ReceiptsError */
  readonly checkReceipts: (block: Block, receipts: Uint8Array) => void;
  readonly maxReceiptsBytes: (gasUsed: bigint) => number;
  /** A diff's form, not yet what it leads to. @throws StateDiffError */
  readonly checkDiffForm: (block: Block, diff: Uint8Array) => void;
  readonly maxDiffBytes: (gasUsed: bigint) => number;
  /** Off the main thread; the proof is about the header's chain, this hash and this parent. */
  readonly verifyProof: (headerRlp: Uint8Array, proofType: number, proof: Uint8Array) => Promise<VerifyResult>;
  readonly acceptedProofTypes: readonly number[];
};

/** A block with what stands in for executing it. */
export type ProvenData = Outcome & {
  readonly block: Block;
  readonly proof: VerifiedProof;
};
export type Outcome = {
  readonly receipts: Uint8Array;
  readonly stateDiff: Uint8Array;
  /** who served the diff: whether it leads to the header's state shows only when it is applied */
  readonly diffFrom: string;
};
export type Obtained<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly missing: Missing };

/** EIP-7934's cap of a block; before it, more than the gas of any header buys. */
const MAX_BODY_BYTES = 10 * 2 ** 20;
/** Proofs of one block and type that are tried. */
const MAX_PROOFS = 3;
/** For one object to arrive, from whomever: who serves at the least rate that the network allows holds nothing up for long. */
const FETCH_MS = 60_000;

/** @returns the block, or that no peer has its body */
export async function obtainBlock(
  modules: BlockDataModules,
  record: { readonly headerRlp: Uint8Array; readonly hash: Hash },
  o: FetchOptions,
): Promise<Obtained<Block>> {
  let block: Block | undefined;
  const check = (body: Uint8Array): boolean =>
    passes(() => {
      block = modules.assemble(record.headerRlp, body);
    });
  const body = await modules.network.blockData('body', record.hash, { ...timed(o), maxBytes: MAX_BODY_BYTES, check });
  return body.ok && block !== undefined ? { ok: true, value: block } : { ok: false, missing: 'body' };
}

/**
 * A verified proof among those that a peer names for a block; a peer that names one that does not verify is charged.
 * @param from who named them
 */
export async function obtainProof(
  { network, verifyProof, acceptedProofTypes }: BlockDataModules,
  record: HeaderRecord & { readonly hash: Hash; readonly parentHash: Uint8Array },
  from: string,
  o: FetchOptions,
): Promise<Obtained<VerifiedProof>> {
  const usable = record.proofs.filter((p) => acceptedProofTypes.includes(p.proofType)).slice(0, MAX_PROOFS);
  for (const descriptor of usable) {
    const fetched = await network.proof(descriptor, timed(o));
    if (o.signal.aborted) break;
    if (!fetched.ok) {
      // It came so slowly that nobody can use it.
      if (fetched.code === 'aborted') network.charge(from, 'withheldData');
      continue;
    }
    const verdict = await verifyProof(record.headerRlp, descriptor.proofType, fetched.value);
    if (verdict.ok) return { ok: true, value: verifiedProof(record, descriptor, fetched.value) };
    network.charge(from, proofFault(verdict));
  }
  return { ok: false, missing: 'proof' };
}

/** @param bytes of a proof that this node has verified: the importer takes its word for it */
export const verifiedProof = (
  { hash, parentHash }: { readonly hash: Hash; readonly parentHash: Uint8Array },
  { proofType }: Pick<ProofDescriptor, 'proofType'>,
  bytes: Uint8Array,
): VerifiedProof => ({ proofType, blockHash: bytesOf(hash), parentHash, bytes });

/** Receipts and diff of a block, each checked as far as the header allows. */
export async function obtainOutcome(
  modules: BlockDataModules,
  block: Block,
  hash: Hash,
  o: FetchOptions,
): Promise<Obtained<Outcome>> {
  const fetch = (kind: BlockDataKind, maxBytes: number, check: (block: Block, bytes: Uint8Array) => void) =>
    modules.network.blockData(kind, hash, {
      ...timed(o),
      maxBytes,
      oneServer: kind === 'stateDiff',
      check: (bytes) => passes(() => check(block, bytes)),
    });
  const { gasUsed } = block.header;
  const [receipts, stateDiff] = await Promise.all([
    fetch('receipts', modules.maxReceiptsBytes(gasUsed), modules.checkReceipts),
    fetch('stateDiff', modules.maxDiffBytes(gasUsed), modules.checkDiffForm),
  ]);
  if (!receipts.ok) return { ok: false, missing: 'receipts' };
  const [diffFrom] = stateDiff.ok ? stateDiff.servers : [];
  if (!stateDiff.ok || diffFrom === undefined) return { ok: false, missing: 'stateDiff' };
  return { ok: true, value: { receipts: receipts.value, stateDiff: stateDiff.value, diffFrom } };
}

/** The same fetch, given up a minute from now at the latest. */
export const timed = (o: FetchOptions): FetchOptions => ({
  ...o,
  signal: AbortSignal.any([o.signal, AbortSignal.timeout(FETCH_MS)]),
});

/** Whether a check passes that names its rule by throwing. */
function passes(check: () => void): boolean {
  try {
    check();
    return true;
  } catch (error) {
    if (error instanceof ClientError) return false;
    throw error;
  }
}

/** @param bytes 32 */
export const hashOf = (bytes: Uint8Array): Hash => `0x${Buffer.from(bytes).toString('hex')}`;
/** The inverse of `hashOf`, unchecked. */
export const bytesOf = (hash: Hash): Uint8Array => new Uint8Array(Buffer.from(hash.slice(2), 'hex'));
