import { RLP } from '@ethereumjs/rlp';
import { decodeClaim } from '../guest/claim.ts';
import type { VerifyResult } from '../interface.ts';
import { tryDecodeProof } from '../verifier/codec.ts';

/** Which chain, height and key a proof says it is about: where to look, nothing to rely on. */
export type ProofHeight = {
  readonly proofType: number;
  readonly chainId: bigint;
  readonly number: bigint;
  /** seconds */
  readonly timestamp: bigint;
};

/** Places of number and timestamp in a header's list. */
const [NUMBER, TIMESTAMP] = [8, 11];

/** What a verifier must know of its own configuration depends on the height, which only the proof's header tells. */
export function proofHeight(
  proof: Uint8Array,
): ({ readonly ok: true } & ProofHeight) | Extract<VerifyResult, { readonly ok: false }> {
  const decoded = tryDecodeProof(proof);
  if (!decoded.ok) return { ok: false, stage: decoded.stage, code: decoded.code, detail: decoded.detail };
  const { proofType, claim, headerRlp } = decoded.proof;
  try {
    const fields = RLP.decode(headerRlp) as unknown as readonly unknown[];
    const quantity = (k: number | undefined): bigint => {
      const bytes = fields[k ?? 0];
      if (!(bytes instanceof Uint8Array) || bytes.length > 8) throw new RangeError('not a quantity');
      return bytes.reduce((acc, b) => acc * 256n + BigInt(b), 0n);
    };
    const { chainId } = decodeClaim(claim);
    return { ok: true, proofType, chainId, number: quantity(NUMBER), timestamp: quantity(TIMESTAMP) };
  } catch {
    const detail = 'the proof’s claim or header does not decode';
    return { ok: false, stage: 'statement', code: 'headerMalformed', detail };
  }
}
