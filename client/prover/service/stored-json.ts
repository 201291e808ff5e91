/** JSON with bigints, as the node's tables hold it. */
export function encodeJson(value: object): Uint8Array {
  const text = JSON.stringify(value, (_, item: unknown) =>
    typeof item === 'bigint' ? { bigint: item.toString() } : item,
  );
  return new TextEncoder().encode(text);
}

/** The inverse of `encodeJson`. */
export function decodeJson(bytes: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(bytes), (_, value: unknown) =>
    value !== null && typeof value === 'object' && 'bigint' in value ? BigInt(String(value.bigint)) : value,
  );
}
