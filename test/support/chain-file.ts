import { readFileSync } from 'node:fs';

/** The blocks of a chain file: RLP lists one after the other. */
export function blocksOfChainFile(path: string): readonly Uint8Array[] {
  const data = new Uint8Array(readFileSync(path));
  const blocks: Uint8Array[] = [];
  for (let at = 0; at < data.length; ) {
    const prefix = data[at] ?? 0;
    const lengthBytes = Math.max(prefix - 0xf7, 0);
    const length =
      lengthBytes === 0
        ? prefix - 0xc0
        : Number(`0x${Buffer.from(data.subarray(at + 1, at + 1 + lengthBytes)).toString('hex')}`);
    const end = at + 1 + lengthBytes + length;
    if (prefix < 0xc0 || end > data.length) throw new Error(`no block at byte ${at} of ${path}`);
    blocks.push(data.slice(at, end));
    at = end;
  }
  return blocks;
}
