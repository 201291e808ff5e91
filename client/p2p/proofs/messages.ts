/** The wire's messages in SSZ: types, limits, and what must hold between fields. Byte layouts: `README.md`. */
import {
  ByteListType,
  ByteVectorType,
  ContainerType,
  ListBasicType,
  ListCompositeType,
  type Type,
  UintBigintType,
  UintNumberType,
} from '@chainsafe/ssz';
import { ClientError } from '../../errors.ts';
import type { Hash } from '../../prover/interface.ts';
import {
  BLOCK_DATA_KINDS,
  type BlockAnnouncement,
  type BlockDataKind,
  type HeaderRange,
  type HeaderRecord,
  type NetworkStatus,
  type ProofAnnouncement,
  type ProofDescriptor,
  type ProvingClaim,
} from '../interface.ts';
import { CHUNK_BYTES, nameOf } from './descriptor.ts';

export const MAX_PROOF_BYTES = 256 * CHUNK_BYTES;
export const MAX_HEADER_BYTES = 16 * 1024;
export const MAX_SEAL_BYTES = 128;
export const MAX_INLINE_BODY_BYTES = 512 * 1024;
export const MAX_HEADERS = 192;
const MAX_PROOFS_PER_BLOCK = 8;
const MAX_PROOF_TYPES = 32;
const MAX_AGENT_BYTES = 128;
/** A signed address record with a dozen addresses has about 500 bytes. */
const MAX_PEER_RECORD_BYTES = 2048;
export const MAX_PEER_RECORDS = 16;

/** Uncompressed sizes of gossip messages. */
export const MAX_PROOF_ANNOUNCEMENT_BYTES = 64 * 1024;
export const MAX_BLOCK_ANNOUNCEMENT_BYTES = MAX_INLINE_BODY_BYTES + MAX_HEADER_BYTES + 1024;
export const MAX_PROVING_CLAIM_BYTES = 256;
/** As in other clients: no larger transaction is taken. */
export const MAX_TRANSACTION_BYTES = 128 * 1024;
/** In one message. */
export const MAX_TRANSACTIONS = 128;
/** Of all transactions in one message: the largest one fits. */
export const MAX_TRANSACTIONS_BYTES = MAX_TRANSACTION_BYTES + 4 * MAX_TRANSACTIONS + 12;

const u8 = new UintNumberType(1);
const u16 = new UintNumberType(2);
const u32 = new UintNumberType(4);
const u64 = new UintBigintType(8);
const bytes32 = new ByteVectorType(32);
const headerRlp = new ByteListType(MAX_HEADER_BYTES);
const seal = new ByteListType(MAX_SEAL_BYTES);

export const claimType = new ContainerType({
  schemaId: u16,
  chainId: u64,
  chainSpecHash: bytes32,
  parentHash: bytes32,
  blockHash: bytes32,
  newPayloadRequestRoot: bytes32,
});
const descriptorType = new ContainerType({
  proofType: u8,
  proofHash: bytes32,
  sizeBytes: u32,
  chunkHashes: new ListCompositeType(bytes32, MAX_PROOF_BYTES / CHUNK_BYTES),
});
const proofAnnouncementType = new ContainerType({ headerRlp, seal, claim: claimType, proof: descriptorType });
const blockAnnouncementType = new ContainerType({
  headerRlp,
  seal,
  bodySize: u32,
  body: new ByteListType(MAX_INLINE_BODY_BYTES),
});
const provingClaimType = new ContainerType({
  blockHash: bytes32,
  proofType: u8,
  expiresAt: u64,
  prover: bytes32,
  signature: new ByteVectorType(64),
});
const transactionsType = new ContainerType({
  salt: u64,
  transactions: new ListCompositeType(new ByteListType(MAX_TRANSACTION_BYTES), MAX_TRANSACTIONS),
});
const headerRecordType = new ContainerType({
  headerRlp,
  seal,
  proofs: new ListCompositeType(descriptorType, MAX_PROOFS_PER_BLOCK),
});
const headersRequestType = new ContainerType({ byHash: u8, number: u64, hash: bytes32, count: u16 });
const dataRequestType = new ContainerType({ kind: u8, hash: bytes32, offset: u32, length: u32 });
const statusType = new ContainerType({
  genesisHash: bytes32,
  forkHash: new ByteVectorType(4),
  headHash: bytes32,
  headNumber: u64,
  provenNumber: u64,
  oldestBlock: u64,
  oldestProof: u64,
  acceptedProofTypes: new ListBasicType(u8, MAX_PROOF_TYPES),
  agent: new ByteListType(MAX_AGENT_BYTES),
});

/** The largest frame of each answer. */
export const MAX_HEADER_RECORD_BYTES = MAX_HEADER_BYTES + MAX_SEAL_BYTES + MAX_PROOFS_PER_BLOCK * (32 * 256 + 64) + 64;
export const MAX_STATUS_BYTES = 512;
export const MAX_PEER_RECORD_FRAME_BYTES = MAX_PEER_RECORD_BYTES;
/** The largest request of any protocol. */
export const MAX_REQUEST_BYTES = 128;

/** What `data` requests name: a proof by its own hash, everything else by its block's. */
export const DATA_KINDS = ['proof', ...BLOCK_DATA_KINDS] as const;
export type DataKind = 'proof' | BlockDataKind;
export type DataRequest = {
  readonly kind: DataKind;
  readonly hash: Hash;
  readonly offset: number;
  readonly length: number;
};
/** A claim as it travels: with the key of who made it and that key's signature. */
export type SignedProvingClaim = ProvingClaim & { readonly prover: Uint8Array; readonly signature: Uint8Array };

/** A message of the topic `execution_proof`. */
export function encodeProofAnnouncement(a: ProofAnnouncement): Uint8Array {
  return proofAnnouncementType.serialize({
    headerRlp: a.headerRlp,
    seal: a.seal,
    claim: {
      ...a.claim,
      chainSpecHash: unhex(a.claim.chainSpecHash),
      parentHash: unhex(a.claim.parentHash),
      blockHash: unhex(a.claim.blockHash),
      newPayloadRequestRoot: unhex(a.claim.newPayloadRequestRoot),
    },
    proof: wireDescriptor(a.proof),
  });
}

/** @throws ClientError `messageMalformed` */
export function decodeProofAnnouncement(bytes: Uint8Array): ProofAnnouncement {
  const { claim, proof, ...header } = decode('proof announcement', proofAnnouncementType, bytes);
  return {
    ...header,
    claim: {
      schemaId: claim.schemaId,
      chainId: claim.chainId,
      chainSpecHash: hex(claim.chainSpecHash),
      parentHash: hex(claim.parentHash),
      blockHash: hex(claim.blockHash),
      newPayloadRequestRoot: hex(claim.newPayloadRequestRoot),
    },
    proof: checkedDescriptor(proof),
  };
}

/** A message of the topic `block`; a body that has to be fetched is left empty, with its size declared. */
export function encodeBlockAnnouncement({ headerRlp, seal, bodySize, body }: BlockAnnouncement): Uint8Array {
  return blockAnnouncementType.serialize({ headerRlp, seal, bodySize, body: body ?? new Uint8Array(0) });
}

/** @throws ClientError `messageMalformed`; also where an inline body has not the declared size */
export function decodeBlockAnnouncement(bytes: Uint8Array): BlockAnnouncement {
  const { body, ...rest } = decode('block announcement', blockAnnouncementType, bytes);
  if (rest.bodySize === 0) throw malformed('block announcement: a body has at least one byte');
  if (body.length === 0) return rest;
  if (body.length !== rest.bodySize) {
    throw malformed(`block announcement: ${body.length} bytes inline, ${rest.bodySize} declared`);
  }
  return { ...rest, body };
}

/** @param claim `expiresAt` in Unix seconds */
export function encodeProvingClaim(claim: SignedProvingClaim): Uint8Array {
  return provingClaimType.serialize({
    ...claim,
    blockHash: unhex(claim.blockHash),
    expiresAt: BigInt(claim.expiresAt),
  });
}

/** @throws ClientError `messageMalformed` */
export function decodeProvingClaim(bytes: Uint8Array): SignedProvingClaim {
  const claim = decode('proving claim', provingClaimType, bytes);
  return { ...claim, blockHash: hex(claim.blockHash), expiresAt: safeNumber(claim.expiresAt, 'expiry') };
}

/** @param salt makes a message that says again what another said a message of its own: gossip drops equal ones */
export function encodeTransactions(transactions: readonly Uint8Array[], salt: bigint): Uint8Array {
  return transactionsType.serialize({ salt, transactions: [...transactions] });
}

/** @returns raw transactions, unread. @throws ClientError `messageMalformed`; also for none */
export function decodeTransactions(bytes: Uint8Array): readonly Uint8Array[] {
  const { transactions } = decode('transactions', transactionsType, bytes);
  if (transactions.length === 0) throw malformed('transactions: none');
  return transactions;
}

/** One frame of a `headers` answer. */
export function encodeHeaderRecord({ headerRlp, seal, proofs }: HeaderRecord): Uint8Array {
  return headerRecordType.serialize({ headerRlp, seal, proofs: proofs.map(wireDescriptor) });
}

/** @throws ClientError `messageMalformed` */
export function decodeHeaderRecord(bytes: Uint8Array): HeaderRecord {
  const { proofs, ...header } = decode('header record', headerRecordType, bytes);
  return { ...header, proofs: proofs.map(checkedDescriptor) };
}

/** Of number and hash, the one that the range does not begin with is zero. */
export function encodeHeadersRequest({ from, count }: HeaderRange): Uint8Array {
  const byHash = typeof from === 'string';
  return headersRequestType.serialize({
    byHash: byHash ? 1 : 0,
    number: byHash ? 0n : from,
    hash: byHash ? unhex(from) : new Uint8Array(32),
    count,
  });
}

/** @throws ClientError `messageMalformed` */
export function decodeHeadersRequest(bytes: Uint8Array): HeaderRange {
  const { byHash, number, hash, count } = decode('headers request', headersRequestType, bytes);
  if (byHash > 1 || count === 0 || count > MAX_HEADERS) {
    throw malformed(`headers request: by ${byHash}, count ${count}, expected 1 to ${MAX_HEADERS}`);
  }
  return { from: byHash === 1 ? hex(hash) : number, count };
}

/** @param request from a whole MiB on, at most one MiB: a server refuses others */
export function encodeDataRequest({ kind, hash, offset, length }: DataRequest): Uint8Array {
  return dataRequestType.serialize({ kind: DATA_KINDS.indexOf(kind), hash: unhex(hash), offset, length });
}

/** @throws ClientError `messageMalformed` */
export function decodeDataRequest(bytes: Uint8Array): DataRequest {
  const { kind, hash, offset, length } = decode('data request', dataRequestType, bytes);
  const name = DATA_KINDS[kind];
  if (name === undefined) throw malformed(`data request: kind ${kind}`);
  if (offset % CHUNK_BYTES !== 0 || length === 0 || length > CHUNK_BYTES) {
    throw malformed(`data request: ${length} bytes from ${offset}, expected at most one MiB from a whole MiB`);
  }
  return { kind: name, hash: hex(hash), offset, length };
}

/** The agent is cut at the most bytes that a status may have of it. */
export function encodeStatus(status: NetworkStatus): Uint8Array {
  return statusType.serialize({
    ...status,
    genesisHash: unhex(status.genesisHash),
    forkHash: Uint8Array.from(Buffer.from(status.forkHash, 'hex')),
    headHash: unhex(status.headHash),
    acceptedProofTypes: [...status.acceptedProofTypes],
    agent: new TextEncoder().encode(status.agent).subarray(0, MAX_AGENT_BYTES),
  });
}

/** Bytes of the agent that are no printable ASCII become `?`. @throws ClientError `messageMalformed` */
export function decodeStatus(bytes: Uint8Array): NetworkStatus {
  const status = decode('status', statusType, bytes);
  return {
    ...status,
    genesisHash: hex(status.genesisHash),
    forkHash: Buffer.from(status.forkHash).toString('hex'),
    headHash: hex(status.headHash),
    agent: Buffer.from(status.agent)
      .toString('latin1')
      .replace(/[^ -~]/g, '?'),
  };
}

type WireDescriptor = ReturnType<typeof descriptorType.deserialize>;

function wireDescriptor(d: ProofDescriptor): WireDescriptor {
  return {
    proofType: d.proofType,
    proofHash: unhex(d.proofHash),
    sizeBytes: d.sizeBytes,
    chunkHashes: [...d.chunkHashes],
  };
}

function checkedDescriptor(d: WireDescriptor): ProofDescriptor {
  if (d.sizeBytes === 0 || d.sizeBytes > MAX_PROOF_BYTES) {
    throw malformed(`a proof of ${d.sizeBytes} bytes, expected 1 to ${MAX_PROOF_BYTES}`);
  }
  const chunks = Math.ceil(d.sizeBytes / CHUNK_BYTES);
  if (d.chunkHashes.length !== chunks) {
    throw malformed(`${d.chunkHashes.length} chunk hashes for ${d.sizeBytes} bytes, expected ${chunks}`);
  }
  const proofHash = hex(d.proofHash);
  const name = nameOf(d.chunkHashes);
  if (name !== proofHash) throw malformed(`the chunk hashes are those of ${name}, not of ${proofHash}`);
  return { ...d, proofHash };
}

/** SSZ's own errors are of many kinds; to the caller they are one. */
function decode<T>(what: string, type: Type<T>, bytes: Uint8Array): T {
  try {
    return type.deserialize(bytes);
  } catch (error) {
    throw malformed(`${what}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function safeNumber(value: bigint, what: string): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed(`${what} ${value} is beyond any date`);
  return Number(value);
}

/** 32 bytes as the `Hash` that names them. */
export function hex(bytes: Uint8Array): Hash {
  return `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')}`;
}

/** The inverse of `hex`, unchecked: hashes here come from `hex` or from this node. */
export function unhex(hash: Hash): Uint8Array {
  return Uint8Array.from(Buffer.from(hash.slice(2), 'hex'));
}

/** A peer's bytes that break a type, a limit, or what must hold between fields. */
export function malformed(message: string): ClientError<MessageErrorCode> {
  return new ClientError('messageMalformed', message);
}

export type MessageErrorCode = 'messageMalformed';
