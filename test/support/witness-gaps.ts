import { keccak256 } from '../../client/execution/chain/crypto.ts';
import type { ExecutionWitness } from '../../client/execution/interface.ts';
import { hexOf } from './bytes.ts';
import { seededRandom } from './random.ts';

export type Gap = {
  readonly what: string;
  readonly witness: ExecutionWitness;
  /** the error that must come */
  readonly code: 'missingNode' | 'missingCode' | 'missingHeader';
  /** hash of what is no longer there */
  readonly hash: `0x${string}`;
};

const CODES = { state: 'missingNode', codes: 'missingCode', headers: 'missingHeader' } as const;

/**
 * Witnesses that lack one item, or have one with a flipped bit, each with the error that must name it.
 * @param perList items of each list to try, spread over it from a place that the seed says; all by default
 */
export function* gapsOf(witness: ExecutionWitness, perList = Number.POSITIVE_INFINITY, seed = 1): Generator<Gap> {
  const random = seededRandom(seed);
  for (const [list, code] of Object.entries(CODES) as [keyof typeof CODES, Gap['code']][]) {
    const items = witness[list];
    const step = Math.max(1, Math.ceil(items.length / perList));
    for (let index = random() % step; index < items.length; index += step) {
      const item = items[index] ?? new Uint8Array();
      const hash = hexOf(keccak256(item));
      const without = [...items.slice(0, index), ...items.slice(index + 1)];
      yield { what: `without ${list}[${index}]`, witness: { ...witness, [list]: without }, code, hash };
      const altered = item.slice();
      const at = index % Math.max(altered.length, 1);
      altered[at] = (altered[at] ?? 0) ^ (1 << (index % 8));
      const flipped = [...items.slice(0, index), altered, ...items.slice(index + 1)];
      yield { what: `with a flipped bit in ${list}[${index}]`, witness: { ...witness, [list]: flipped }, code, hash };
    }
  }
}
