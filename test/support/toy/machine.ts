import { keccak_256 } from '@noble/hashes/sha3.js';
import { defineBus } from '../../../client/prover/air/bus.ts';
import { type Chip, defineChip, fillTrace } from '../../../client/prover/air/chip.ts';
import { bit, field, fixed, inInterface, u16 } from '../../../client/prover/air/columns.ts';
import type { Instance } from '../../../client/prover/air/dag.ts';
import { chipDigest } from '../../../client/prover/air/digest.ts';
import type { Backend } from '../../../client/prover/backends/interface.ts';
import { createReferenceBackend } from '../../../client/prover/backends/reference/backend.ts';
import { commitFixed, heldTraces, type ProveOptions, proveBlock } from '../../../client/prover/engine/prove-block.ts';
import { Fp5 } from '../../../client/prover/field/fp5.ts';
import { blake3 } from '../../../client/prover/hash/blake3.ts';
import type { BlockProof } from '../../../client/prover/protocol/block/statement.ts';
import type {
  BlockStatement,
  Machine,
  SegmentStatement,
  VerifyingKey,
} from '../../../client/prover/protocol/machine.ts';
import type { SoundnessProfile } from '../../../client/prover/soundness/profiles.ts';
import { type EncodedProof, PROOF_VERSION } from '../../../client/prover/verifier/codec.ts';
import { type AcceptedKey, claimWords } from '../../../client/prover/verifier/verify.ts';

/**
 * A machine with one of everything: rows that multiply and look up, a closed-form table, a committed table, and a
 * boundary that hands running totals from segment to segment over a global bus.
 */
const known = { range: 'u16', guaranteedBy: 'table' } as const;

export const RANGE = defineBus({ id: 'RANGE', index: 1, kind: 'lookup', scope: 'local', fields: { x: known } });
export const SQUARE = defineBus({
  id: 'SQUARE',
  index: 2,
  kind: 'lookup',
  scope: 'local',
  fields: { x: known, square: known },
});
export const CELL = defineBus({
  id: 'CELL',
  index: 3,
  kind: 'permutation',
  scope: 'local',
  fields: { cell: { range: 'u16', guaranteedBy: 'sender' }, value: { range: 'any', guaranteedBy: 'sender' } },
});
export const CHAIN = defineBus({
  id: 'CHAIN',
  index: 4,
  kind: 'permutation',
  scope: 'global',
  fields: {
    cell: { range: 'u16', guaranteedBy: 'sender' },
    total: { range: 'any', guaranteedBy: 'sender' },
    epoch: { range: 'u16', guaranteedBy: 'sender' },
  },
});
export const ENTRY = defineBus({
  id: 'ENTRY',
  index: 5,
  kind: 'permutation',
  scope: 'local',
  fields: { pc: { range: 'any', guaranteedBy: 'sender' } },
});

export type StepRecord = { cell: number; a: number; b: number; pc: number };

export const step = defineChip({
  id: 'step',
  maxDegree: 3,
  columns: {
    isReal: bit('1 on rows that are not padding'),
    cell: u16('running total this row adds to'),
    a: u16('factor, range-checked'),
    b: u16('factor, squared by lookup'),
    square: field('b squared'),
    product: field('a times b squared'),
    pc: field('place in the chain of steps'),
  },
  fillRow: (r: StepRecord, row) => {
    row.isReal = 1;
    row.cell = r.cell;
    row.a = r.a;
    row.b = r.b;
    row.square = r.b * r.b;
    row.product = r.a * r.b * r.b;
    row.pc = r.pc;
  },
  constrain: (c, row) => {
    c.assertZero('product = a · square', row.isReal.mul(row.product.sub(row.a.mul(row.square))));
    c.assertZero('padding has no product', row.isReal.not().mul(row.product));
    c.send(RANGE, [row.a], row.isReal, { maxPerRow: 1 });
    c.send(SQUARE, [row.b, row.square], row.isReal, { maxPerRow: 1 });
    c.send(CELL, [row.cell, row.product], row.isReal, { maxPerRow: 1 });
    c.receive(ENTRY, [row.pc], row.isReal, { maxPerRow: 1 });
    c.send(ENTRY, [row.pc.add(1)], row.isReal, { maxPerRow: 1 });
  },
  freeCells: {
    cell: 'on padding rows',
    a: 'on padding rows',
    b: 'on padding rows',
    square: 'on padding rows',
    pc: 'on padding rows',
  },
});

export const LOG_RANGE = 4;
export const range = defineChip({
  id: 'range',
  maxDegree: 1,
  columns: { value: fixed(u16('row number')), mult: field('uses') },
  fixed: {
    value: {
      kind: 'closedForm',
      value: (r) => r,
      mle: (p) => p.reduce((acc, b) => Fp5.add(Fp5.add(acc, acc), b), Fp5.ZERO),
    },
  },
  fillRow: (mult: number, row) => {
    row.mult = mult;
  },
  constrain: (c, row) => c.receive(RANGE, [row.value], row.mult, { maxPerRow: 2 ** 16 }),
});

export const LOG_SQUARE = 5;
export const square = defineChip({
  id: 'square',
  maxDegree: 1,
  columns: { x: fixed(u16('row number')), square: fixed(u16('its square')), mult: field('uses') },
  fixed: { x: { kind: 'committed', value: (r) => r }, square: { kind: 'committed', value: (r) => r * r } },
  fillRow: (mult: number, row) => {
    row.mult = mult;
  },
  constrain: (c, row) => c.receive(SQUARE, [row.x, row.square], row.mult, { maxPerRow: 2 ** 16 }),
});

export type BoundaryRecord = { cell: number; before: number; after: number };

export const boundary = defineChip({
  id: 'boundary',
  maxDegree: 3,
  publics: ['epoch'],
  columns: {
    isReal: inInterface(bit('1 on rows that are not padding')),
    cell: inInterface(u16('running total')),
    before: inInterface(field('total before the segment')),
    after: inInterface(field('total behind the segment')),
    gain: field('their difference'),
  },
  fillRow: (r: BoundaryRecord, row) => {
    row.isReal = 1;
    row.cell = r.cell;
    row.before = r.before;
    row.after = r.after;
    row.gain = r.after - r.before;
  },
  constrain: (c, row) => {
    c.assertZero('gain', row.after.sub(row.before).sub(row.gain));
    c.receive(CELL, [row.cell, row.gain], row.isReal, { maxPerRow: 1 });
    c.receive(CHAIN, [row.cell, row.before, c.public('epoch')], row.isReal, { maxPerRow: 1 });
    c.send(CHAIN, [row.cell, row.after, c.public('epoch').add(1)], row.isReal, { maxPerRow: 1 });
  },
  freeCells: { cell: 'on padding rows', before: 'on padding rows', after: 'on padding rows', gain: 'on padding rows' },
});

export const CHIPS = [step, range, square, boundary] as unknown as readonly Chip[];
const [STEP, RANGE_CHIP, SQUARE_CHIP, BOUNDARY] = [0, 1, 2, 3] as const;

/** Cells 0 … 3 start at these totals. */
export const FIRST = [10, 20, 30, 40];
/** Words of the claim that say what the totals come to: they lie in its `parentHash`. */
export const TOTALS_AT = 12;
export const TOY_HEADER = new TextEncoder().encode('stands where a block header stands');

/** A claim whose block is the toy header and whose parent hash holds the totals. */
export function toyClaim(totals: readonly number[]): Uint8Array {
  const claim = new Uint8Array(138);
  const view = new DataView(claim.buffer);
  view.setUint16(0, 0x7a01, true);
  view.setBigUint64(2, 1n, true);
  totals.forEach((t, i) => {
    view.setUint32(4 * (TOTALS_AT + i), t, true);
  });
  claim.set(keccak_256(TOY_HEADER), 74);
  return claim;
}

export function toyMachine(profile: SoundnessProfile): Machine {
  const size = 2 ** LOG_SQUARE;
  return {
    name: 'toy',
    profile,
    chips: CHIPS,
    logRows: 6,
    fixedCapLog: 3,
    wholeType: WHOLE,
    fixedSlots: [
      { chip: SQUARE_CHIP, column: 0, offset: 0, logHeight: LOG_SQUARE },
      { chip: SQUARE_CHIP, column: 1, offset: size, logHeight: LOG_SQUARE },
    ],
    publics: (segment) => ({ epoch: segment.index }),
    localMessages: (_, s) => [
      { bus: ENTRY, message: [s.entry.pc], count: 1 },
      { bus: ENTRY, message: [s.exit.pc], count: -1 },
    ],
    globalMessages: (block) =>
      FIRST.flatMap((total, cell) => [
        { bus: CHAIN, message: [cell, total, 0], count: 1 },
        { bus: CHAIN, message: [cell, block.claim[TOTALS_AT + cell]!, block.segments.length], count: -1 },
      ]),
    checkShape: (block) => {
      let pc = 0;
      for (const [j, s] of block.segments.entries()) {
        if (s.index !== j) return `segment ${j} has index ${s.index}`;
        if (s.entry.pc !== pc) return `segment ${j} does not start where the one before ended`;
        pc = s.exit.pc;
        const chips = s.instances.map((i) => i.chip).join();
        if (chips !== [STEP, RANGE_CHIP, SQUARE_CHIP, BOUNDARY].join()) return `segment ${j} has tables ${chips}`;
        const logs = s.instances.map((i) => i.logHeight);
        if (logs[1] !== LOG_RANGE || logs[2] !== LOG_SQUARE) return `segment ${j} has a table of wrong height`;
        if (logs[0]! < 4 || logs[0]! > 10 || logs[3]! < 4 || logs[3]! > 6)
          return `segment ${j} has a table out of bounds`;
      }
      return block.claim.length === 36 ? undefined : 'the claim has the wrong length';
    },
  };
}

/** Segments of any type hold the same tables; one of this type alone is committed in one tree. */
const WHOLE = 1;
const PART = 0;

export type ToyKey = {
  readonly vk: VerifyingKey;
  /** Proves on the key's backend. */
  readonly prove: (
    block: BlockStatement,
    traces: readonly (readonly Instance[])[],
    options?: ProveOptions,
  ) => Promise<BlockProof>;
};

/** The toy machine's key, with its tables committed on a backend. */
export async function toyKey(
  profile: SoundnessProfile,
  backend: Backend = createReferenceBackend(),
  machine: Machine = toyMachine(profile),
): Promise<ToyKey> {
  const fixed = await commitFixed(backend, machine);
  const digests = machine.chips.map((c) => chipDigest(c.compiled));
  const text = new TextEncoder().encode(profile + digests.map((d) => d.join()).join(';') + fixed.cap.join());
  const vk = { machine, digest: blake3(text), fixedCap: fixed.cap };
  return { vk, prove: (block, traces, options) => proveBlock(backend, vk, fixed, block, heldTraces(traces), options) };
}

export type ToyBlock = {
  readonly block: BlockStatement;
  readonly traces: Instance[][];
  /** SSZ of the claim. */
  readonly claim: Uint8Array;
};

/** Traces of segments that each run the given steps; every step gains its own cell once per segment. */
export function toyBlock(
  segments: readonly (readonly { cell: number; a: number; b: number }[])[],
  type: number = PART,
): ToyBlock {
  const totals = FIRST.slice();
  let pc = 0;
  const traces: Instance[][] = [];
  const statements: SegmentStatement[] = segments.map((steps, index) => {
    const entry = { pc, fp: 0 };
    const before = totals.slice();
    const records = steps.map((s) => ({ ...s, pc: pc++ }));
    for (const { cell, a, b } of records) totals[cell]! += a * b * b;
    const uses = (of: (r: StepRecord) => number, size: number): number[] => {
      const counts = new Array<number>(size).fill(0);
      for (const r of records) counts[of(r)]!++;
      return counts;
    };
    const trace = [
      fillTrace(step, records),
      fillTrace(
        range,
        uses((r) => r.a, 2 ** LOG_RANGE),
      ),
      fillTrace(
        square,
        uses((r) => r.b, 2 ** LOG_SQUARE),
      ),
      fillTrace(
        boundary,
        totals.map((after, cell) => ({ cell, before: before[cell]!, after })),
      ),
    ];
    traces.push(trace);
    return {
      index,
      type,
      entry,
      exit: { pc, fp: 0, clock: 1 },
      instances: trace.map((t, chip) => ({ chip, logHeight: t.logHeight })),
    };
  });
  return { block: { claim: claimWords(toyClaim(totals)), segments: statements }, traces, claim: toyClaim(totals) };
}

/** Two segments in which every cell gains once. */
export const honestToy = (): ToyBlock =>
  toyBlock([
    [0, 1, 2, 3].map((cell) => ({ cell, a: 3 + cell, b: 5 + cell })),
    [3, 1, 0, 2].map((cell) => ({ cell, a: 15 - cell, b: 31 - cell })),
  ]);

/** One segment, committed in one tree. */
export const wholeToy = (): ToyBlock => toyBlock([ONE_SEGMENT], WHOLE);

/** One segment that commits to its main columns itself, as every segment of a longer block does. */
export const partToy = (): ToyBlock => toyBlock([ONE_SEGMENT]);

const ONE_SEGMENT = [0, 1, 2, 3].map((cell) => ({ cell, a: 3 + cell, b: 5 + cell }));

export const TOY_PROOF_TYPE = 0xff;

/** The toy key as a build would accept it. */
export const toyAccepted = (vk: VerifyingKey): AcceptedKey => ({
  vk,
  proofType: TOY_PROOF_TYPE,
  profile: 'P100',
  securityBits: 100,
  entry: { pc: 0, fp: 0 },
});

/** A toy proof in the form that travels. */
export const encodable = (vk: VerifyingKey, toy: ToyBlock, proof: BlockProof): EncodedProof => ({
  version: PROOF_VERSION,
  proofType: TOY_PROOF_TYPE,
  vkHash: vk.digest,
  headerRlp: TOY_HEADER,
  claim: toy.claim,
  interface: proof.commitment,
  segments: toy.block.segments.map((s, j) => ({
    type: s.type,
    exit: s.exit,
    instances: s.instances,
    globalSum: proof.segments[j]!.globalSum,
    bytes: proof.segments[j]!.bytes,
  })),
  closing: [proof.closing],
});
