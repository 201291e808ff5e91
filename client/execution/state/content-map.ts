import { ClientError } from '../../errors.ts';
import { keccak256 } from '../chain/crypto.ts';
import type { ContentSource, ExecutionWitness, StateChanges } from '../interface.ts';

/** rlp(''): the empty trie's node, which some witnesses carry and none needs. */
const EMPTY_NODE = 0x80;

/** Content in memory, by keccak256. */
export class ContentMap implements ContentSource {
  readonly #nodes = new Map<string, Uint8Array>();
  readonly #codes = new Map<string, Uint8Array>();
  readonly #headers = new Map<string, Uint8Array>();

  readonly node = (hash: Uint8Array): Uint8Array | undefined => this.#nodes.get(keyOf(hash));
  readonly code = (hash: Uint8Array): Uint8Array | undefined => this.#codes.get(keyOf(hash));
  readonly header = (hash: Uint8Array): Uint8Array | undefined => this.#headers.get(keyOf(hash));

  addChanges(changes: StateChanges): void {
    for (const [hash, rlp] of changes.nodes) this.#nodes.set(keyOf(hash), rlp);
    for (const [hash, code] of changes.codes) this.#codes.set(keyOf(hash), code);
  }

  addHeader(hash: Uint8Array, rlp: Uint8Array): void {
    this.#headers.set(keyOf(hash), rlp);
  }

  /**
   * The content of a witness. Every item is hashed here, so that an altered one is found under no name that is asked for.
   * @throws WitnessError `duplicateInWitness`
   */
  static ofWitness(witness: ExecutionWitness): ContentMap {
    const content = new ContentMap();
    fill(content.#nodes, witness.state, 'state');
    fill(content.#codes, witness.codes, 'codes');
    fill(content.#headers, witness.headers, 'headers');
    return content;
  }
}

function fill(map: Map<string, Uint8Array>, items: readonly Uint8Array[], list: keyof ExecutionWitness): void {
  for (const [index, item] of items.entries()) {
    if (list === 'state' && item.length === 1 && item[0] === EMPTY_NODE) continue;
    const key = keyOf(keccak256(item));
    if (map.has(key)) {
      const hash = `0x${Buffer.from(key, 'latin1').toString('hex')}`;
      throw new WitnessError('duplicateInWitness', `witness.${list}[${index}] repeats ${hash}`, { list, index, hash });
    }
    map.set(key, item);
  }
}

function keyOf(hash: Uint8Array): string {
  return Buffer.from(hash.buffer, hash.byteOffset, hash.length).toString('latin1');
}

/** A list of a witness that has an item twice. */
export class WitnessError extends ClientError<
  'duplicateInWitness',
  { readonly list: string; readonly index: number; readonly hash: string }
> {}
