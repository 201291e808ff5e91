import { add, mul, reduce, relax, sub } from './field';
import { addBlock, BLOCK, mulBlock, scaleBlock, subBlock, zeroBlock } from './ext';
import { copyBlock } from './gkr';
import {
  addForm, addFormAtRow, addPairHigh, addPairLow, clear, cosetLines, dotValues, loadCoefficients, loadLines, nextPoint,
  startPoint,
} from './rows';
import { temporary } from './scratch';

/*
 * Chips' expressions as programs over registers, interpreted: a step does so much (16 base elements or four extension
 * elements) that choosing what to do costs little, and nothing is compiled. A step is four words: operation, the
 * operands' and the result's offsets in the registers. Registers: a line of 64 bytes per column, then scalars, then
 * values; over E a block of 80 bytes each. `backends/wasm/row-program.ts` writes programs and descriptors.
 */
const ADD: u32 = 0;
const SUB: u32 = 1;
const MUL: u32 = 2;
const COPY: u32 = 3;
const STEP: usize = 16;
const LINE: usize = 64;

function runBase(program: usize, steps: u32, registers: usize): void {
  for (const end = program + <usize>steps * STEP; program < end; program += STEP) {
    const operation = load<u32>(program);
    const a = registers + <usize>load<u32>(program, 4);
    const b = registers + <usize>load<u32>(program, 8);
    const to = registers + <usize>load<u32>(program, 12);
    if (operation === ADD) {
      for (let i: usize = 0; i < LINE; i += 16) v128.store(to + i, add(v128.load(a + i), v128.load(b + i)));
    } else if (operation === SUB) {
      for (let i: usize = 0; i < LINE; i += 16) v128.store(to + i, sub(v128.load(a + i), v128.load(b + i)));
    } else if (operation === MUL) {
      for (let i: usize = 0; i < LINE; i += 16) v128.store(to + i, mul(v128.load(a + i), v128.load(b + i)));
    } else {
      for (let i: usize = 0; i < LINE; i += 16) v128.store(to + i, v128.load(a + i));
    }
  }
}

/** Over E; any other operation than those above is the product with a scalar, which is b's first vector. */
function runExt(program: usize, steps: u32, registers: usize): void {
  for (const end = program + <usize>steps * STEP; program < end; program += STEP) {
    const operation = load<u32>(program);
    const a = registers + <usize>load<u32>(program, 4);
    const b = registers + <usize>load<u32>(program, 8);
    const to = registers + <usize>load<u32>(program, 12);
    if (operation === ADD) addBlock(to, a, b);
    else if (operation === SUB) subBlock(to, a, b);
    else if (operation === MUL) mulBlock(to, a, b);
    else if (operation === COPY) copyBlock(to, a);
    else scaleBlock(to, a, v128.load(b));
  }
}

/** Fills registers with scalars in Montgomery form: whole lines, or the first vector of blocks. */
function spread(scalars: usize, count: u32, to: usize, bytes: usize, filled: usize): void {
  for (let k: u32 = 0; k < count; k++) {
    const x = v128.load32_splat(scalars + 4 * <usize>k);
    for (let i: usize = 0; i < bytes; i += 16) v128.store(to + i, i < filled ? x : i32x4.splat(0));
    to += bytes;
  }
}

/** Columns of a row take registers for a multiple of four. */
// @ts-ignore: decorator
@inline function columnRegisters(width: u32): usize {
  return <usize>((width + 3) & ~3);
}

/**
 * First round: for the groups of 16 rows from … to − 1, adds eq · form to `out`: per scope, per coset, four blocks of
 * points. Descriptor: width, cosets, program, steps, scalars, number of them, bytes of registers, roots, inverse roots,
 * twists, number of scopes, and per scope: 1 where it is used, factors of the columns, offset of the first product,
 * number of products (even), their factors, constant.
 */
export function skipForms(
  rows: usize, from: u32, to: u32, d: usize, eq0: usize, eq1: usize, out: usize, registers: usize,
): void {
  const width = load<u32>(d);
  const cosets = load<u32>(d, 4);
  const program = <usize>load<u32>(d, 8);
  const steps = load<u32>(d, 12);
  const columns = columnRegisters(width) * LINE;
  const coefficients = registers + <usize>load<u32>(d, 24);
  const sums = coefficients + columns;
  const roots = <usize>load<u32>(d, 28);
  const inverseRoots = <usize>load<u32>(d, 32);
  const twists = <usize>load<u32>(d, 36);
  const scopes = load<u32>(d, 40);
  spread(<usize>load<u32>(d, 16), load<u32>(d, 20), registers + columns, LINE, LINE);
  for (let group = from; group < to; group++) {
    loadLines(rows, group, width, registers);
    if (cosets > 1) loadCoefficients(rows, group, width, inverseRoots, coefficients);
    for (let coset: u32 = 0; coset < cosets; coset++) {
      if (coset > 0) cosetLines(coefficients, width, twists + <usize>(coset - 1) * LINE, roots, registers);
      runBase(program, steps, registers);
      for (let s: u32 = 0; s < scopes; s++) {
        const scope = d + 44 + 24 * <usize>s;
        if (load<u32>(scope) === 0) continue;
        const products = registers + <usize>load<u32>(scope, 8);
        for (let v: usize = 0; v < 4; v++) {
          clear(sums, 160);
          dotValues(registers + 16 * v, <u32>LINE, (width + 1) & ~1, <usize>load<u32>(scope, 4), sums);
          dotValues(products + 16 * v, <u32>LINE, load<u32>(scope, 12), <usize>load<u32>(scope, 16), sums);
          addFormAtRow(
            sums, <usize>load<u32>(scope, 20), s === 0 ? eq0 : eq1, group,
            out + (<usize>(s * cosets + coset) * 4 + v) * BLOCK,
          );
        }
      }
    }
  }
}

/**
 * A later round: for the blocks of rows in the lower half with their partners in the upper, adds eq · form at the points
 * 0, 2, 3, … to `out`: per scope a block per point. Descriptor: width, number of points, program, steps, scalars, number
 * of them, bytes of registers, number of scopes, and per scope: 1 where it is used, number of terms, their offsets in the
 * registers, their factors (blocks), constant.
 */
export function roundForms(
  lo: usize, hi: usize, end: usize, d: usize, eq0: usize, eq1: usize, out: usize, registers: usize,
): void {
  const width = load<u32>(d);
  const points = load<u32>(d, 4);
  const program = <usize>load<u32>(d, 8);
  const steps = load<u32>(d, 12);
  const slopes = registers + <usize>load<u32>(d, 24);
  const scopes = load<u32>(d, 28);
  const rowBytes = <usize>width * BLOCK;
  const sum = temporary(3);
  spread(<usize>load<u32>(d, 16), load<u32>(d, 20), registers + columnRegisters(width) * BLOCK, BLOCK, 16);
  for (; lo < end; lo += rowBytes, hi += rowBytes, eq0 += BLOCK, eq1 += BLOCK) {
    startPoint(lo, hi, registers, slopes, 5 * width);
    for (let point: u32 = 0; point < points; point++) {
      if (point > 0) nextPoint(registers, slopes, point === 1 ? 2 : 1, 5 * width);
      runExt(program, steps, registers);
      for (let s: u32 = 0; s < scopes; s++) {
        const scope = d + 32 + 20 * <usize>s;
        if (load<u32>(scope) === 0) continue;
        let place = <usize>load<u32>(scope, 8);
        let factor = <usize>load<u32>(scope, 12);
        zeroBlock(sum);
        for (let t = load<u32>(scope, 4); t > 0; t--) {
          mulBlock(temporary(1), registers + <usize>load<u32>(place), factor);
          addBlock(sum, sum, temporary(1));
          place += 4;
          factor += BLOCK;
        }
        addForm(sum, <usize>load<u32>(scope, 16), s === 0 ? eq0 : eq1, out + <usize>(s * points + point) * BLOCK);
      }
    }
  }
}

/** out = constant + Σ factors[k] · value at offsets[k]; factors have five words each. */
function sumFields(values: usize, offsets: usize, count: u32, factors: usize, constant: usize, out: usize): void {
  let lo0 = i32x4.splat(0), hi0 = i32x4.splat(0), lo1 = i32x4.splat(0), hi1 = i32x4.splat(0), lo2 = i32x4.splat(0);
  let hi2 = i32x4.splat(0), lo3 = i32x4.splat(0), hi3 = i32x4.splat(0), lo4 = i32x4.splat(0), hi4 = i32x4.splat(0);
  let w = factors;
  for (let k: u32 = 0; k < count; k += 2) {
    const two = k + 1 < count;
    const x = v128.load(values + <usize>load<u32>(offsets + 4 * <usize>k));
    const y = two ? v128.load(values + <usize>load<u32>(offsets + 4 * <usize>k, 4)) : i32x4.splat(0);
    const next = two ? w + 20 : w;
    lo0 = relax(addPairLow(lo0, x, v128.load32_splat(w), y, v128.load32_splat(next)));
    hi0 = relax(addPairHigh(hi0, x, v128.load32_splat(w), y, v128.load32_splat(next)));
    lo1 = relax(addPairLow(lo1, x, v128.load32_splat(w, 4), y, v128.load32_splat(next, 4)));
    hi1 = relax(addPairHigh(hi1, x, v128.load32_splat(w, 4), y, v128.load32_splat(next, 4)));
    lo2 = relax(addPairLow(lo2, x, v128.load32_splat(w, 8), y, v128.load32_splat(next, 8)));
    hi2 = relax(addPairHigh(hi2, x, v128.load32_splat(w, 8), y, v128.load32_splat(next, 8)));
    lo3 = relax(addPairLow(lo3, x, v128.load32_splat(w, 12), y, v128.load32_splat(next, 12)));
    hi3 = relax(addPairHigh(hi3, x, v128.load32_splat(w, 12), y, v128.load32_splat(next, 12)));
    lo4 = relax(addPairLow(lo4, x, v128.load32_splat(w, 16), y, v128.load32_splat(next, 16)));
    hi4 = relax(addPairHigh(hi4, x, v128.load32_splat(w, 16), y, v128.load32_splat(next, 16)));
    w += 40;
  }
  v128.store(out, add(reduce(lo0, hi0), v128.load(constant)));
  v128.store(out, add(reduce(lo1, hi1), v128.load(constant, 16)), 16);
  v128.store(out, add(reduce(lo2, hi2), v128.load(constant, 32)), 32);
  v128.store(out, add(reduce(lo3, hi3), v128.load(constant, 48)), 48);
  v128.store(out, add(reduce(lo4, hi4), v128.load(constant, 64)), 64);
}

/**
 * Fractions of the groups of 16 rows from … to − 1. Descriptor: width, program, steps, scalars, number of them, powers
 * of β (five words each), constants (a block per interaction), number of interactions, and per interaction: addresses of
 * its numerators and denominators, offset of the count, 1 where it is negative, number of fields, their offsets' address.
 */
export function leafRows(rows: usize, from: u32, to: u32, d: usize, registers: usize): void {
  const width = load<u32>(d);
  const program = <usize>load<u32>(d, 4);
  const steps = load<u32>(d, 8);
  const betas = <usize>load<u32>(d, 20);
  const interactions = load<u32>(d, 28);
  spread(<usize>load<u32>(d, 12), load<u32>(d, 16), registers + columnRegisters(width) * LINE, LINE, LINE);
  for (let group = from; group < to; group++) {
    loadLines(rows, group, width, registers);
    runBase(program, steps, registers);
    let constant = <usize>load<u32>(d, 24);
    let i = d + 32;
    for (let left = interactions; left > 0; left--) {
      const numerators = <usize>load<u32>(i) + <usize>group * LINE;
      const denominators = <usize>load<u32>(i, 4) + <usize>group * 4 * BLOCK;
      const count = registers + <usize>load<u32>(i, 8);
      const negative = load<u32>(i, 12) !== 0;
      for (let v: usize = 0; v < 4; v++) {
        const x = v128.load(count + 16 * v);
        v128.store(numerators + 16 * v, negative ? sub(i32x4.splat(0), x) : x);
        sumFields(
          registers + 16 * v, <usize>load<u32>(i, 20), load<u32>(i, 16), betas, constant, denominators + v * BLOCK,
        );
      }
      constant += BLOCK;
      i += 24;
    }
  }
}
