import { secp256k1 } from '@noble/curves/secp256k1.js';

/** (message hash, signature r ‖ s, recovery bit) → public key x ‖ y; throws where there is none. */
export type RecoverPublicKey = (hash: Uint8Array, signature: Uint8Array, recovery: 0 | 1) => Uint8Array;

/**
 * Works everywhere. Not the WebAssembly one: it traps on a signature that recovers nothing, which leaks its stack, and
 * anyone may put such signatures into calls of the ECRECOVER precompile.
 */
export const portableRecoverPublicKey: RecoverPublicKey = (hash, signature, recovery) => {
  const recoverable = secp256k1.Signature.fromBytes(signature, 'compact').addRecoveryBit(recovery);
  return recoverable.recoverPublicKey(hash).toBytes(false).subarray(1);
};
