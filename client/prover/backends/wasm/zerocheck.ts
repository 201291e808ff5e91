import type { CompiledChip } from '../../air/dag.ts';
import { getExt } from '../../field/ext-vec.ts';
import { Fp } from '../../field/fp.ts';
import { type Ext, Fp5 } from '../../field/fp5.ts';
import { subgroup } from '../../field/roots.ts';
import type { Sponge } from '../../hash/sponge.ts';
import { eqTable as eqWords } from '../../poly/eq.ts';
import { lagrangeAt, SKIP_LOG, SKIP_SIZE, skipLagrange } from '../../poly/interpolate.ts';
import type { LinearForm, Run, ZerocheckSpec } from '../interface.ts';
import { linearise, scalarValues } from './chip-plan.ts';
import { blocksOf, eqTable, readExt, runTasks, storeConstant, sumBlocks } from './ext-table.ts';
import {
  type Descriptor,
  describeRound,
  describeSkip,
  type FormsProgram,
  formsProgram,
  shiftOf,
} from './forms-program.ts';
import { dropEqVariable, foldTasks, type Halves, SPARE_BYTES } from './halves.ts';
import { BLOCK_BYTES, EXT_WORDS, LANES, pieces, toMont, WORD_BYTES } from './layout.ts';
import type { KernelPool } from './pool.ts';
import { RunRecorder } from './run.ts';

/** Points of a coset, as blocks of four. */
const LINE_BLOCKS = 4;

/** A row-major trace in the shared memory, canonical words. */
export type TraceMatrix = { readonly at: number; readonly chip: CompiledChip; readonly logHeight: number };

/** Reverses four bits. */
const reversed = (i: number): number => ((i & 1) << 3) | ((i & 2) << 1) | ((i & 4) >> 1) | (i >> 3);

/**
 * The points of the first round in the order of the evaluator's results: D itself, then cosets of D in bit-reversed
 * order. With as many cosets as the degree, they determine a polynomial of degree 15 · degree.
 */
function skipPoints(cosets: number): number[] {
  const d = Array.from(subgroup(SKIP_LOG));
  return Array.from({ length: cosets }, (_, c) =>
    d.map((_, i) => (c === 0 ? d[i]! : Fp.mul(shiftOf(c), d[reversed(i)]!))),
  ).flat();
}

/** One instance's part of the batched sumcheck, for two scopes. */
export class InstanceSumcheck {
  private readonly pool: KernelPool;
  private readonly trace: TraceMatrix;
  private readonly forms: readonly LinearForm[];
  private readonly used: readonly boolean[];
  private readonly scalars: readonly number[];
  private readonly program: FormsProgram;
  /** Points of eq, high row bits, per scope. */
  private readonly points: readonly (readonly Ext[])[];
  private readonly eqs: readonly number[];
  /** Values of h_s at `skipPoints`, from the first round. */
  private skipValues: readonly (readonly Ext[])[] = [];
  /** Σ eq_s · form over the rows not yet summed, per scope, without `prefix`. */
  private claims: Ext[] = [];
  private prefixes: Ext[];
  private scopeWeights: readonly Ext[] = [];
  private idleClaim: Ext = Fp5.ZERO;
  private idleScale: Ext = Fp5.ONE;
  /** Values at 0 … degree of the current round's polynomials, without their factor of eq. */
  private current: readonly (readonly Ext[])[] = [];
  private columns = 0;
  private spare = 0;
  /** Of the later rounds. */
  private descriptor: Descriptor = { range: 0, at: 0, scratchBytes: 0 };
  private halves: Halves = { lo: 0, hi: 0 };
  private left: number;

  /**
   * @param points per scope the coordinates of the row bits above the skipped ones
   */
  constructor(
    pool: KernelPool,
    trace: TraceMatrix,
    publics: readonly number[],
    forms: readonly LinearForm[],
    points: readonly (readonly Ext[])[],
  ) {
    this.pool = pool;
    this.trace = trace;
    this.scalars = scalarValues(trace.chip, publics);
    this.used = forms.map((form) => form.terms.length > 0 || !Fp5.isZero(form.constant));
    this.forms = forms.map((form) => linearise(trace.chip, form, this.scalars));
    this.program = formsProgram(trace.chip, this.forms);
    this.points = points;
    this.eqs = points.map((point) => eqTable(pool, point));
    this.prefixes = points.map(() => Fp5.ONE);
    this.left = trace.logHeight - SKIP_LOG;
  }

  /** Values per scope of h_s(z) = Σ_x eq_s(x) · form_s(x, z) at base points z. */
  skip(at: readonly number[]): Ext[][] {
    const { pool, trace } = this;
    const { cosets } = this.program;
    const descriptor = describeSkip(pool, trace.chip, this.program, this.forms, this.used, this.scalars);
    const groups = 2 ** this.left;
    const parts = pieces(groups, pool.threads * 4, Math.ceil(4096 / trace.chip.columns.length / SKIP_SIZE));
    const scopes = this.forms.length;
    const outBytes = scopes * cosets * LINE_BLOCKS * BLOCK_BYTES;
    const out = pool.memory.alloc(parts.length * outBytes);
    pool.memory.view(out, (parts.length * outBytes) / WORD_BYTES).fill(0);
    const scratchBytes = Math.ceil(descriptor.scratchBytes / 64) * 64;
    const scratch = pool.memory.alloc(parts.length * scratchBytes);
    const eqOf = (s: number): number => this.eqs[s] ?? this.eqs[0]!;
    runTasks(
      pool,
      parts.map(({ from, count }, i) => [
        ...(['skipForms', trace.at, from, from + count, descriptor.at, eqOf(0), eqOf(1)] as const),
        ...[out + i * outBytes, scratch + i * scratchBytes],
      ]),
    );
    this.skipValues = this.forms.map((_, s) =>
      Array.from({ length: cosets * SKIP_SIZE }, (_, k) => {
        const block = s * cosets * LINE_BLOCKS * BLOCK_BYTES + Math.floor(k / LANES) * BLOCK_BYTES;
        return parts.reduce(
          (sum, _, i) => Fp5.add(sum, readExt(pool, out + i * outBytes + block, k % LANES)),
          Fp5.ZERO,
        );
      }),
    );
    for (const range of [descriptor.range, out, scratch]) pool.memory.free(range);
    const bases = skipBasis(cosets, at);
    return this.skipValues.map((values, s) =>
      this.used[s]
        ? bases.map((basis) => basis.reduce((sum, b, k) => Fp5.add(sum, Fp5.scale(values[k]!, b)), Fp5.ZERO))
        : at.map(() => Fp5.ZERO),
    );
  }

  /** Binds the skip variable at r; `scopeWeights`: the factor of each scope from here on. */
  bindSkip(r: Ext, lagrange: readonly Ext[], scopeWeights: readonly Ext[]): void {
    const { pool, trace } = this;
    const width = trace.chip.columns.length;
    const groups = 2 ** this.left;
    const basisWords = lagrange.flatMap((l) => l.map((x) => toMont(toMont(x))));
    const basis = pool.memory.alloc(basisWords.length * WORD_BYTES);
    pool.memory.view(basis, basisWords.length).set(basisWords);
    const blocks = blocksOf(groups);
    this.columns = pool.memory.alloc(blocks * width * BLOCK_BYTES);
    this.spare = pool.memory.alloc(2 * width * BLOCK_BYTES + SPARE_BYTES + BLOCK_BYTES);
    runTasks(
      pool,
      pieces(blocks, pool.threads * 4, Math.ceil(64 / width)).map(({ from, count }) => [
        ...(['bindSkip', trace.at, width, groups, basis, from, from + count, this.columns] as const),
      ]),
    );
    pool.memory.free(basis);
    this.scopeWeights = scopeWeights;
    const l = lagrangeAt(skipPoints(this.program.cosets), r);
    this.claims = this.skipValues.map((values, s) =>
      this.used[s] ? values.reduce((sum, v, k) => Fp5.add(sum, Fp5.mul(v, l[k]!)), Fp5.ZERO) : Fp5.ZERO,
    );
    this.idleClaim = this.claims.reduce((sum, c, s) => Fp5.add(sum, Fp5.mul(c, scopeWeights[s]!)), Fp5.ZERO);
    this.descriptor = describeRound(pool, trace.chip, this.program, this.forms, this.used, this.scalars);
    this.eqs.forEach((eq, s) => {
      if (this.points[s]!.length > 0) dropEqVariable(pool, eq, groups, this.spare);
    });
  }

  /** Adds the round polynomial's values at `at` (small integers); `left` variables are not yet bound. */
  round(at: readonly number[], left: number): Ext[] {
    if (this.left < left) return at.map((z) => Fp5.scale(this.idleClaim, z));
    const { pool } = this;
    const width = this.trace.chip.columns.length;
    const n = 2 ** this.left;
    if (n > LANES) this.halves = { lo: this.columns, hi: this.columns + (n / 2 / LANES) * width * BLOCK_BYTES };
    else {
      this.halves = { lo: this.spare, hi: this.spare + width * BLOCK_BYTES };
      pool.call('splitHalves', this.columns, this.halves.lo, this.halves.hi, n / 2, width * EXT_WORDS);
    }
    const known = this.sums(this.halves);
    const { points } = this.program;
    const coordinates = this.points.map((p) => p[p.length - this.left]!);
    const atOne = coordinates.some((z, s) => this.used[s]! && Fp5.isZero(z))
      ? this.sums({ lo: this.halves.hi, hi: this.halves.lo }).map((values) => values[0]!)
      : undefined;
    this.current = known.map((values, s) => {
      const z = coordinates[s]!;
      const one = atOne?.[s] ?? Fp5.mul(Fp5.sub(this.claims[s]!, Fp5.mul(Fp5.sub(Fp5.ONE, z), values[0]!)), Fp5.inv(z));
      return [values[0]!, one, ...values.slice(1)];
    });
    const degree = points.length;
    const integers = Array.from({ length: degree + 1 }, (_, i) => i);
    return at.map((x) => {
      const basis = lagrangeAt(integers, Fp5.from(x));
      let sum = Fp5.ZERO;
      this.current.forEach((values, s) => {
        if (!this.used[s]) return;
        const t = values.reduce((acc, v, k) => Fp5.add(acc, Fp5.mul(v, basis[k]!)), Fp5.ZERO);
        const z = coordinates[s]!;
        const notZ = Fp5.sub(Fp5.ONE, z);
        const eq = Fp5.add(notZ, Fp5.scale(Fp5.sub(z, notZ), x));
        const factor = Fp5.mul(Fp5.mul(this.prefixes[s]!, eq), Fp5.mul(this.scopeWeights[s]!, this.idleScale));
        sum = Fp5.add(sum, Fp5.mul(factor, t));
      });
      return sum;
    });
  }

  /**
   * Takes a round's challenge.
   * @param left row variables before it: a table with fewer only scales its claim
   */
  bind(r: Ext, left: number): void {
    if (this.left < left) {
      this.idleClaim = Fp5.mul(this.idleClaim, r);
      this.idleScale = Fp5.mul(this.idleScale, r);
      return;
    }
    const { pool } = this;
    const width = this.trace.chip.columns.length;
    const n = 2 ** this.left;
    const factor = this.spare + 2 * width * BLOCK_BYTES + SPARE_BYTES;
    storeConstant(pool, factor, r);
    const entries = Math.max(1, n / 2 / LANES) * LANES * width;
    runTasks(pool, foldTasks(pool, this.halves, this.columns, entries, BLOCK_BYTES, factor));
    const basis = lagrangeAt(
      this.current[0]!.map((_, i) => i),
      r,
    );
    this.claims = this.current.map((values) =>
      values.reduce((acc, v, k) => Fp5.add(acc, Fp5.mul(v, basis[k]!)), Fp5.ZERO),
    );
    this.prefixes = this.prefixes.map((prefix, s) => {
      const p = this.points[s]!;
      const z = p[p.length - this.left]!;
      const zr = Fp5.mul(z, r);
      return Fp5.mul(prefix, Fp5.add(Fp5.sub(Fp5.sub(Fp5.ONE, z), r), Fp5.add(zr, zr)));
    });
    this.left--;
    if (this.left > 0) for (const eq of this.eqs) dropEqVariable(pool, eq, 2 ** this.left, this.spare);
  }

  /** Values of the columns at the bound point. */
  openings(): Ext[] {
    return this.trace.chip.columns.map((_, c) => readExt(this.pool, this.columns + c * BLOCK_BYTES, 0));
  }

  /** Gives back what is in the pool's memory; address 0 stands for none. */
  free(): void {
    for (const at of [...this.eqs, this.columns, this.spare, this.descriptor.range])
      if (at !== 0) this.pool.memory.free(at);
  }

  /** Per scope Σ eq · form at the module's points. */
  private sums({ lo, hi }: Halves): Ext[][] {
    const { pool, trace } = this;
    const { points } = this.program;
    const rowBytes = trace.chip.columns.length * BLOCK_BYTES;
    const blocks = Math.ceil(2 ** this.left / 2 / LANES);
    const parts = pieces(blocks, pool.threads * 4, Math.ceil(256 / trace.chip.columns.length));
    const outBytes = this.forms.length * points.length * BLOCK_BYTES;
    const out = pool.memory.alloc(parts.length * outBytes);
    pool.memory.view(out, (parts.length * outBytes) / WORD_BYTES).fill(0);
    const scratchBytes = Math.ceil(this.descriptor.scratchBytes / 64) * 64;
    const scratch = pool.memory.alloc(parts.length * scratchBytes);
    const eqOf = (s: number): number => this.eqs[s] ?? this.eqs[0]!;
    runTasks(
      pool,
      parts.map(({ from, count }, i) => [
        ...(['roundForms', lo + from * rowBytes, hi + from * rowBytes, lo + (from + count) * rowBytes] as const),
        ...[this.descriptor.at, eqOf(0) + from * BLOCK_BYTES, eqOf(1) + from * BLOCK_BYTES],
        ...[out + i * outBytes, scratch + i * scratchBytes],
      ]),
    );
    const sums = this.forms.map((_, s) =>
      points.map((_, k) => sumBlocks(pool, out + (s * points.length + k) * BLOCK_BYTES, parts.length, outBytes)),
    );
    pool.memory.free(out);
    pool.memory.free(scratch);
    return sums;
  }
}

/**
 * The batched zerocheck. Values: every column of every table at its part of the point.
 */
export function proveZerocheck(
  pool: KernelPool,
  tables: readonly { readonly trace: TraceMatrix; readonly publics: readonly number[] }[],
  spec: ZerocheckSpec,
  sponge: Sponge,
): Run {
  const log = new RunRecorder(sponge);
  const { points, skipNodes, labels, degree } = spec;
  const states = tables.map(({ trace, publics }, i) => {
    const own = points.map((point) => point.slice(point.length - trace.logHeight, point.length - SKIP_LOG));
    return new InstanceSumcheck(pool, trace, publics, spec.tables[i]!.forms, own);
  });
  const sums = points.map(() => skipNodes.map((): Ext => Fp5.ZERO));
  for (const state of states)
    state.skip(skipNodes).forEach((values, s) => {
      sums[s] = sums[s]!.map((x, k) => Fp5.add(x, values[k]!));
    });
  for (const h of sums) log.send(labels.skip, h);
  const skipPoint = log.sample(labels.skipPoint);
  const lagrange = skipLagrange(skipPoint);
  const scopeWeights = points.map((point) => {
    const eq = eqWords(point.slice(point.length - SKIP_LOG));
    return lagrange.reduce((sum, l, k) => Fp5.add(sum, Fp5.mul(l, getExt(eq, k))), Fp5.ZERO);
  });
  for (const state of states) state.bindSkip(skipPoint, lagrange, scopeWeights);
  const point: Ext[] = [skipPoint];
  const nodes = [0, ...Array.from({ length: degree - 1 }, (_, i) => i + 2)];
  for (let left = points[0]!.length - SKIP_LOG; left > 0; left--) {
    const values = states.reduce(
      (sum, state) => state.round(nodes, left).map((x, k) => Fp5.add(x, sum[k]!)),
      nodes.map((): Ext => Fp5.ZERO),
    );
    log.send(labels.round.message, values);
    const r = log.sample(labels.round.challenge);
    for (const state of states) state.bind(r, left);
    point.push(r);
  }
  const openings = states.flatMap((state) => state.openings());
  for (const state of states) state.free();
  return log.run(point, openings);
}

/** Lagrange bases of the first round's points at other base points: per point its weights. */
function skipBasis(cosets: number, at: readonly number[]): readonly (readonly number[])[] {
  const key = `${cosets}:${at.join()}`;
  let bases = BASES.get(key);
  if (bases === undefined) {
    const nodes = skipPoints(cosets);
    bases = at.map((z) => lagrangeAt(nodes, Fp5.from(z)).map((l) => l[0]));
    BASES.set(key, bases);
  }
  return bases;
}

/** Depends on the machine's degrees only, so a handful of entries. */
const BASES = new Map<string, readonly (readonly number[])[]>();
