import { ClientError } from '../../../errors.ts';
import { type Sponge, tryNonce } from '../../hash/sponge.ts';

/**
 * The smallest nonce whose absorption ends in `bits` zero bits, and the state behind it.
 * @throws ClientError `noNonce`, with probability e^(−2^(32 − bits))
 */
export function leastNonce(
  sponge: Sponge,
  label: number,
  bits: number,
): { readonly nonce: number; readonly sponge: Sponge } {
  for (let nonce = 0; nonce < 2 ** 32; nonce++) {
    const next = tryNonce(sponge, label, nonce, bits);
    if (next !== undefined) return { nonce, sponge: next };
  }
  throw new ClientError('noNonce', `no 32-bit nonce has ${bits} zero bits`, { expected: bits });
}
