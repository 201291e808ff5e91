import { createHash } from 'node:crypto';

type Items = readonly (Uint8Array | readonly Uint8Array[])[];

/** A digest of lists of byte strings by name; `deepEqual` takes seconds on thousands of byte arrays. */
export function digestOf(content: object): string {
  const digest = createHash('sha256');
  for (const [list, items] of Object.entries(content) as [string, Items][]) {
    digest.update(`${list} ${items.length}`);
    for (const item of items.flat()) digest.update(`${item.length} `).update(item);
  }
  return digest.digest('hex');
}
