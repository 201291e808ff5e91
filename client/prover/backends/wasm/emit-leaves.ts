import type { CompiledChip, NodeId } from '../../air/dag.ts';
import { I32, ModuleWriter } from './assembler.ts';
import { makePlan } from './chip-plan.ts';
import { BASE_CAP, type BaseOutput, baseCost, emitBase, LINE_BYTES } from './emit-base.ts';
import { BLOCK_BYTES, EXT_WORDS, WORD_BYTES } from './layout.ts';

/** A numerator vector and five pairs of sums. */
const RECORD_BYTES = 176;

/**
 * Evaluator of some interactions' fractions, generated for a chip. Its exported function `leaves` (rows, from, to, weights,
 * table, scratch) writes those of the groups of 16 rows from … to − 1; `table` holds per interaction the addresses of
 * its numerators and denominators.
 */
export type LeavesModule = {
  readonly code: Uint8Array<ArrayBuffer>;
  readonly scalars: ReadonlyMap<NodeId, number>;
  /** Offsets in the weights: scalars at 0, powers of β (five words each), a block α + bus index per interaction. */
  readonly betas: number;
  /** Powers of β that the weights hold. */
  readonly betaCount: number;
  readonly constants: number;
  readonly weightBytes: number;
  readonly scratchBytes: number;
};

export const LEAVES_FUNCTION = 0;

const aligned = (n: number): number => Math.ceil(n / 16) * 16;

/** @param interactions their numbers in the chip */
export function emitLeaves(chip: CompiledChip, interactions: readonly number[]): LeavesModule {
  const uses: { node: NodeId; output: number }[] = [];
  const shapes: ((betas: number) => BaseOutput)[] = [];
  interactions.forEach((t, i) => {
    const { count, fields, direction } = chip.interactions[t]!;
    uses.push({ node: count, output: shapes.length });
    shapes.push(() => ({ kind: 'store', at: i * RECORD_BYTES, negative: direction === 'receive' }));
    fields.forEach((node, k) => {
      uses.push({ node, output: shapes.length });
      const sums = i * RECORD_BYTES + 16;
      shapes.push((betas) => ({ kind: 'sum', sums, factor: betas + k * EXT_WORDS * WORD_BYTES }));
    });
  });
  const writer = new ModuleWriter();
  const loadLines = writer.importKernel('loadLines', 4);
  const clear = writer.importKernel('clear', 2);
  const storeFractions = writer.importKernel('storeFractions', 5);
  const plan = makePlan(chip, uses, baseCost, BASE_CAP, 'usesLast');
  const betas = plan.scalars.size * WORD_BYTES;
  const fields = Math.max(0, ...interactions.map((t) => chip.interactions[t]!.fields.length));
  const constants = aligned(betas + fields * EXT_WORDS * WORD_BYTES);

  const { index, body: f } = writer.addFunction(6);
  const base = emitBase(
    writer,
    plan,
    shapes.map((shape) => shape(betas)),
  );
  const [rows, from, to, weights, table, scratch] = [0, 1, 2, 3, 4, 5] as const;
  const width = chip.columns.length;
  const records = Math.ceil(width / 4) * 4 * LINE_BYTES;
  const slots = records + interactions.length * RECORD_BYTES;
  const cursor = f.local(I32);
  const end = f.local(I32);
  const offset = f.local(I32);
  f.loop(from, 1, to, () => {
    f.get(rows).get(from).i32(width).get(scratch).call(loadLines);
    f.get(from).i32(LINE_BYTES).i32Mul().set(offset);
    f.get(scratch).tee(cursor).i32(LINE_BYTES).i32Add().set(end);
    f.loop(cursor, 16, end, () => {
      f.get(scratch).i32(records).i32Add();
      f.i32(interactions.length * RECORD_BYTES).call(clear);
      for (const called of base.functions) {
        f.get(cursor).get(weights);
        f.get(scratch).i32(slots).i32Add().get(scratch).i32(records).i32Add().call(called);
      }
      f.get(scratch).i32(records).i32Add().get(table).get(weights).i32(constants).i32Add();
      f.i32(interactions.length).get(offset).call(storeFractions);
      f.get(offset).i32(16).i32Add().set(offset);
    });
  });
  writer.exportFunction('leaves', index);
  return {
    ...{ code: writer.bytes(), scalars: plan.scalars, betas, betaCount: fields, constants },
    weightBytes: constants + interactions.length * BLOCK_BYTES,
    scratchBytes: slots + base.slots * 16,
  };
}
