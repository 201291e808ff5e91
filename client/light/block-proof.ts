/** A block's proof from any node, checked here. */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { portableRecoverPublicKey } from '../execution/chain/recover-key.ts';
import { ADDRESS_BYTES, recoverSealerWith, SealError } from '../execution/sealing/seal-signature.ts';
import type { BlockClaim, Hash, ProfileId } from '../prover/interface.ts';
import { wasmKernels } from '../prover/kernels/wasm-kernels.ts';
import { ACCEPTED_KEYS } from '../prover/verifier/accepted-keys.ts';
import { CAPS, tryDecodeProof } from '../prover/verifier/codec.ts';
import { acceptedKey } from '../prover/verifier/key.ts';
import { RevokedKeys } from '../prover/verifier/revoked-keys.ts';
import { type AcceptedKey, verify } from '../prover/verifier/verify.ts';
import { chainSpecHashAt, type TrustedChain } from './chain.ts';
import { LightError } from './errors.ts';
import { decodeHeader, type LightHeader } from './header.ts';
import { call, download, type Endpoint, isObject } from './transport.ts';

export type ProofRequest = Endpoint & {
  /** what the proof must be about */
  readonly chain: TrustedChain;
  /** block hash, number, or `latest`; only a hash says which block it must be */
  readonly block: Hash | bigint | 'latest';
  /** least bits of provable security; 100 by default */
  readonly minBits?: number;
  /** keys whose proofs are refused, whatever they prove: `vkHash` of `eth_getBlockProof` */
  readonly revoked?: readonly Hash[];
  /** hash of a block that the caller knows to be canonical */
  readonly trustedHash?: Hash;
  /** most bytes of a proof; 64 MiB by default */
  readonly maxProofBytes?: number;
};

/** Why a block may be taken for canonical; its proof alone only says that it is valid. */
export type Backing =
  | { readonly kind: 'none' }
  | { readonly kind: 'trustedHash' }
  | { readonly kind: 'sealed'; readonly sealer: `0x${string}`; readonly isInTurn: boolean };

export type VerifiedBlock = {
  readonly header: LightHeader;
  readonly claim: BlockClaim;
  readonly backing: Backing;
  readonly proofType: number;
  readonly profile: ProfileId;
  readonly securityBits: number;
  /** bytes of the proof */
  readonly sizeBytes: number;
  readonly fetchMs: number;
  readonly verifyMs: number;
};

const MIB = 2 ** 20;
const DEFAULT_MAX_PROOF_BYTES = 64 * MIB;
/** Proofs of up to 8 MiB come within the answer, as hex, one for each key that this build accepts. */
const MAX_ANSWER_BYTES = ACCEPTED_KEYS.length * 16 * MIB + MIB;

const keys = new Map<number, AcceptedKey>();
const kernels = wasmKernels();

/**
 * Fetches a block's proof and verifies it against this build's keys and the caller's chain. What the node says about
 * the proof is not used; what it is asked for decides.
 * @throws LightError `notProven` with `status` while there is none; else naming what is wrong
 */
export async function fetchBlockProof(request: ProofRequest): Promise<VerifiedBlock> {
  const { block, chain, minBits = 100, maxProofBytes = DEFAULT_MAX_PROOF_BYTES, revoked = [] } = request;
  const start = performance.now();
  const answer = await askForProofs(request);
  const { proofType, proofData, proofUrl, proofHash } = chooseProof(answer.proofs, minBits, new RevokedKeys(revoked));
  const proof =
    typeof proofData === 'string'
      ? decodeHex(proofData, maxProofBytes)
      : await download(request, pathOf(proofUrl), Math.min(maxProofBytes, CAPS.fileBytes));
  const actual = `0x${bytesToHex(keccak_256(proof))}`;
  if (proofHash !== actual)
    throw new LightError('proofHashMismatch', `expected a proof with hash ${proofHash}, got ${actual}`);
  const fetchMs = performance.now() - start;
  const verified = verifyProof(proof, {
    chain,
    proofType,
    revoked,
    ...(typeof block === 'string' && block !== 'latest' ? { blockHash: block } : {}),
  });
  const { header } = verified;
  if (typeof block === 'bigint' && header.number !== block) {
    const detail = { expected: block.toString(), actual: header.number.toString() };
    throw new LightError('blockMismatch', `expected a proof of block ${block}, got one of ${header.number}`, detail);
  }
  return { ...verified, backing: backingOf(request, header, answer.seal), fetchMs };
}

/**
 * Verifies the bytes of a proof.
 * @param o.blockHash the block that it must be of
 * @param o.revoked keys whose proofs are refused, whatever they prove
 * @throws LightError `proofRejected` with the verifier's stage and code; `keyRevoked`
 */
export function verifyProof(
  proof: Uint8Array,
  o: {
    readonly chain: TrustedChain;
    readonly proofType?: number;
    readonly blockHash?: Hash;
    readonly revoked?: readonly Hash[];
  },
): Omit<VerifiedBlock, 'backing' | 'fetchMs'> {
  const start = performance.now();
  const revocation = new RevokedKeys(o.revoked ?? []).rejection(proof);
  if (revocation !== undefined) throw new LightError('keyRevoked', revocation.detail);
  const decoded = tryDecodeProof(proof);
  if (!decoded.ok) throw rejected(decoded);
  const proofType = o.proofType ?? decoded.proof.proofType;
  const key = keyOf(proofType);
  // Which forks are active depends on the height, which only the header tells; the verifier ties it to the claim.
  const header = decodeHeader(decoded.proof.headerRlp);
  const result = verify(
    key,
    proof,
    {
      chainId: o.chain.config.chainId,
      chainSpecHash: chainSpecHashAt(o.chain, header),
      ...(o.blockHash === undefined ? {} : { blockHash: o.blockHash.toLowerCase() as Hash }),
    },
    { kernels },
  );
  if (!result.ok) throw rejected(result);
  const { claim, profile, securityBits } = result;
  const verifyMs = performance.now() - start;
  return { header, claim, proofType, profile, securityBits, sizeBytes: proof.length, verifyMs };
}

type ProofEntry = {
  readonly proofType: number;
  readonly proofData: unknown;
  readonly proofUrl: unknown;
  readonly proofHash: unknown;
};

async function askForProofs(request: ProofRequest): Promise<{ proofs: readonly unknown[]; seal: unknown }> {
  const { block } = request;
  const id = typeof block === 'bigint' ? `0x${block.toString(16)}` : block;
  try {
    const result = await call(request, 'eth_getBlockProof', [id, { encoding: 'hex' }], MAX_ANSWER_BYTES);
    if (isObject(result) && Array.isArray(result.proofs)) return { proofs: result.proofs, seal: result.seal };
    throw new LightError('responseMalformed', 'eth_getBlockProof: expected an object with proofs');
  } catch (error) {
    throw error instanceof LightError && error.code === 'rpcError' ? refusal(error) : error;
  }
}

/** The codes that `eth_getBlockProof` defines. */
function refusal(error: LightError): LightError {
  const { code, data } = error.detail;
  const { message } = error;
  if (code === -32001) return new LightError('blockUnknown', message, {}, { cause: error });
  if (code === 4444) return new LightError('pruned', message, {}, { cause: error });
  if (code !== -32002) return error;
  const status = isObject(data) && typeof data.status === 'string' ? data.status.slice(0, 40) : 'unknown';
  return new LightError('notProven', message, { status }, { cause: error });
}

/** The entry with most bits among those that this build has a key for, of keys that are not revoked. */
function chooseProof(entries: readonly unknown[], minBits: number, revoked: RevokedKeys): ProofEntry {
  const accepted = ACCEPTED_KEYS.filter(({ securityBits }) => securityBits >= minBits).sort(
    (a, b) => b.securityBits - a.securityBits,
  );
  const offered = entries.flatMap((entry) => {
    const type = isObject(entry) ? entry.proofType : undefined;
    return isObject(entry) && (typeof type === 'string' || typeof type === 'number')
      ? [{ ...entry, proofType: Number(type) }]
      : [];
  });
  for (const { proofType } of accepted) {
    if (revoked.proofTypes.includes(proofType)) continue;
    const entry = offered.find((e) => e.proofType === proofType) as ProofEntry | undefined;
    if (entry !== undefined) return entry;
  }
  const refused = offered.find((e) => revoked.proofTypes.includes(e.proofType));
  if (refused !== undefined)
    throw new LightError(
      'keyRevoked',
      `the key of proof type ${refused.proofType} is revoked, and no other is offered`,
    );
  const types = accepted.map(({ proofType }) => proofType).filter((type) => !revoked.proofTypes.includes(type));
  const detail = { expected: types, actual: offered.map(({ proofType }) => proofType).slice(0, 16) };
  const message = `expected a proof of type ${types.join(' or ')} (${minBits} bits or more), got ${detail.actual.join(', ') || 'none'}`;
  throw new LightError('proofTypeNotAccepted', message, detail);
}

function keyOf(proofType: number): AcceptedKey {
  let key = keys.get(proofType);
  if (key === undefined) {
    const data = ACCEPTED_KEYS.find((k) => k.proofType === proofType);
    if (data === undefined)
      throw new LightError('proofTypeNotAccepted', `this build has no key for proof type ${proofType}`);
    key = acceptedKey(data, kernels);
    keys.set(proofType, key);
  }
  return key;
}

function decodeHex(text: string, maxBytes: number): Uint8Array {
  if (text.length > 2 + 2 * maxBytes)
    throw new LightError('proofTooLarge', `expected a proof of at most ${maxBytes} bytes`, { expected: maxBytes });
  try {
    return hexToBytes(text.slice(2));
  } catch (cause) {
    throw new LightError('responseMalformed', 'proofData: expected 0x… hex', {}, { cause });
  }
}

/** Only the path is the node's to choose: it cannot send anybody to another host. */
function pathOf(url: unknown): string {
  if (typeof url === 'string' && URL.canParse(url)) return new URL(url).pathname;
  throw new LightError('responseMalformed', 'expected proofData or proofUrl');
}

/** @throws LightError `sealMissing`, `sealInvalid` on a chain whose genesis names sealers */
function backingOf({ chain, trustedHash }: ProofRequest, { hash, number }: LightHeader, seal: unknown): Backing {
  if (trustedHash !== undefined && trustedHash.toLowerCase() === hash) return { kind: 'trustedHash' };
  const { sealing } = chain.config;
  if (sealing === undefined) return { kind: 'none' };
  if (typeof seal !== 'string')
    throw new LightError('sealMissing', `block ${hash}: this chain’s blocks have seals, the node sent none`);
  let sealer: Uint8Array;
  try {
    sealer = recoverSealerWith(portableRecoverPublicKey, chain, hexToBytes(hash.slice(2)), hexToBytes(seal.slice(2)));
  } catch (cause) {
    const reason = cause instanceof SealError ? cause.message : 'seal: expected 0x… hex';
    throw new LightError('sealInvalid', `block ${hash}: ${reason}`, {}, { cause });
  }
  const index = sealing.sealers.findIndex(
    (s) => s.length === ADDRESS_BYTES && s.every((byte, i) => byte === sealer[i]),
  );
  const address = `0x${bytesToHex(sealer)}` as const;
  if (index === -1)
    throw new LightError('sealInvalid', `block ${hash}: sealed by ${address}, whom the genesis does not name`, {
      actual: address,
    });
  return { kind: 'sealed', sealer: address, isInTurn: number % BigInt(sealing.sealers.length) === BigInt(index) };
}

function rejected({ stage, code, detail }: { stage: string; code: string; detail: string }): LightError {
  return new LightError('proofRejected', `proof rejected (${stage}/${code}): ${detail}`, { stage, code });
}
