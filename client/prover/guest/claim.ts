/** SSZ of `BlockClaim`, and the public values that carry it. */
import { ClientError } from '../../errors.ts';
import type { BlockClaim, Hash } from '../interface.ts';

export const CLAIM_BYTES = 138;
/** The claim, zero-padded to whole 8-byte words. */
export const PUBLIC_VALUES_BYTES = 144;
/** Names version and layout of the claim. */
export const CLAIM_SCHEMA_ID = 0x7a01;

const HASHES = ['chainSpecHash', 'parentHash', 'blockHash', 'newPayloadRequestRoot'] as const;
const FIRST_HASH = 10;
const HASH_BYTES = 32;

/** 138 bytes: schemaId u16, chainId u64, then the four hashes; integers little-endian. */
export function encodeClaim(claim: BlockClaim): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(CLAIM_BYTES);
  const view = new DataView(out.buffer);
  view.setUint16(0, claim.schemaId, true);
  view.setBigUint64(2, claim.chainId, true);
  for (const [i, field] of HASHES.entries()) out.set(hexToBytes(claim[field]), FIRST_HASH + i * HASH_BYTES);
  return out;
}

/** @throws ClientError `claimLength`, `claimSchema` */
export function decodeClaim(bytes: Uint8Array): BlockClaim {
  if (bytes.length !== CLAIM_BYTES) {
    throw new ClientError<ClaimErrorCode>(
      'claimLength',
      `expected a claim of ${CLAIM_BYTES} bytes, got ${bytes.length}`,
      {
        expected: CLAIM_BYTES,
        actual: bytes.length,
      },
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const schemaId = view.getUint16(0, true);
  if (schemaId !== CLAIM_SCHEMA_ID) {
    throw new ClientError<ClaimErrorCode>(
      'claimSchema',
      `expected claim schema 0x${CLAIM_SCHEMA_ID.toString(16)}, got 0x${schemaId.toString(16)}`,
      { expected: CLAIM_SCHEMA_ID, actual: schemaId },
    );
  }
  const hash = (i: number): Hash =>
    bytesToHex(bytes.subarray(FIRST_HASH + i * HASH_BYTES, FIRST_HASH + (i + 1) * HASH_BYTES));
  return {
    schemaId,
    chainId: view.getBigUint64(2, true),
    chainSpecHash: hash(0),
    parentHash: hash(1),
    blockHash: hash(2),
    newPayloadRequestRoot: hash(3),
  };
}

/** The claim of a guest's 144 public bytes. @throws ClientError `claimPadding` and those of `decodeClaim` */
export function claimOfPublicValues(publicValues: Uint8Array): BlockClaim {
  const padding = publicValues.subarray(CLAIM_BYTES);
  if (publicValues.length !== PUBLIC_VALUES_BYTES || padding.some((byte) => byte !== 0)) {
    throw new ClientError<ClaimErrorCode>(
      'claimPadding',
      `expected ${CLAIM_BYTES} bytes and zeros up to ${PUBLIC_VALUES_BYTES}, got ${publicValues.length} bytes`,
      { expected: PUBLIC_VALUES_BYTES, actual: publicValues.length },
    );
  }
  return decodeClaim(publicValues.subarray(0, CLAIM_BYTES));
}

/** The public values as the machine has them: 72 limbs of 16 bits, little-endian. */
export function publicLimbs(claim: BlockClaim): Uint16Array {
  const bytes = new Uint8Array(PUBLIC_VALUES_BYTES);
  bytes.set(encodeClaim(claim));
  const view = new DataView(bytes.buffer);
  return Uint16Array.from({ length: PUBLIC_VALUES_BYTES / 2 }, (_, i) => view.getUint16(2 * i, true));
}

/** The claim of 72 public limbs. @throws as `claimOfPublicValues` */
export function claimOfLimbs(limbs: Uint16Array): BlockClaim {
  const bytes = new Uint8Array(limbs.length * 2);
  const view = new DataView(bytes.buffer);
  for (const [i, limb] of limbs.entries()) view.setUint16(2 * i, limb, true);
  return claimOfPublicValues(bytes);
}

function hexToBytes(hash: Hash): Uint8Array {
  if (!/^0x[0-9a-f]{64}$/i.test(hash)) {
    throw new ClientError<ClaimErrorCode>('claimHash', `expected a 0x-prefixed 32-byte hash, got ${hash}`, {
      actual: hash,
    });
  }
  return Uint8Array.from({ length: HASH_BYTES }, (_, i) => Number.parseInt(hash.slice(2 + 2 * i, 4 + 2 * i), 16));
}

function bytesToHex(bytes: Uint8Array): Hash {
  return `0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

/** What is wrong with a claim's bytes or hashes. */
export type ClaimErrorCode = 'claimLength' | 'claimSchema' | 'claimPadding' | 'claimHash';
