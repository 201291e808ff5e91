/**
 * The arithmetic host calls for native runs: the results of `accelerators.ts`, fast. secp256k1 runs in a WebAssembly module
 * of its own (`native-secp256k1.ts`), everything else on BigInt.
 */
import { AdviceKind, advice, CurveId, MSM_BITS, MSM_POINTS, SECP256K1, toWords } from './accelerators.ts';
import type { TrapReason } from './execute.ts';
import {
  Added,
  ELEMENT_BYTES,
  POINT_BYTES,
  SCRATCH_BYTES,
  type Secp256k1Functions,
  secp256k1Module,
} from './native-secp256k1.ts';

/** As `HostCall.compute` of `host-calls.ts`. */
type Compute = (operands: readonly number[], inputs: Uint32Array) => Uint32Array | TrapReason;
/** By host call; each gives the output words, or why the guest traps. */
export type NativeArithmetic = Readonly<Record<'mulmod256' | 'advice' | 'ecMsm', Compute>>;

/** Words of a 256-bit value, and of a half scalar. */
const WORDS = 8;
const HALF_WORDS = 4;

/** Compiles the module without blocking; one instance, whose memory its calls share. */
export async function createNativeArithmetic(): Promise<NativeArithmetic> {
  return arithmeticOn(await WebAssembly.compile(secp256k1Module()));
}

/** The same for who cannot wait; blocks while the small module compiles. */
export const compileNativeArithmetic = (): NativeArithmetic => arithmeticOn(new WebAssembly.Module(secp256k1Module()));

function arithmeticOn(module: WebAssembly.Module): NativeArithmetic {
  const curve = new Secp256k1(module);
  return {
    mulmod256: (_, inputs) => mulmod256(inputs),
    advice: ([kind], inputs) =>
      kind === AdviceKind.SQUARE_ROOT && inputs.subarray(WORDS).every((word, i) => word === MODULUS[i])
        ? curve.squareRoot(inputs.subarray(0, WORDS))
        : advice(kind!, inputs),
    ecMsm: ([id, , , , bits], inputs) =>
      id === CurveId.SECP256K1 && bits === MSM_BITS ? curve.msm(inputs) : 'invalid host call',
  };
}

function mulmod256(inputs: Uint32Array): Uint32Array | TrapReason {
  const words = new BigUint64Array(inputs.buffer, inputs.byteOffset, 16);
  const value = (at: number): bigint =>
    words[at]! | (words[at + 1]! << 64n) | (words[at + 2]! << 128n) | (words[at + 3]! << 192n);
  const m = value(12);
  if (m === 0n) return 'integer divide by zero';
  const dividend = value(0) * value(4) + value(8);
  // dividend ≥ 2^256 · m
  if (dividend >> 256n >= m) return 'integer overflow';
  const remainder = dividend % m;
  const out = new BigUint64Array(4);
  for (let i = 0; i < 4; i++) out[i] = BigInt.asUintN(64, remainder >> BigInt(64 * i));
  return new Uint32Array(out.buffer);
}

const SUBSETS = 2 ** MSM_POINTS;
/** Addresses in the module's memory behind its scratch elements: a point as the guest has it, sums, loose elements. */
const BYTES = SCRATCH_BYTES;
const SUMS = BYTES + 4 * WORDS;
const ACCUMULATOR = SUMS + SUBSETS * POINT_BYTES;
const ELEMENTS = ACCUMULATOR + POINT_BYTES;
const sumAt = (subset: number): number => SUMS + subset * POINT_BYTES;
const [Y, Z] = [ELEMENT_BYTES, 2 * ELEMENT_BYTES];
const elementAt = (n: number): number => ELEMENTS + n * ELEMENT_BYTES;
const [BASE, RESULT, FACTOR] = [elementAt(0), elementAt(1), elementAt(2)];
const [X2, X3, X22, X44, X223] = [elementAt(3), elementAt(4), elementAt(5), elementAt(6), elementAt(7)];

/** One instance of the module and its memory. */
class Secp256k1 {
  private readonly memory = new WebAssembly.Memory({ initial: 1 });
  private readonly words = new Uint32Array(this.memory.buffer);
  private readonly field: Secp256k1Functions;

  constructor(module: WebAssembly.Module) {
    const instance = new WebAssembly.Instance(module, { memory: { memory: this.memory } });
    this.field = instance.exports as Secp256k1Functions;
  }

  /** t^((p + 1) / 4) as the answer of `advice`. */
  squareRoot(t: Uint32Array): Uint32Array {
    this.read(BASE, t);
    this.commonPowers();
    this.chain(X223, [[23, X22], [6, X2], [2]]);
    const out = new Uint32Array(WORDS + HALF_WORDS);
    out.set(this.written(RESULT));
    return out;
  }

  /** `ecMsm` of `accelerators.ts` step by step, in Jacobian coordinates. */
  msm(inputs: Uint32Array): Uint32Array | TrapReason {
    const finite = this.subsetSums(inputs);
    if (finite === undefined) return 'invalid curve point';
    const scalars = inputs.subarray(2 * WORDS * MSM_POINTS);
    let hasSum = false;
    for (let bit = MSM_BITS - 1; bit >= 0; bit--) {
      if (hasSum) hasSum = this.field.double(ACCUMULATOR) === 0;
      let subset = 0;
      for (let k = 0; k < MSM_POINTS; k++) {
        subset |= ((scalars[HALF_WORDS * k + (bit >>> 5)]! >>> (bit & 31)) & 1) << k;
      }
      if (!finite[subset]) continue;
      const sum = this.add(ACCUMULATOR, hasSum, sumAt(subset));
      if (sum === undefined) return 'invalid curve point';
      hasSum = sum;
    }
    return hasSum ? this.affine(ACCUMULATOR) : new Uint32Array(2 * WORDS);
  }

  /** Leaves the sum of each subset of the points at `sumAt`; gives which of them are not infinity, if all exist. */
  private subsetSums(points: Uint32Array): readonly boolean[] | undefined {
    const finite = new Array<boolean>(SUBSETS).fill(false);
    for (let k = 0; k < MSM_POINTS; k++) {
      const [single, point] = [2 ** k, points.subarray(2 * WORDS * k, 2 * WORDS * (k + 1))];
      const [x, y] = [point.subarray(0, WORDS), point.subarray(WORDS)];
      if (!isBelow(x, MODULUS) || !isBelow(y, MODULUS)) return undefined;
      finite[single] = point.some((word) => word !== 0);
      this.read(sumAt(single), x);
      this.read(sumAt(single) + Y, y);
      this.read(sumAt(single) + Z, ONE);
      for (let subset = 1; subset < single; subset++) {
        const both = sumAt(single + subset);
        this.copy(both, sumAt(subset), POINT_BYTES);
        const sum = finite[single] ? this.add(both, finite[subset]!, sumAt(single)) : finite[subset];
        if (sum === undefined) return undefined;
        finite[single + subset] = sum;
      }
    }
    return finite;
  }

  /** P += Q for a Q other than infinity; gives whether the sum is not infinity, undefined where there is none. */
  private add(point: number, finite: boolean, other: number): boolean | undefined {
    if (!finite) {
      this.copy(point, other, POINT_BYTES);
      return true;
    }
    switch (this.field.addPoints(point, other)) {
      case Added.SUM:
        return true;
      case Added.SAME:
        return this.field.double(point) === 0;
      case Added.OPPOSITE:
        return false;
      default:
        return undefined;
    }
  }

  /** x ‖ y */
  private affine(point: number): Uint32Array {
    const { field } = this;
    this.copy(BASE, point + Z, ELEMENT_BYTES);
    this.commonPowers();
    // Z^(p − 2), the inverse
    this.chain(X223, [
      [23, X22],
      [5, BASE],
      [3, X2],
      [2, BASE],
    ]);
    const out = new Uint32Array(2 * WORDS);
    field.square(FACTOR, RESULT);
    field.multiply(BASE, point, FACTOR);
    out.set(this.written(BASE));
    field.multiply(FACTOR, FACTOR, RESULT);
    field.multiply(BASE, point + Y, FACTOR);
    out.set(this.written(BASE), WORDS);
    return out;
  }

  /** b^(2^k − 1) of the base for k = 2, 3, 22, 44, 223: both exponents are mostly runs of so many ones. */
  private commonPowers(): void {
    this.chain(BASE, [[1, BASE]], X2);
    this.chain(X2, [[1, BASE]], X3);
    this.chain(X3, [[3, X3]]); // 6
    this.chain(RESULT, [[3, X3]]); // 9
    this.chain(RESULT, [[2, X2]], X22); // 11
    this.chain(X22, [[11, X22]], X22);
    this.chain(X22, [[22, X22]], X44);
    this.chain(X44, [[44, X44]], X223); // 88
    this.chain(X223, [[88, X223]]); // 176
    this.chain(RESULT, [[44, X44]]); // 220
    this.chain(RESULT, [[3, X3]], X223);
  }

  /** result = start, then for each step squared so many times and multiplied by a factor, if there is one. */
  private chain(
    start: number,
    steps: readonly (readonly [squarings: number, factor?: number])[],
    result = RESULT,
  ): void {
    const { field } = this;
    let from = start;
    for (const [squarings, factor] of steps) {
      for (let k = 0; k < squarings; k++) {
        field.square(RESULT, from);
        from = RESULT;
      }
      if (factor !== undefined) field.multiply(RESULT, RESULT, factor);
    }
    if (result !== RESULT) this.copy(result, RESULT, ELEMENT_BYTES);
  }

  private copy(to: number, from: number, sizeBytes: number): void {
    this.words.copyWithin(to / 4, from / 4, (from + sizeBytes) / 4);
  }

  private read(element: number, value: Uint32Array): void {
    this.words.set(value, BYTES / 4);
    this.field.fromBytes(element, BYTES);
  }

  private written(element: number): Uint32Array {
    this.field.canonical(element, element);
    this.field.toBytes(BYTES, element);
    return this.words.subarray(BYTES / 4, BYTES / 4 + WORDS);
  }
}

const MODULUS = Uint32Array.from(toWords(SECP256K1.p, WORDS));
const ONE = Uint32Array.from(toWords(1n, WORDS));

function isBelow(a: Uint32Array, b: Uint32Array): boolean {
  for (let i = WORDS - 1; i >= 0; i--) if (a[i] !== b[i]) return a[i]! < b[i]!;
  return false;
}
