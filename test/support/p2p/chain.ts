/** A chain of headers that exists only as bytes, with everything that a node serves of it. */
import { createCipheriv, createHash } from 'node:crypto';
import { RLP } from '@ethereumjs/rlp';
import { keccak_256 } from '@noble/hashes/sha3.js';
import type { HeaderRecord, ProofAnnouncement, ProofDescriptor } from '../../../client/p2p/interface.ts';
import { describeProof } from '../../../client/p2p/proofs/descriptor.ts';
import { hex } from '../../../client/p2p/proofs/messages.ts';
import type { BlockClaim, Hash } from '../../../client/prover/interface.ts';

export const PROOF_TYPE = 1;
const ZERO: Hash = `0x${'00'.repeat(32)}`;

export type ToyBlock = {
  readonly number: bigint;
  readonly hash: Hash;
  readonly parentHash: Hash;
  readonly headerRlp: Uint8Array;
  readonly seal: Uint8Array;
  readonly body: Uint8Array;
  readonly proof: Uint8Array;
  readonly descriptor: ProofDescriptor;
  readonly claim: BlockClaim;
};

/** @param salt makes another chain @param proofBytes of each proof */
export async function toyChain(length: number, salt = 'toy', proofBytes = 3000): Promise<readonly ToyBlock[]> {
  const blocks: ToyBlock[] = [];
  let parentHash: Hash = ZERO;
  for (let n = 0; n < length; n++) {
    const number = BigInt(n);
    const fields = Array.from({ length: 17 }, () => new Uint8Array(0));
    fields[0] = Uint8Array.from(Buffer.from(parentHash.slice(2), 'hex'));
    fields[8] =
      n === 0
        ? new Uint8Array(0)
        : Uint8Array.from(Buffer.from(n.toString(16).padStart(4, '0'), 'hex')).subarray(n < 256 ? 1 : 0);
    fields[12] = new TextEncoder().encode(salt);
    const headerRlp = RLP.encode(fields);
    const hash = hex(keccak_256(headerRlp));
    const proof = pseudoRandom(`${salt} proof ${n}`, proofBytes);
    const descriptor = describeProof(PROOF_TYPE, proof);
    blocks.push({
      number,
      hash,
      parentHash,
      headerRlp,
      seal: sealOf(hash),
      body: pseudoRandom(`${salt} body ${n}`, 2000 + n),
      proof,
      descriptor,
      claim: {
        schemaId: 0x7a01,
        chainId: 1337n,
        chainSpecHash: ZERO,
        parentHash,
        blockHash: hash,
        newPayloadRequestRoot: ZERO,
      },
    });
    parentHash = hash;
  }
  return blocks;
}

/** What stands for a sealer's signature here: nobody but the test's nodes accepts it. */
export function sealOf(hash: Hash): Uint8Array {
  return Uint8Array.from(createHash('sha512').update(`seal ${hash}`).digest());
}

export function announcementOf(block: ToyBlock): ProofAnnouncement {
  const { headerRlp, seal, claim, descriptor } = block;
  return { headerRlp, seal, claim, proof: descriptor };
}

export function recordOf(block: ToyBlock): HeaderRecord {
  return { headerRlp: block.headerRlp, seal: block.seal, proofs: [block.descriptor] };
}

/** The key stream of AES in counter mode: fast, and the same each time. */
export function pseudoRandom(seed: string, length: number): Uint8Array {
  const key = createHash('sha256').update(seed).digest().subarray(0, 16);
  return Uint8Array.from(createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length)));
}
