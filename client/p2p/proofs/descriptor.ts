/** What names a proof's bytes: keccak256 of the whole, sha256 of each MiB. */
import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { keccak_256 } from '@noble/hashes/sha3.js';
import type { Hash } from '../../prover/interface.ts';
import type { ProofDescriptor } from '../interface.ts';
import { CHUNK_BYTES, hex } from './messages.ts';

/** Lets other work run between the chunks: a proof may have 256 MiB. */
export async function describeProof(proofType: number, proof: Uint8Array): Promise<ProofDescriptor> {
  return descriptorOf(proofType, proof, hex(await keccakInTurns(proof)));
}

/** The same in one go, for proofs of a few MiB: 50 ms per MiB or less. */
export function describeProofAtOnce(proofType: number, proof: Uint8Array): ProofDescriptor {
  return descriptorOf(proofType, proof, hex(keccak_256(proof)));
}

function descriptorOf(proofType: number, proof: Uint8Array, proofHash: Hash): ProofDescriptor {
  const chunkHashes: Uint8Array[] = [];
  for (let i = 0; i < proof.length; i += CHUNK_BYTES) chunkHashes.push(sha256(proof.subarray(i, i + CHUNK_BYTES)));
  return { proofType, proofHash, sizeBytes: proof.length, chunkHashes };
}

export function sha256(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(createHash('sha256').update(bytes).digest());
}

export async function keccakInTurns(bytes: Uint8Array): Promise<Uint8Array> {
  const hash = keccak_256.create();
  for (let i = 0; i < bytes.length; i += CHUNK_BYTES) {
    hash.update(bytes.subarray(i, i + CHUNK_BYTES));
    await setImmediate();
  }
  return hash.digest();
}
