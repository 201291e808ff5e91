/**
 * Blocks ahead of the head that nobody has proven, for a prover that executes nothing: headers and seals are checked when
 * they are offered, body and witness are fetched when the prover asks for them, each item against the parent's header.
 */
import type { Block } from '@ethereumjs/block';
import { ClientError } from '../errors.ts';
import type { ExecutionWitness } from '../execution/interface.ts';
import type { HeaderRecord, ProofNetwork } from '../p2p/interface.ts';
import type { Hash } from '../prover/interface.ts';
import { type BlockDataModules, obtainBlock } from './block-data.ts';

/** A block that is known by header and seal only, and its parent's header. */
export type UnprovenBlock = HeaderRecord & { readonly hash: Hash; readonly number: bigint };
type Held = UnprovenBlock & { readonly parentRlp: Uint8Array };

export type UnprovenModules = {
  readonly network: Pick<ProofNetwork, 'blockData' | 'proof' | 'charge'>;
  readonly blockData: Omit<BlockDataModules, 'network'>;
  /** The stored header of the head. */
  readonly headRlp: () => Uint8Array;
  /** Every rule of a header and its seal against its parent's header. @throws ClientError */
  readonly checkAfter: (headerRlp: Uint8Array, seal: Uint8Array, parentRlp: Uint8Array) => void;
  /** A witness's form and items against the parent. @throws ClientError */
  readonly checkWitness: (bytes: Uint8Array, parentRlp: Uint8Array) => ExecutionWitness;
  /** Whether a run of the block finds all that it reads in the witness, be the block valid or not. */
  readonly isComplete: (block: Block, witness: ExecutionWitness) => Promise<boolean>;
  /** There is something to prove. */
  readonly onOffered: (blocks: readonly UnprovenBlock[]) => void;
  readonly signal: AbortSignal;
};

/** Blocks ahead of the head that provers may share among themselves. */
const MAX_AHEAD = 8;
/** Far above what the gas of a block reads in any known chain; the network's memory budget counts it while it comes. */
const MAX_WITNESS_BYTES = 64 * 2 ** 20;

export class UnprovenBlocks {
  readonly #modules: UnprovenModules;
  #held = new Map<Hash, Held>();

  constructor(modules: UnprovenModules) {
    this.#modules = modules;
  }

  /** Blocks from the head's child on, each the child of the one before, as a peer named them; replaces all earlier ones. */
  offer(entries: readonly UnprovenBlock[]): void {
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
      held.set(entry.hash, { ...entry, parentRlp });
      parentRlp = entry.headerRlp;
    }
    this.#held = held;
    if (held.size > 0) onOffered([...held.values()]);
  }

  has(hash: Hash): boolean {
    return this.#held.has(hash);
  }

  /** The block with a witness that fits it; undefined where it is not held or no peer has them. */
  async obtain(hash: Hash): Promise<{ readonly block: Block; readonly witness: ExecutionWitness } | undefined> {
    const held = this.#held.get(hash);
    if (held === undefined) return undefined;
    const { network, blockData, signal, checkWitness, isComplete } = this.#modules;
    const fetched = await obtainBlock({ ...blockData, network }, held, { signal });
    if (!fetched.ok) return undefined;
    const block = fetched.value;
    let witness: ExecutionWitness | undefined;
    const check = async (bytes: Uint8Array): Promise<boolean> => {
      try {
        witness = checkWitness(bytes, held.parentRlp);
      } catch (error) {
        if (error instanceof ClientError) return false;
        throw error;
      }
      return await isComplete(block, witness);
    };
    const bytes = await network.blockData('witness', hash, { signal, maxBytes: MAX_WITNESS_BYTES, check });
    return bytes.ok && witness !== undefined ? { block, witness } : undefined;
  }
}
