import type { ExecutionWitness } from '../interface.ts';

/** Collects what a run reads from before its block: each thing once, whatever the order and number of reads. */
export class WitnessRecorder {
  readonly #nodes = new Map<string, Uint8Array>();
  readonly #codes = new Map<string, Uint8Array>();

  /** Headers are not collected here: `Ancestors` keeps them in order. */
  readonly onRead = (kind: 'node' | 'code' | 'header', hash: Uint8Array, content: Uint8Array): void => {
    if (kind === 'header') return;
    const key = Buffer.from(hash.buffer, hash.byteOffset, hash.length).toString('latin1');
    (kind === 'node' ? this.#nodes : this.#codes).set(key, content);
  };

  /** @param headers consecutive, ascending, the parent's last */
  witness(headers: readonly Uint8Array[]): ExecutionWitness {
    return { state: byHash(this.#nodes), codes: byHash(this.#codes), headers };
  }
}

/** Ascending by hash: latin1 strings compare as their bytes do. */
function byHash(items: ReadonlyMap<string, Uint8Array>): readonly Uint8Array[] {
  return [...items].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, content]) => content);
}
