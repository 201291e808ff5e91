import type { CompiledChip } from '../../air/dag.ts';
import { Fp5 } from '../../field/fp5.ts';
import type { FractionBlock, FractionLayout, LogupChallenges } from '../interface.ts';
import { scalarValues } from './chip-plan.ts';
import { runTasks, split, storeConstant } from './ext-table.ts';
import { RangeWriter } from './forms-program.ts';
import type { Layer } from './gkr-tables.ts';
import { storedEntries } from './gkr-tail.ts';
import { BLOCK_BYTES, EXT_WORDS, extBytes, LANES, pieces, toMont, WORD_BYTES } from './layout.ts';
import type { KernelPool, Task } from './pool.ts';
import { type RowProgram, rowProgram } from './row-program.ts';
import type { TraceMatrix } from './zerocheck.ts';

/** A table in the pool's memory, with its publics as canonical words. */
export type LeafTable = { readonly trace: TraceMatrix; readonly publics: readonly number[] };

/** Programs by chip and list of interactions. */
const PROGRAMS = new WeakMap<CompiledChip, Map<string, RowProgram>>();

/** Counts and fields of the interactions, one behind the other. */
function leavesProgram(chip: CompiledChip, interactions: readonly number[]): RowProgram {
  const known = PROGRAMS.get(chip) ?? new Map<string, RowProgram>();
  PROGRAMS.set(chip, known);
  const key = interactions.join();
  let program = known.get(key);
  if (program === undefined) {
    const wanted = interactions.flatMap((t) => [chip.interactions[t]!.count, ...chip.interactions[t]!.fields]);
    program = rowProgram(chip, wanted, 64, false);
    known.set(key, program);
  }
  return program;
}

/**
 * The fraction vector: ±count over α + bus + Σ betas[k] · field_k for every row of the layout's interactions, 0/α
 * elsewhere. The caller frees both tables.
 */
export function fractionLeaves(
  pool: KernelPool,
  tables: readonly LeafTable[],
  layout: FractionLayout,
  challenges: LogupChallenges,
): Layer {
  const n = 2 ** layout.log;
  const heights = layout.blocks.map((b) => 2 ** tables[b.instance]!.trace.logHeight);
  const end = layout.blocks.reduce((to, { offset }, i) => Math.max(to, offset + heights[i]!), 0);
  const used = storedEntries(end, n);
  const p = pool.memory.alloc(Math.max(LANES, used) * WORD_BYTES);
  const q = pool.memory.alloc(extBytes(used));
  const layer = { p, q, log: layout.log, base: true, used, alpha: challenges.alpha };
  const order = [...layout.blocks.keys()].sort((a, b) => layout.blocks[a]!.offset - layout.blocks[b]!.offset);
  let covered = 0;
  for (const i of order) {
    const { offset } = layout.blocks[i]!;
    fillPadding(pool, layer, covered, offset);
    covered = offset + heights[i]!;
  }
  fillPadding(pool, layer, covered, used);
  tables.forEach((table, instance) => {
    const blocks = layout.blocks.filter((b) => b.instance === instance);
    if (blocks.length > 0) fillBlocks(pool, table, blocks, layer, challenges);
  });
  return layer;
}

function fillBlocks(
  pool: KernelPool,
  { trace, publics }: LeafTable,
  blocks: readonly FractionBlock[],
  { p, q }: Layer,
  challenges: LogupChallenges,
): void {
  const { chip } = trace;
  const interactions = blocks.map((b) => chip.interactions[b.interaction]!);
  const program = leavesProgram(
    chip,
    blocks.map((b) => b.interaction),
  );
  const fields = Math.max(0, ...interactions.map((t) => t.fields.length));
  const values = scalarValues(chip, publics);
  const out = new RangeWriter(
    pool,
    RangeWriter.bytesOf({
      words: [
        ...[program.words.length, program.scalars.length, program.places.length, fields * EXT_WORDS],
        8 + 6 * blocks.length,
      ],
      blocks: blocks.length,
    }),
  );
  const programAt = out.words(program.words);
  const scalars = out.words(program.scalars.map((id) => toMont(values[id]!)));
  const places = out.words(program.places);
  const betas = out.words(challenges.betas.slice(0, fields).flatMap((beta) => beta.map(toMont)));
  const constants = out.blocks(interactions.map(({ bus }) => Fp5.add(challenges.alpha, Fp5.from(bus.index))));
  let next = 0;
  const table = blocks.flatMap(({ offset }, i) => {
    const { direction, fields } = interactions[i]!;
    const first = next;
    next += 1 + fields.length;
    return [
      ...[p + offset * WORD_BYTES, q + (offset / LANES) * BLOCK_BYTES, program.places[first]!],
      ...[direction === 'receive' ? 1 : 0, fields.length, places + (first + 1) * WORD_BYTES],
    ];
  });
  const descriptor = out.words([
    ...[chip.columns.length, programAt, program.steps, scalars, program.scalars.length, betas, constants],
    ...[blocks.length, ...table],
  ]);
  const groups = 2 ** trace.logHeight / 16;
  const parts = pieces(groups, pool.threads * 4, Math.ceil(256 / chip.columns.length));
  const scratch = pool.memory.alloc(parts.length * program.bytes);
  runTasks(
    pool,
    parts.map(({ from, count }, i): Task => {
      return ['leafRows', trace.at, from, from + count, descriptor, scratch + i * program.bytes];
    }),
  );
  pool.memory.free(out.at);
  pool.memory.free(scratch);
}

/** 0/α for the entries from … to − 1; `from` is a multiple of 16, and `to` too unless the whole vector is shorter. */
function fillPadding(pool: KernelPool, layer: Layer, from: number, to: number): void {
  if (from === to) return;
  const short = to - from < LANES;
  pool.memory.view(layer.p + from * WORD_BYTES, short ? LANES : to - from).fill(0);
  const first = layer.q + (from / LANES) * BLOCK_BYTES;
  storeConstant(pool, first, layer.alpha);
  if (short) {
    const words = pool.memory.view(first, BLOCK_BYTES / WORD_BYTES);
    for (let k = 0; k < EXT_WORDS; k++) words.fill(0, LANES * k + to - from, LANES * k + LANES);
  } else
    runTasks(
      pool,
      split(pool, (to - from) / LANES).map(({ from, count }): Task => {
        return ['fillBlocks', first, first + from * BLOCK_BYTES, count];
      }),
    );
}
