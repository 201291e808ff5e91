/**
 * Blocks ahead of the head that nobody has proven, for a prover that executes nothing: headers and seals are checked when
 * they are offered, body and witness are fetched when the prover asks for them, each item against the parent's header.
 * Of a witness only what the block reads is kept: what else a peer sends of the parent's state would be proven in vain.
 * What was fetched and has passed is served on.
 */
import type { Block } from '@ethereumjs/block';
import { RLP } from '@ethereumjs/rlp';
import { ClientError } from '../errors.ts';
import type { ExecutionWitness } from '../execution/interface.ts';
import type { BlockDataKind, HeaderRecord, ProofNetwork } from '../p2p/interface.ts';
import type { Hash } from '../prover/interface.ts';
import { type BlockDataModules, obtainBlock, timed } from './block-data.ts';

/** A block that is known by header and seal only, and its parent's header. */
export type UnprovenBlock = HeaderRecord & { readonly hash: Hash; readonly number: bigint };
type Held = UnprovenBlock & { readonly parentRlp: Uint8Array; readonly from: string };
type Obtained = { readonly block: Block; readonly witness: ExecutionWitness };
/** A witness, and the same as peers send it. */
export type TrimmedWitness = { readonly witness: ExecutionWitness; readonly rlp: Uint8Array };
/** The same as bytes, for others. */
type Kept = { readonly body: Uint8Array; readonly witness: Uint8Array };

export type UnprovenModules = {
  readonly network: Pick<ProofNetwork, 'blockData' | 'proof' | 'charge'>;
  readonly blockData: Omit<BlockDataModules, 'network'>;
  /** The stored header of the head. */
  readonly headRlp: () => Uint8Array;
  /** Every rule of a header and its seal against its parent's header. @throws ClientError */
  readonly checkAfter: (headerRlp: Uint8Array, seal: Uint8Array, parentRlp: Uint8Array) => void;
  /**
   * What a run of the block reads of a witness; undefined where its items do not belong to the parent, or something is
   * not there. The witness of a block that breaks a rule may stay as it is: nobody proves it.
   * @throws where that could not be found out, which is nobody's fault
   */
  readonly trimWitness: (block: Block, bytes: Uint8Array, parentRlp: Uint8Array) => Promise<TrimmedWitness | undefined>;
  /** There is something to prove. */
  readonly onOffered: (blocks: readonly UnprovenBlock[]) => void;
  readonly signal: AbortSignal;
};

/** Blocks ahead of the head that provers may share among themselves. */
const MAX_AHEAD = 8;
/** Whatever the gas; the network's memory budget counts it while it comes. */
const MAX_WITNESS_BYTES = 64 * 2 ** 20;
/** Headers back to the farthest that a block can name, and what a block reads without gas: system contracts, withdrawals. */
const WITNESS_BASE_BYTES = 1024 * 1024;
/** Above the 9.5 of the largest code for the gas of a cold account, and the nodes on the way to it. */
const WITNESS_BYTES_PER_GAS = 16n;
/** Bytes that are kept of obtained blocks, the latest in any case. */
const MAX_KEPT_BYTES = 128 * 2 ** 20;

/** The most bytes of a block's witness: nothing is read without gas, beyond a base. */
export function maxWitnessBytes(gasUsed: bigint): number {
  return Math.min(MAX_WITNESS_BYTES, WITNESS_BASE_BYTES + Number(gasUsed * WITNESS_BYTES_PER_GAS));
}

/** Bounded: the first `MAX_AHEAD` blocks of the last offer, and `MAX_KEPT_BYTES` of what was obtained for them. */
export class UnprovenBlocks {
  readonly #modules: UnprovenModules;
  #held = new Map<Hash, Held>();
  /** in the order of their coming */
  readonly #kept = new Map<Hash, Kept>();

  constructor(modules: UnprovenModules) {
    this.#modules = modules;
  }

  /**
   * Blocks from the head's child on, each the child of the one before, as a peer named them; replaces all earlier ones.
   * @param from that peer, which is asked first for what proving them needs
   */
  offer(entries: readonly UnprovenBlock[], from: string): void {
    const { headRlp, checkAfter, onOffered } = this.#modules;
    const held = new Map<Hash, Held>();
    let parentRlp = headRlp();
    for (const entry of entries.slice(0, MAX_AHEAD)) {
      try {
        checkAfter(entry.headerRlp, entry.seal, parentRlp);
      } catch (error) {
        // Whoever named it is charged when its turn to be imported comes.
        if (!(error instanceof ClientError)) throw error;
        break;
      }
      held.set(entry.hash, { ...entry, parentRlp, from });
      parentRlp = entry.headerRlp;
    }
    this.#held = held;
    if (held.size > 0) onOffered([...held.values()]);
  }

  has(hash: Hash): boolean {
    return this.#held.has(hash);
  }

  /** The block with a witness that fits it; undefined where it is not held or no peer has them. */
  async obtain(hash: Hash): Promise<Obtained | undefined> {
    const held = this.#held.get(hash);
    if (held === undefined) return undefined;
    const { network, blockData, signal, trimWitness } = this.#modules;
    const o = { signal, prefer: [held.from] };
    const fetched = await obtainBlock({ ...blockData, network }, held, o);
    if (!fetched.ok) return undefined;
    const block = fetched.value;
    let trimmed: TrimmedWitness | undefined;
    const check = async (bytes: Uint8Array): Promise<boolean> => {
      trimmed = await trimWitness(block, bytes, held.parentRlp);
      return trimmed !== undefined;
    };
    const maxBytes = maxWitnessBytes(block.header.gasUsed);
    const bytes = await network.blockData('witness', hash, { ...timed(o), maxBytes, check });
    if (!bytes.ok || trimmed === undefined) return undefined;
    const [, ...body] = block.raw();
    this.#keep(hash, { body: RLP.encode(body), witness: trimmed.rlp });
    return { block, witness: trimmed.witness };
  }

  /** What was obtained of a block, though it is not imported; undefined for what never was, or was long ago. */
  kept(kind: BlockDataKind, hash: Hash): Uint8Array | undefined {
    return kind === 'body' || kind === 'witness' ? this.#kept.get(hash)?.[kind] : undefined;
  }

  #keep(hash: Hash, kept: Kept): void {
    this.#kept.delete(hash);
    this.#kept.set(hash, kept);
    const sizeOf = ({ body, witness }: Kept): number => body.length + witness.length;
    let bytes = [...this.#kept.values()].reduce((sum, each) => sum + sizeOf(each), 0);
    for (const [oldest, each] of this.#kept) {
      if (bytes <= MAX_KEPT_BYTES || oldest === hash) break;
      this.#kept.delete(oldest);
      bytes -= sizeOf(each);
    }
  }
}
