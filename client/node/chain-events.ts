import type { HeadChange } from '../execution/interface.ts';
import type { ChainView } from '../execution/store/chain-view.ts';
import type { ChainEvent, EventPort } from '../rpc/interface.ts';

/** Tells whoever listens what has happened to the stored chain. */
export class ChainEvents implements EventPort {
  readonly #listeners = new Set<(event: ChainEvent) => void>();
  readonly #view: Pick<ChainView, 'blockByHash' | 'isCanonical'>;
  readonly #onError: (error: unknown) => void;

  /** @param onError told of what a listener could not do: importing blocks does not depend on it */
  constructor(view: Pick<ChainView, 'blockByHash' | 'isCanonical'>, onError: (error: unknown) => void) {
    this.#view = view;
    this.#onError = onError;
  }

  listen(listener: (event: ChainEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  headMoved(change: HeadChange): void {
    this.#tell({ kind: 'head', change });
  }

  /** A proof is stored; of a block beside the chain, or ahead of it, it is told when that becomes canonical. */
  proofStored(blockHash: Uint8Array): void {
    if (this.#listeners.size === 0) return;
    const block = this.#view.blockByHash(blockHash);
    if (block !== undefined && this.#view.isCanonical(block)) this.#tell({ kind: 'proof', block });
  }

  #tell(event: ChainEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        this.#onError(error);
      }
    }
  }
}
