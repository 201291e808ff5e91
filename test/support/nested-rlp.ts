/** RLP that costs a general decoder far more than its size. */
/**
 * Lists in each other with one string in the innermost, which a decoder copies once for each level.
 * @param sizeBytes of all, with at least 64 KiB for the string
 */
export function nested(sizeBytes: number, levels: number): Uint8Array {
  const [listOfThree, stringOfThree, headBytes] = [0xfa, 0xba, 4];
  const rlp = Buffer.alloc(sizeBytes);
  for (let level = 0; level <= levels; level++) {
    const at = level * headBytes;
    rlp.writeUInt8(level < levels ? listOfThree : stringOfThree, at);
    rlp.writeUIntBE(sizeBytes - at - headBytes, at + 1, 3);
  }
  return rlp;
}
