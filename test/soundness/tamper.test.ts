import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ByteListType,
  ByteVectorType,
  ContainerType,
  ListBasicType,
  ListCompositeType,
  UintNumberType,
  VectorBasicType,
} from '@chainsafe/ssz';
import { P } from '../../client/prover/field/fp.ts';
import type { Expected, VerifyResult } from '../../client/prover/interface.ts';
import { decodeProof, type EncodedProof, encodeProof } from '../../client/prover/verifier/codec.ts';
import { verify } from '../../client/prover/verifier/verify.ts';
import { encodable, honestToy, toyAccepted, toyKey, wholeToy } from '../support/toy/machine.ts';
import { ALL_KERNELS } from '../support/verifier-kernels.ts';

const { vk, prove } = await toyKey('P100');
const key = toyAccepted(vk);
const toy = honestToy();
const honest = encodable(vk, toy, await prove(toy.block, toy.traces));
const bytes = encodeProof(honest);
const wholeBlock = wholeToy();
const whole = encodable(vk, wholeBlock, await prove(wholeBlock.block, wholeBlock.traces));
const EXPECTED: Expected = { chainId: 1n, chainSpecHash: `0x${'00'.repeat(32)}` };

/** The verdict, which must not depend on the kernels. */
function check(proof: Uint8Array, expected: Expected = EXPECTED): VerifyResult {
  const results = ALL_KERNELS.map((kernels) => verify(key, proof, expected, { kernels }));
  for (const result of results) assert.deepEqual(result, results[0]);
  return results[0]!;
}

/** stage/code of the rejection; an internal error is never an acceptable answer. */
function rejection(proof: Uint8Array, expected?: Expected): string {
  const result = check(proof, expected);
  if (result.ok) return 'accepted';
  assert.notEqual(result.stage, 'internal', result.detail);
  return `${result.stage}/${result.code}`;
}

test('honest proof → ok, with the claim it carries', () => {
  const result = check(bytes);
  assert.ok(result.ok);
  assert.equal(result.claim.chainId, 1n);
  assert.deepEqual(decodeProof(bytes), honest);
});

/** Every field of a proof: how it is changed, and where that is noticed. */
type Lie = { readonly change: (p: EncodedProof) => EncodedProof; readonly noticed: RegExp };
const flip = (b: Uint8Array, at = 0): Uint8Array => b.map((x, i) => (i === at ? x ^ 1 : x));
const segment = (p: EncodedProof, change: (s: EncodedProof['segments'][number]) => object): EncodedProof => ({
  ...p,
  segments: p.segments.map((s, j) => (j === 0 ? { ...s, ...change(s) } : s)) as EncodedProof['segments'],
});

const MANIFEST: Readonly<Record<string, Lie>> = {
  version: { change: (p) => ({ ...p, version: 2 }), noticed: /^decode\/unknownVersion$/ },
  proofType: { change: (p) => ({ ...p, proofType: 0x80 }), noticed: /^statement\/unknownProofType$/ },
  vkHash: { change: (p) => ({ ...p, vkHash: flip(p.vkHash) }), noticed: /^statement\/foreignKey$/ },
  headerRlp: { change: (p) => ({ ...p, headerRlp: flip(p.headerRlp) }), noticed: /^statement\/headerMismatch$/ },
  claim: { change: (p) => ({ ...p, claim: flip(p.claim, 50) }), noticed: /^(transcript|block|logup|zerocheck|whir)\// },
  interface: {
    change: (p) => ({ ...p, interface: flip(p.interface) }),
    noticed: /^(transcript|logup|zerocheck|whir|block)\//,
  },
  'segments.type': { change: (p) => segment(p, (s) => ({ type: s.type ^ 1 })), noticed: /\// },
  'segments.exit.pc': { change: (p) => segment(p, (s) => ({ exit: { ...s.exit, pc: s.exit.pc + 1 } })), noticed: /\// },
  'segments.exit.fp': { change: (p) => segment(p, (s) => ({ exit: { ...s.exit, fp: 1 } })), noticed: /\// },
  'segments.exit.clock': { change: (p) => segment(p, (s) => ({ exit: { ...s.exit, clock: 2 } })), noticed: /\// },
  'segments.instances.chip': {
    change: (p) => segment(p, (s) => ({ instances: s.instances.map((i, k) => (k === 0 ? { ...i, chip: 200 } : i)) })),
    noticed: /^shape\/unknownTable$/,
  },
  'segments.instances.logHeight': {
    change: (p) =>
      segment(p, (s) => ({ instances: s.instances.map((i, k) => (k === 0 ? { ...i, logHeight: 9 } : i)) })),
    noticed: /\//,
  },
  'segments.globalSum': {
    change: (p) => segment(p, (s) => ({ globalSum: s.globalSum.map((x) => (x + 1) % P) })),
    noticed: /^block\/globalSumMismatch$/,
  },
  'segments.bytes': { change: (p) => segment(p, (s) => ({ bytes: flip(s.bytes, 40) })), noticed: /\// },
  closing: { change: (p) => ({ ...p, closing: [flip(p.closing[0]!, 8)] }), noticed: /^(whir|transcript)\// },
};

/** Paths of all fields of a proof, list elements by their first one. */
function fieldsOf(value: unknown, path: string): string[] {
  if (value instanceof Uint8Array || typeof value !== 'object' || value === null) return [path];
  if (Array.isArray(value)) {
    const [first] = value as unknown[];
    return typeof first === 'object' && !(first instanceof Uint8Array) ? fieldsOf(first, path) : [path];
  }
  return Object.entries(value).flatMap(([name, v]) => fieldsOf(v, path === '' ? name : `${path}.${name}`));
}

test('the tamper manifest names every field of the proof type', () => {
  assert.deepEqual(Object.keys(MANIFEST).sort(), fieldsOf(honest, '').sort());
});

test('honest proof of a whole block → ok', () => {
  assert.ok(check(encodeProof(whole)).ok);
});

for (const [field, lie] of Object.entries(MANIFEST))
  test(`rejects a proof whose ${field} was changed, in two segments or in one tree`, () => {
    for (const of of [honest, whole]) {
      const where = rejection(encodeProof(lie.change(of)));
      assert.notEqual(where, 'accepted');
      assert.match(where, lie.noticed);
    }
  });

test('rejects a proof for another chain, chain spec, block or parent than the caller expects', () => {
  const other = `0x${'11'.repeat(32)}` as const;
  assert.equal(rejection(bytes, { ...EXPECTED, chainId: 2n }), 'statement/unknownChain');
  assert.equal(rejection(bytes, { ...EXPECTED, chainSpecHash: other }), 'statement/chainSpecMismatch');
  assert.equal(rejection(bytes, { ...EXPECTED, blockHash: other }), 'statement/blockMismatch');
  assert.equal(rejection(bytes, { ...EXPECTED, parentHash: other }), 'statement/parentMismatch');
});

test('rejects truncations at any length, padding, and zeros, without an internal error', () => {
  for (let n = 0; n < bytes.length; n += n < 400 ? 1 : 997)
    assert.notEqual(rejection(bytes.subarray(0, n)), 'accepted', `${n} bytes`);
  for (const extra of [1, 4, 64]) {
    const longer = new Uint8Array(bytes.length + extra);
    longer.set(bytes);
    assert.notEqual(rejection(longer), 'accepted', `${extra} bytes more`);
  }
  assert.notEqual(rejection(new Uint8Array(10_000)), 'accepted');
});

test('rejects every flipped bit of the container, without an internal error', () => {
  const structure = [...Array(181).keys(), ...Array.from({ length: 120 }, (_, k) => bytes.length - 1 - k * 250)];
  for (const at of structure) assert.notEqual(rejection(flip(bytes, at)), 'accepted', `byte ${at}`);
});

test('rejects two proofs’ parts exchanged', () => {
  const swapped = { ...honest, segments: [honest.segments[1]!, honest.segments[0]!] };
  assert.notEqual(rejection(encodeProof(swapped)), 'accepted');
  assert.notEqual(rejection(encodeProof({ ...honest, segments: [] })), 'accepted');
  assert.equal(rejection(encodeProof({ ...honest, closing: [] })), 'statement/closingCount');
  assert.equal(
    rejection(encodeProof({ ...honest, closing: [honest.closing[0]!, honest.closing[0]!] })),
    'statement/closingCount',
  );
});

test('encodeProof → the SSZ encoding that an independent library gives', () => {
  const uint8 = new UintNumberType(1);
  const uint16 = new UintNumberType(2);
  const uint32 = new UintNumberType(4);
  const Instance = new ContainerType({ chip: uint8, logHeight: uint8 });
  const Segment = new ContainerType({
    type: uint8,
    exit: new ContainerType({ pc: uint32, fp: uint32, clock: uint32 }),
    instances: new ListCompositeType(Instance, 256),
    globalSum: new VectorBasicType(uint32, 5),
    bytes: new ByteListType(512 * 2 ** 10),
  });
  const Segments = new ContainerType({
    interface: new ByteListType(64 * 2 ** 10),
    segments: new ListCompositeType(Segment, 1024),
    closing: new ListCompositeType(new ByteListType(2 ** 20), 64),
  });
  const Proof = new ContainerType({
    version: uint16,
    proofType: uint8,
    vkHash: new ByteVectorType(32),
    headerRlp: new ByteListType(16 * 2 ** 10),
    claim: new ByteVectorType(138),
    body: new ListBasicType(uint8, 2 ** 28),
  });
  const segments = Segments.serialize({
    interface: honest.interface,
    segments: honest.segments.map((s) => ({ ...s, instances: [...s.instances], globalSum: [...s.globalSum] })),
    closing: [...honest.closing],
  });
  const expected = Proof.serialize({
    version: honest.version,
    proofType: honest.proofType,
    vkHash: honest.vkHash,
    headerRlp: honest.headerRlp,
    claim: honest.claim,
    body: [0, ...segments],
  });
  assert.deepEqual(bytes, expected);
});

test('rejects an exit state under a second name of its residue → decode/notCanonical', () => {
  for (const field of ['pc', 'fp', 'clock'] as const) {
    const alias = segment(honest, (s) => ({ exit: { ...s.exit, [field]: s.exit[field] + P } }));
    assert.equal(rejection(encodeProof(alias)), 'decode/notCanonical', field);
  }
});
