import { keccak_256 } from '@noble/hashes/sha3.js';
import { CLAIM_SCHEMA_ID, decodeClaim, PUBLIC_VALUES_BYTES } from '../guest/claim.ts';
import { wordsFromBytes } from '../hash/blake3.ts';
import type { BlockClaim, Expected, Hash, ProfileId, VerifyResult } from '../interface.ts';
import type { VerifierKernels } from '../kernels/interface.ts';
import { verifyBlock } from '../protocol/block/verify.ts';
import type { BlockStatement, CpuState, VerifyingKey } from '../protocol/machine.ts';
import { Rejection } from '../transcript/rejection.ts';
import type { TranscriptListener } from '../transcript/transcript.ts';
import { decodeProof, type EncodedProof } from './codec.ts';
import { PLAIN_KERNELS } from './plain-kernels.ts';

/** What this build accepts under one proof type. */
export type AcceptedKey = {
  readonly vk: VerifyingKey;
  readonly proofType: number;
  readonly profile: ProfileId;
  /** Bits of provable security, from `soundness/`. */
  readonly securityBits: number;
  /** Where the first segment starts. */
  readonly entry: CpuState;
};

/** Neither changes the verdict. */
export type VerifyOptions = {
  /** Who computes what is computed in bulk; plain TypeScript by default. The verdict is the same. */
  readonly kernels?: VerifierKernels | undefined;
  /** Hears of each message and challenge, for measurements. */
  readonly listener?: TranscriptListener | undefined;
};

/**
 * Verifies a proof against a key of this build and what the caller knows of the chain. Synchronous and pure; returns,
 * never throws: bytes of any kind give a result. The claim is the proof's only where the result is ok.
 */
export function verify(
  key: AcceptedKey,
  proof: Uint8Array,
  expected: Expected,
  options: VerifyOptions = {},
): VerifyResult {
  try {
    return verifyDecoded(key, decodeProof(proof), expected, options);
  } catch (error) {
    if (error instanceof Rejection) return { ok: false, stage: error.stage, code: error.code, detail: error.message };
    return {
      ok: false,
      stage: 'internal',
      code: 'unexpected',
      detail: error instanceof Error ? error.message : String(error),
    };
  }
}

function verifyDecoded(
  key: AcceptedKey,
  p: EncodedProof,
  expected: Expected,
  { kernels = PLAIN_KERNELS, listener }: VerifyOptions,
): VerifyResult {
  if (p.proofType !== key.proofType)
    reject('unknownProofType', `expected proof type ${key.proofType}, got ${p.proofType}`);
  if (!sameBytes(p.vkHash, key.vk.digest))
    reject('foreignKey', `expected verification key ${hex(key.vk.digest)}, got ${hex(p.vkHash)}`);
  const claim = readClaim(p);
  compareChain(claim, expected);
  const block = {
    commitment: p.interface,
    segments: p.segments.map((s) => ({ globalSum: s.globalSum, bytes: s.bytes })),
    closing: p.closing[0] ?? reject('closingCount', 'expected one closing, got none'),
  };
  verifyBlock(kernels, key.vk, statementOf(key, p), block, listener);
  return { ok: true, claim, profile: key.profile, securityBits: key.securityBits };
}

/** The public values of a claim as words: zero-padded to whole cells. */
export function claimWords(claim: Uint8Array): Uint32Array {
  const padded = new Uint8Array(PUBLIC_VALUES_BYTES);
  padded.set(claim);
  return wordsFromBytes(padded);
}

/** What the proof states about segments, each entered where the one before was left. */
function statementOf(key: AcceptedKey, p: EncodedProof): BlockStatement {
  if (p.closing.length > 1) reject('closingCount', `expected one closing, got ${p.closing.length}`);
  let entry = key.entry;
  const segments = p.segments.map((s, index) => {
    const segment = { index, type: s.type, entry, exit: s.exit, instances: s.instances };
    entry = { pc: s.exit.pc, fp: s.exit.fp };
    return segment;
  });
  return { claim: claimWords(p.claim), segments };
}

function readClaim(p: EncodedProof): BlockClaim {
  const schemaId = p.claim[0]! + 256 * p.claim[1]!;
  if (schemaId !== CLAIM_SCHEMA_ID) reject('claimSchema', `expected claim schema ${CLAIM_SCHEMA_ID}, got ${schemaId}`);
  const claim = decodeClaim(p.claim);
  const headerHash = hex(keccak_256(p.headerRlp));
  if (headerHash !== claim.blockHash)
    reject('headerMismatch', `the header hashes to ${headerHash}, the claim is about ${claim.blockHash}`);
  return claim;
}

function compareChain(claim: BlockClaim, e: Expected): void {
  if (claim.chainId !== e.chainId) reject('unknownChain', `expected chain ${e.chainId}, got ${claim.chainId}`);
  if (claim.chainSpecHash !== e.chainSpecHash)
    reject('chainSpecMismatch', `expected chain spec ${e.chainSpecHash}, got ${claim.chainSpecHash}`);
  if (e.blockHash !== undefined && claim.blockHash !== e.blockHash)
    reject('blockMismatch', `expected block ${e.blockHash}, got ${claim.blockHash}`);
  if (e.parentHash !== undefined && claim.parentHash !== e.parentHash)
    reject('parentMismatch', `expected parent ${e.parentHash}, got ${claim.parentHash}`);
}

const hex = (bytes: Uint8Array): Hash => `0x${Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('')}`;

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((x, i) => x === b[i]);

function reject(code: string, detail: string): never {
  throw new Rejection('statement', code, detail);
}
