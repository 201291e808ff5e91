/**
 * Bytes that a stranger sends as RLP, looked at before a general decoder sees them. That copies a list's content once for
 * each level and keeps all copies until the innermost is read: half a MiB of nothing but nested lists takes gigabytes.
 * And it makes an object of each item: a list of single bytes takes a hundred times its size.
 */
import { ClientError } from './errors.ts';

/**
 * On average, below anything that a valid block can have: an authorization of EIP-7702, whose signature need not be one,
 * has 7 items in 27 bytes; the smallest withdrawal 5 in 25, the smallest log 4 in 24.
 */
const LEAST_ITEM_BYTES = 3;
/** Beyond it: short lists of small numbers, a header's or of 16 withdrawals. */
const FREE_ITEMS = 256;
/** First bytes (Yellow Paper, appendix B): a single byte below it; short and long strings; short and long lists. */
const [STRING, LONG_STRING, LIST, LONG_LIST] = [0x80, 0xb7, 0xc0, 0xf7];

/**
 * Checks that decoding will cost no more than in proportion to the bytes. What passes need not be canonical RLP: that is
 * the decoder's to say.
 * @param maxDepth levels of lists: 1 is a list of strings
 * @throws ClientError `rlpTooDeep`, `rlpTooManyItems`, `rlpMalformed` where an item passes the end of its list
 */
export function checkRlpShape(bytes: Uint8Array, maxDepth: number): void {
  const maxItems = FREE_ITEMS + bytes.length / LEAST_ITEM_BYTES;
  /** of the lists around the place that is looked at */
  const ends: number[] = [];
  let end = bytes.length;
  let items = 0;
  for (let at = 0; at < bytes.length; ) {
    if (++items > maxItems)
      throw new ClientError<RlpShapeErrorCode>('rlpTooManyItems', `RLP of ${bytes.length} bytes with ${items} items`);
    const first = bytes[at] as number;
    const isList = first >= LIST;
    const lengthBytes = Math.max(0, first - (isList ? LONG_LIST : LONG_STRING));
    const isLong = lengthBytes > 0 && (isList || first < LIST);
    let length = isList ? first - LIST : Math.max(0, first - STRING);
    let start = first < STRING ? at : at + 1;
    if (first < STRING) length = 1;
    else if (isLong) {
      start += lengthBytes;
      length = 0;
      for (let i = at + 1; i < start; i++) length = length * 256 + (bytes[i] ?? 0);
    }
    if (start + length > end)
      throw new ClientError<RlpShapeErrorCode>('rlpMalformed', `RLP: the item at ${at} passes its list's end ${end}`);
    if (isList) {
      ends.push(end);
      if (ends.length > maxDepth)
        throw new ClientError<RlpShapeErrorCode>('rlpTooDeep', `RLP with more than ${maxDepth} lists in each other`);
      end = start + length;
      at = start;
    } else at = start + length;
    while (at === end && ends.length > 0) end = ends.pop() as number;
  }
}

export type RlpShapeErrorCode = 'rlpTooDeep' | 'rlpTooManyItems' | 'rlpMalformed';
