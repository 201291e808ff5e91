/**
 * What names a proof's bytes: the sha256 of each MiB, and the sha256 of these hashes one after the other. Not a hash of
 * the whole: each MiB can be checked when it comes, from whomever, and no byte is hashed twice.
 */
import { createHash } from 'node:crypto';
import type { Hash } from '../../prover/interface.ts';
import type { ProofDescriptor } from '../interface.ts';

export const CHUNK_BYTES = 1024 * 1024;

/** The name of a proof and what its chunks are checked against. @param proofType u8 */
export function describeProof(proofType: number, proof: Uint8Array): ProofDescriptor {
  const chunkHashes: Uint8Array[] = [];
  for (let i = 0; i < proof.length; i += CHUNK_BYTES) chunkHashes.push(sha256(proof.subarray(i, i + CHUNK_BYTES)));
  return { proofType, proofHash: nameOf(chunkHashes), sizeBytes: proof.length, chunkHashes };
}

/** The `proofHash` that belongs to chunk hashes. */
export function nameOf(chunkHashes: readonly Uint8Array[]): Hash {
  return `0x${Buffer.from(sha256(Buffer.concat(chunkHashes))).toString('hex')}`;
}

/** FIPS 180-4; 32 bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(createHash('sha256').update(bytes).digest());
}
