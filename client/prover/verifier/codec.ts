import { P } from '../field/fp.ts';
import type { Ext } from '../field/fp5.ts';
import { CLAIM_BYTES } from '../guest/claim.ts';
import type { Hash } from '../interface.ts';
import { Rejection } from '../transcript/rejection.ts';

/** A proof as it travels: SSZ, everything in it untrusted. */
export type EncodedProof = {
  readonly version: number;
  readonly proofType: number;
  /** Digest of the verification key that the prover used: 32 bytes. */
  readonly vkHash: Uint8Array;
  readonly headerRlp: Uint8Array;
  /** SSZ of the claim: 138 bytes. */
  readonly claim: Uint8Array;
  /** What is committed before the global challenge: root, answers out of the domain, nonce. The format calls it so. */
  readonly interface: Uint8Array;
  readonly segments: readonly EncodedSegment[];
  readonly closing: readonly Uint8Array[];
};

/** A segment of the container. Its numbers are the prover's: decoding checks their form alone. */
export type EncodedSegment = {
  readonly type: number;
  readonly exit: { readonly pc: number; readonly fp: number; readonly clock: number };
  readonly instances: readonly { readonly chip: number; readonly logHeight: number }[];
  readonly globalSum: Ext;
  readonly bytes: Uint8Array;
};

/** Format version of this codec. */
export const PROOF_VERSION = 1;

/** Most bytes and entries of every part; a longer file is not even read. */
export const CAPS = {
  fileBytes: 256 * 2 ** 20,
  headerBytes: 16 * 2 ** 10,
  interfaceBytes: 64 * 2 ** 10,
  segments: 1024,
  instances: 256,
  segmentBytes: 512 * 2 ** 10,
  closings: 64,
  closingBytes: 2 ** 20,
} as const;

const OFFSET = 4;
const HASH = 32;
const SEGMENTS_SELECTOR = 0;
const PROOF_FIXED = 2 + 1 + HASH + OFFSET + CLAIM_BYTES + OFFSET;
const SEGMENT_FIXED = 1 + 12 + OFFSET + 20 + OFFSET;

/** The bytes of a `.proof` file (`interfaces.md`, "Claim and proof"). */
export function encodeProof(p: EncodedProof): Uint8Array {
  const body = concat([Uint8Array.of(SEGMENTS_SELECTOR), encodeSegments(p)]);
  const out = concat([
    u16(p.version),
    Uint8Array.of(p.proofType),
    p.vkHash,
    u32(PROOF_FIXED),
    p.claim,
    u32(PROOF_FIXED + p.headerRlp.length),
    p.headerRlp,
    body,
  ]);
  return out;
}

function encodeSegments(p: EncodedProof): Uint8Array {
  const segments = encodeList(p.segments.map(encodeSegment));
  const closing = encodeList(p.closing);
  const first = 3 * OFFSET;
  return concat([
    u32(first),
    u32(first + p.interface.length),
    u32(first + p.interface.length + segments.length),
    p.interface,
    segments,
    closing,
  ]);
}

function encodeSegment(s: EncodedSegment): Uint8Array {
  const instances = Uint8Array.from(s.instances.flatMap((i) => [i.chip, i.logHeight]));
  return concat([
    Uint8Array.of(s.type),
    u32(s.exit.pc),
    u32(s.exit.fp),
    u32(s.exit.clock),
    u32(SEGMENT_FIXED),
    ...s.globalSum.map(u32),
    u32(SEGMENT_FIXED + instances.length),
    instances,
    s.bytes,
  ]);
}

/** A list of variable-size elements: offsets, then the elements. */
function encodeList(items: readonly Uint8Array[]): Uint8Array {
  let at = OFFSET * items.length;
  const offsets = items.map((item) => {
    const offset = u32(at);
    at += item.length;
    return offset;
  });
  return concat([...offsets, ...items]);
}

const u16 = (x: number): Uint8Array => Uint8Array.of(x & 0xff, x >>> 8);
const u32 = (x: number): Uint8Array => Uint8Array.of(x & 0xff, (x >>> 8) & 0xff, (x >>> 16) & 0xff, x >>> 24);

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}

/**
 * Reads a proof with every length capped before it is used. There is one encoding of each proof: offsets must be the
 * ones that `encodeProof` writes. Throws `Rejection` with stage `decode` only.
 */
export function decodeProof(bytes: Uint8Array): EncodedProof {
  if (bytes.length > CAPS.fileBytes)
    reject('tooLarge', `expected at most ${CAPS.fileBytes} bytes, got ${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < PROOF_FIXED) reject('truncated', `expected at least ${PROOF_FIXED} bytes, got ${bytes.length}`);
  const version = view.getUint16(0, true);
  if (version !== PROOF_VERSION) reject('unknownVersion', `expected version ${PROOF_VERSION}, got ${version}`);
  const claimAt = 3 + HASH + OFFSET;
  const [headerRlp, body] = split(bytes, PROOF_FIXED, [3 + HASH, claimAt + CLAIM_BYTES], view) as [
    Uint8Array,
    Uint8Array,
  ];
  cap('headerRlp', headerRlp, CAPS.headerBytes);
  if (body[0] !== SEGMENTS_SELECTOR) reject('unknownBody', `expected a list of segments, got selector ${body[0]}`);
  const parts = body.subarray(1);
  if (parts.length < 3 * OFFSET) reject('truncated', 'the list of segments ends before its offsets');
  const partsView = new DataView(parts.buffer, parts.byteOffset, parts.byteLength);
  const [shared, list, closingList] = split(parts, 3 * OFFSET, [0, OFFSET, 2 * OFFSET], partsView) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  cap('interface', shared, CAPS.interfaceBytes);
  const closing = splitList('closing', closingList, CAPS.closings);
  for (const c of closing) cap('closing', c, CAPS.closingBytes);
  return {
    version,
    proofType: bytes[2]!,
    vkHash: bytes.slice(3, 3 + HASH),
    headerRlp: headerRlp.slice(),
    claim: bytes.slice(claimAt, claimAt + CLAIM_BYTES),
    interface: shared.slice(),
    segments: splitList('segments', list, CAPS.segments).map(decodeSegment),
    closing: closing.map((c) => c.slice()),
  };
}

/** The same for callers outside the verifier: returns, never throws for what the bytes are. */
export function tryDecodeProof(
  bytes: Uint8Array,
):
  | { readonly ok: true; readonly proof: EncodedProof }
  | { readonly ok: false; readonly stage: string; readonly code: string; readonly detail: string } {
  try {
    return { ok: true, proof: decodeProof(bytes) };
  } catch (error) {
    if (!(error instanceof Rejection)) throw error;
    return { ok: false, stage: error.stage, code: error.code, detail: error.message };
  }
}

/** The key that a proof says it was made under, with nothing else of it read; undefined for what ends before that. */
export function vkHashOf(bytes: Uint8Array): Hash | undefined {
  if (bytes.length < 3 + HASH) return undefined;
  return `0x${Array.from(bytes.subarray(3, 3 + HASH), (b) => b.toString(16).padStart(2, '0')).join('')}`;
}

function decodeSegment(bytes: Uint8Array, j: number): EncodedSegment {
  if (bytes.length < SEGMENT_FIXED) reject('truncated', `segment ${j}: expected at least ${SEGMENT_FIXED} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [instances, proof] = split(bytes, SEGMENT_FIXED, [13, SEGMENT_FIXED - OFFSET], view) as [
    Uint8Array,
    Uint8Array,
  ];
  if (instances.length % 2 !== 0 || instances.length > 2 * CAPS.instances)
    reject(
      'instanceCount',
      `segment ${j}: expected at most ${CAPS.instances} pairs of bytes, got ${instances.length} bytes`,
    );
  cap(`segment ${j}`, proof, CAPS.segmentBytes);
  const sum = [0, 1, 2, 3, 4].map((k) => view.getUint32(17 + 4 * k, true));
  if (sum.some((x) => x >= P)) reject('notCanonical', `segment ${j}: expected elements below P in the global sum`);
  const exit = { pc: view.getUint32(1, true), fp: view.getUint32(5, true), clock: view.getUint32(9, true) };
  // Messages hold residues: a state with a second name would escape comparisons of states, HALT's among them.
  if (Object.values(exit).some((x) => x >= P))
    reject('notCanonical', `segment ${j}: expected elements below P in the exit state`);
  return {
    type: bytes[0]!,
    exit,
    instances: Array.from({ length: instances.length / 2 }, (_, k) => ({
      chip: instances[2 * k]!,
      logHeight: instances[2 * k + 1]!,
    })),
    globalSum: sum as unknown as Ext,
    bytes: proof.slice(),
  };
}

/** The variable parts of a container, whose offsets stand at `at`; they must follow each other without gaps. */
function split(bytes: Uint8Array, first: number, at: readonly number[], view: DataView): Uint8Array[] {
  const offsets = at.map((a) => view.getUint32(a, true));
  offsets.forEach((offset, k) => {
    const low = k === 0 ? first : offsets[k - 1]!;
    if ((k === 0 && offset !== first) || offset < low || offset > bytes.length)
      reject('badOffset', `expected an offset from ${low} to ${bytes.length}, got ${offset}`);
  });
  return offsets.map((offset, k) => bytes.subarray(offset, offsets[k + 1] ?? bytes.length));
}

function splitList(name: string, bytes: Uint8Array, most: number): Uint8Array[] {
  if (bytes.length === 0) return [];
  if (bytes.length < OFFSET) reject('truncated', `${name}: the list ends within its first offset`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const first = view.getUint32(0, true);
  const count = first / OFFSET;
  if (!Number.isInteger(count) || count === 0 || count > most || first > bytes.length)
    reject('listLength', `${name}: expected 1 to ${most} entries, got a first offset of ${first}`);
  return split(
    bytes,
    first,
    Array.from({ length: count }, (_, k) => OFFSET * k),
    view,
  );
}

function cap(name: string, bytes: Uint8Array, most: number): void {
  if (bytes.length > most) reject('tooLarge', `${name}: expected at most ${most} bytes, got ${bytes.length}`);
}

function reject(code: string, detail: string): never {
  throw new Rejection('decode', code, detail);
}
