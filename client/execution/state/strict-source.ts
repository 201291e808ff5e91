import { ClientError } from '../../errors.ts';
import type { ContentSource } from '../interface.ts';

/** Reads that never answer "absent": what the source lacks is an error that names it. */
export type StrictSource = {
  readonly node: (hash: Uint8Array) => Uint8Array;
  readonly code: (hash: Uint8Array) => Uint8Array;
  readonly header: (hash: Uint8Array) => Uint8Array;
  /** The first thing that was missing: whatever was computed after it means nothing, whoever caught the error. */
  readonly firstMissing: () => MissingContentError | undefined;
};

const CODES = { node: 'missingNode', code: 'missingCode', header: 'missingHeader' } as const;
const NAMES = { node: 'trie node', code: 'code', header: 'header' } as const;
type Kind = keyof typeof CODES;

/** @param onRead told of everything that is read, each time */
export function strictSource(
  source: ContentSource,
  onRead?: (kind: Kind, hash: Uint8Array, content: Uint8Array) => void,
): StrictSource {
  let firstMissing: MissingContentError | undefined;
  const read =
    (kind: Kind) =>
    (hash: Uint8Array): Uint8Array => {
      const content = source[kind](hash);
      if (content === undefined) {
        const error = new MissingContentError(kind, hash);
        firstMissing ??= error;
        throw error;
      }
      onRead?.(kind, hash, content);
      return content;
    };
  return { node: read('node'), code: read('code'), header: read('header'), firstMissing: () => firstMissing };
}

/** `hash`: 0x-prefixed keccak256 of what is missing */
export class MissingContentError extends ClientError<(typeof CODES)[Kind], { readonly hash: string }> {
  constructor(kind: Kind, hash: Uint8Array) {
    const hex = `0x${Buffer.from(hash).toString('hex')}`;
    super(CODES[kind], `missing ${NAMES[kind]} ${hex}`, { hash: hex });
  }
}
