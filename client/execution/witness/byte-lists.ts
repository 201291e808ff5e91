/**
 * Reads rlp of lists of byte strings without building anything but views of the strings: a general decoder makes an
 * object of each byte that a stranger sends.
 */

/** @throws Error saying what is not canonical RLP, or that there are more than `maxItems` strings in all */
export function byteLists(bytes: Uint8Array, maxItems: number): readonly (readonly Uint8Array[])[] {
  let count = 0;
  const lists: Uint8Array[][] = [];
  const outer = itemAt(bytes, 0, bytes.length);
  if (!outer.isList || outer.end !== bytes.length) throw new Error('not one list');
  for (let at = outer.start; at < outer.end; ) {
    const list = itemAt(bytes, at, outer.end);
    if (!list.isList) throw new Error(`no list at ${at}`);
    const items: Uint8Array[] = [];
    for (let i = list.start; i < list.end; ) {
      const item = itemAt(bytes, i, list.end);
      if (item.isList) throw new Error(`no byte string at ${i}`);
      if (++count > maxItems) throw new Error(`more than ${maxItems} byte strings`);
      items.push(bytes.subarray(item.start, item.end));
      i = item.end;
    }
    lists.push(items);
    at = list.end;
  }
  return lists;
}

type Item = { readonly isList: boolean; readonly start: number; readonly end: number };

/** Where an item's content lies (Yellow Paper, appendix B). */
function itemAt(bytes: Uint8Array, at: number, limit: number): Item {
  const first = bytes[at] as number;
  if (at >= limit) throw new Error(`nothing at ${at}`);
  if (first < 0x80) return { isList: false, start: at, end: at + 1 };
  const isList = first >= 0xc0;
  const short = first - (isList ? 0xc0 : 0x80);
  const lengthBytes = Math.max(0, short - 55);
  const start = at + 1 + lengthBytes;
  let length = short;
  if (lengthBytes > 0) {
    if (start > limit || bytes[at + 1] === 0) throw new Error(`no length at ${at}`);
    length = 0;
    for (let i = at + 1; i < start; i++) length = length * 256 + (bytes[i] as number);
    if (length <= 55) throw new Error(`a long form for ${length} bytes at ${at}`);
  }
  const end = start + length;
  if (end > limit) throw new Error(`the item at ${at} passes its list's end`);
  if (!isList && short === 1 && (bytes[start] as number) < 0x80) throw new Error(`a length for one byte at ${at}`);
  return { isList, start, end };
}
