import type { CompiledChip, NodeId } from '../../air/dag.ts';
import { Fp } from '../../field/fp.ts';
import { rootOfUnity, subgroup } from '../../field/roots.ts';
import { SKIP_LOG, SKIP_SIZE } from '../../poly/interpolate.ts';
import type { LinearForm } from '../interface.ts';
import { nodeDegrees } from './chip-plan.ts';
import { storeConstant } from './ext-table.ts';
import { BLOCK_BYTES, EXT_WORDS, toMont, WORD_BYTES } from './layout.ts';
import type { KernelPool } from './pool.ts';
import { type RowProgram, rowProgram } from './row-program.ts';

/** How to evaluate an instance's linearised forms, one per scope: the programs of the first round and of the later ones. */
export type FormsProgram = {
  readonly skip: RowProgram;
  readonly round: RowProgram;
  /** Cosets of D in the first round: as many as the degree. */
  readonly cosets: number;
  /** Points of a later round: 0, 2, 3, …, degree. */
  readonly points: readonly number[];
};

/** Programs by chip and set of terms. */
const PROGRAMS = new WeakMap<CompiledChip, Map<string, FormsProgram>>();

/**
 * The programs for these forms' terms, made once per chip and set of terms; weights are not part of them. One form per
 * scope.
 */
export function formsProgram(chip: CompiledChip, forms: readonly LinearForm[]): FormsProgram {
  const terms = forms.map((form) => form.terms.map((t) => t.node));
  const known = PROGRAMS.get(chip) ?? new Map<string, FormsProgram>();
  PROGRAMS.set(chip, known);
  const key = terms.map((nodes) => nodes.join()).join(';');
  let program = known.get(key);
  if (program === undefined) {
    const degrees = nodeDegrees(chip);
    const degree = Math.max(1, ...terms.flat().map((node) => degrees[node]!));
    program = {
      skip: rowProgram(
        chip,
        terms.flatMap((nodes) => productsOf(chip, nodes)),
        64,
        true,
      ),
      round: rowProgram(chip, terms.flat(), 80, false),
      cosets: degree,
      points: [0, ...Array.from({ length: degree - 1 }, (_, i) => i + 2)],
    };
    known.set(key, program);
  }
  return program;
}

/** Terms that are not columns, an even number of them. */
function productsOf(chip: CompiledChip, nodes: readonly NodeId[]): (NodeId | undefined)[] {
  const products: (NodeId | undefined)[] = nodes.filter((node) => chip.nodes[node]!.op !== 'column');
  if (products.length % 2 === 1) products.push(undefined);
  return products;
}

/** Generator of the cosets of D on which the first round evaluates. */
export const shiftOf = (coset: number): number => Fp.pow(rootOfUnity(SKIP_LOG + 6), coset);

const even = (n: number): number => n + (n % 2);

/** Appends data to a range of the shared memory whose size is known beforehand. */
export class RangeWriter {
  readonly at: number;
  private readonly pool: KernelPool;
  private next: number;

  constructor(pool: KernelPool, bytes: number) {
    this.pool = pool;
    this.at = pool.memory.alloc(bytes);
    this.next = this.at;
  }

  /** @returns address of the words */
  words(values: ArrayLike<number>): number {
    const at = this.next;
    this.pool.memory.view(at, values.length).set(values);
    this.next += Math.ceil((values.length * WORD_BYTES) / 16) * 16;
    return at;
  }

  /** A block with each element in every lane. */
  blocks(values: readonly (readonly number[])[]): number {
    const at = this.next;
    for (const value of values) {
      storeConstant(this.pool, this.next, value as Parameters<typeof storeConstant>[2]);
      this.next += BLOCK_BYTES;
    }
    return at;
  }

  /** Bytes that these many words, each list aligned to 16, and blocks will take. */
  static bytesOf(o: { readonly words: readonly number[]; readonly blocks: number }): number {
    return o.words.reduce((n, count) => n + Math.ceil((count * WORD_BYTES) / 16) * 16, 0) + o.blocks * BLOCK_BYTES;
  }
}

const montOf = (scalars: readonly number[], nodes: readonly NodeId[]): number[] =>
  nodes.map((id) => toMont(scalars[id]!));

/** A kernel's descriptor in memory, to be freed, and the bytes that each task needs for registers. */
export type Descriptor = { readonly range: number; readonly at: number; readonly scratchBytes: number };

/** Descriptor of `skipForms`. */
export function describeSkip(
  pool: KernelPool,
  chip: CompiledChip,
  { skip, cosets }: FormsProgram,
  forms: readonly LinearForm[],
  used: readonly boolean[],
  scalars: readonly number[],
): Descriptor {
  const width = chip.columns.length;
  const productCounts = forms.map(
    (form) =>
      productsOf(
        chip,
        form.terms.map((t) => t.node),
      ).length,
  );
  const out = new RangeWriter(
    pool,
    RangeWriter.bytesOf({
      words: [
        ...[skip.words.length, skip.scalars.length, SKIP_SIZE, SKIP_SIZE, (cosets - 1) * SKIP_SIZE],
        ...productCounts.flatMap((n) => [even(width) * EXT_WORDS, n * EXT_WORDS]),
        11 + 6 * forms.length,
      ],
      blocks: forms.length,
    }),
  );
  const program = out.words(skip.words);
  const scalarsAt = out.words(montOf(scalars, skip.scalars));
  const roots = Array.from(subgroup(SKIP_LOG), toMont);
  const rootsAt = out.words(roots);
  const inverseRoots = out.words([roots[0]!, ...roots.slice(1).reverse()]);
  const inverseSize = Fp.inv(SKIP_SIZE);
  const twists = out.words(
    Array.from({ length: (cosets - 1) * SKIP_SIZE }, (_, i) => {
      const shift = Fp.pow(shiftOf(1 + Math.floor(i / SKIP_SIZE)), i % SKIP_SIZE);
      return toMont(toMont(Fp.mul(shift, inverseSize)));
    }),
  );
  let place = 0;
  const scopes = forms.flatMap((form, s) => {
    const columns = new Uint32Array(even(width) * EXT_WORDS);
    const products = new Uint32Array(productCounts[s]! * EXT_WORDS);
    let product = 0;
    for (const { node: id, weight } of form.terms) {
      const node = chip.nodes[id]!;
      if (node.op === 'column') columns.set(weight.map(toMont), EXT_WORDS * node.column);
      else products.set(weight.map(toMont), EXT_WORDS * product++);
    }
    const first = skip.places[place] ?? 0;
    place += productCounts[s]!;
    const factors = [out.words(columns), first, productCounts[s]!, out.words(products), out.blocks([form.constant])];
    return [used[s] ? 1 : 0, ...factors];
  });
  const at = out.words([
    ...[width, cosets, program, skip.steps, scalarsAt, skip.scalars.length, skip.bytes],
    ...[rootsAt, inverseRoots, twists, forms.length],
    ...scopes,
  ]);
  const lines = Math.ceil(width / 4) * 4 * 64;
  return { range: out.at, at, scratchBytes: skip.bytes + lines + 192 };
}

/** Descriptor of `roundForms`. */
export function describeRound(
  pool: KernelPool,
  chip: CompiledChip,
  { round, points }: FormsProgram,
  forms: readonly LinearForm[],
  used: readonly boolean[],
  scalars: readonly number[],
): Descriptor {
  const terms = forms.reduce((n, form) => n + form.terms.length, 0);
  const out = new RangeWriter(
    pool,
    RangeWriter.bytesOf({
      words: [
        ...[round.words.length, round.scalars.length],
        ...forms.map((form) => form.terms.length),
        8 + 5 * forms.length,
      ],
      blocks: terms + forms.length,
    }),
  );
  const program = out.words(round.words);
  const scalarsAt = out.words(montOf(scalars, round.scalars));
  let place = 0;
  const scopes = forms.flatMap((form, s) => {
    const places = round.places.slice(place, place + form.terms.length);
    place += form.terms.length;
    const factors = out.blocks(form.terms.map((t) => t.weight));
    return [used[s] ? 1 : 0, form.terms.length, out.words(places), factors, out.blocks([form.constant])];
  });
  const width = chip.columns.length;
  const at = out.words([
    ...[width, points.length, program, round.steps, scalarsAt, round.scalars.length, round.bytes, forms.length],
    ...scopes,
  ]);
  return { range: out.at, at, scratchBytes: round.bytes + width * BLOCK_BYTES };
}
