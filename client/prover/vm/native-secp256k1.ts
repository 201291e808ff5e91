/**
 * Field and point arithmetic of secp256k1 as a WebAssembly module of straight-line functions, for native runs.
 *
 * A field element is ten limbs of 26 bits in ten words of memory, least significant first, as in libsecp256k1's
 * `field_10x26`: a column of a product needs no carries before its ten terms are summed. Between operations limbs may
 * exceed 26 bits by a few ones and values may exceed p; `canonical` gives the one representation below p. A point is
 * Jacobian (X, Y, Z), three elements, with x = X/Z² and y = Y/Z³; infinity is the caller's to keep apart.
 */
import { concat, HEADER, nameBytes, s64, section, u32 } from './native-bytes.ts';

const LIMBS = 10;
const LIMB_BITS = 26;
export const ELEMENT_BYTES = 8 * LIMBS;
export const POINT_BYTES = 3 * ELEMENT_BYTES;

const MASK = 2n ** 26n - 1n;
/** p = 2^256 − 2^32 − 977, so that 2^256 ≡ 977 + 2^6 · 2^26 and 2^260 ≡ 16 · 977 + 2^10 · 2^26. */
const P = 2n ** 256n - 2n ** 32n - 977n;
const FOLD_260 = [0x3d10n, 0x400n] as const;
const FOLD_256 = [977n, 0x40n] as const;
/** Bits of the highest limb of a value below 2^256. */
const TOP_BITS = 22n;

const [I32, I64] = [0x7f, 0x7e];
const [GET, SET, CONST32, CONST64, LOAD, STORE] = [0x20, 0x21, 0x41, 0x42, 0x29, 0x37];
const [ADD32, ADD, SUB, MUL, AND, OR, SHL, SHR_U, EQZ] = [0x6a, 0x7c, 0x7d, 0x7e, 0x83, 0x84, 0x86, 0x88, 0x50];
const [IF, END, RETURN, CALL, VOID] = [0x04, 0x0b, 0x0f, 0x10, 0x40];

type Code = readonly number[];
/** Parameters are pointers, further locals words; the result is a number of 32 bits. */
type FunctionBody = {
  readonly params: number;
  readonly result: boolean;
  readonly locals: number;
  readonly code: Code;
};

const EXPORTS = [
  'multiply',
  'square',
  'add',
  'subtract',
  'canonical',
  'fromBytes',
  'toBytes',
  'double',
  'addPoints',
] as const;

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i);
const get = (local: number): Code => [GET, ...u32(local)];
const set = (local: number): Code => [SET, ...u32(local)];
const i32 = (value: number): Code => [CONST32, ...s64(BigInt(value))];
const constant = (value: bigint): Code => [CONST64, ...s64(value)];
const load = (pointer: number, offset: number): Code => [...get(pointer), LOAD, 0, ...u32(offset)];
const store = (pointer: number, offset: number, value: Code): Code => [
  ...get(pointer),
  ...value,
  STORE,
  0,
  ...u32(offset),
];
/** local += value */
const increase = (local: number, value: Code): Code => [...get(local), ...value, ADD, ...set(local)];
const times = (local: number, factor: bigint): Code => [...get(local), ...constant(factor), MUL];
const high = (local: number, bits = BigInt(LIMB_BITS)): Code => [...get(local), ...constant(bits), SHR_U];
const keepLow = (local: number, mask = MASK): Code => [...get(local), ...constant(mask), AND, ...set(local)];
/** Moves what exceeds 26 bits of a limb to the next one. */
const carry = (from: number, to: number): Code => [...increase(to, high(from)), ...keepLow(from)];
/** The carries of consecutive locals, from the first one to the last one. */
const carries = (first: number, last: number): Code =>
  range(last - first).flatMap((i) => carry(first + i, first + i + 1));

/**
 * Stores the limbs in eleven locals: the last of them, which counts 2^260, is folded into the lowest two, whose carries may
 * run three limbs far.
 */
const storeFolded = (out: number, first: number): Code => [
  ...carries(first, first + LIMBS),
  ...FOLD_260.flatMap((factor, i) => increase(first + i, times(first + LIMBS, factor))),
  ...carries(first, first + 3),
  ...range(LIMBS).flatMap((i) => store(out, 8 * i, get(first + i))),
];

/** out = a · b; the columns of the product are at most ten terms below 2^53. */
function product(isSquare: boolean): FunctionBody {
  const params = isSquare ? 2 : 3;
  const a = (i: number): number => params + i;
  const b = isSquare ? a : (i: number): number => params + LIMBS + i;
  const first = params + (isSquare ? LIMBS : 2 * LIMBS);
  const column = (k: number): number => first + k;
  const code: number[] = [];
  for (const i of range(LIMBS)) {
    code.push(...load(1, 8 * i), ...set(a(i)));
    if (!isSquare) code.push(...load(2, 8 * i), ...set(b(i)));
  }
  for (const k of range(2 * LIMBS - 1)) {
    const terms = range(LIMBS).filter((i) => k - i >= 0 && k - i < LIMBS && (!isSquare || 2 * i <= k));
    terms.forEach((i, n) => {
      code.push(...get(a(i)), ...get(b(k - i)), MUL);
      if (isSquare && 2 * i < k) code.push(...constant(1n), SHL);
      if (n > 0) code.push(ADD);
    });
    code.push(...set(column(k)));
  }
  // Columns from 2^260 on: below 2^26 each but the last, which is below 2^38; folded, they leave column 10 below 2^48.
  code.push(...carries(column(LIMBS), column(2 * LIMBS - 1)));
  for (const k of range(LIMBS)) {
    code.push(...increase(column(k), times(column(k + LIMBS), FOLD_260[0])));
    // The last column's second part counts 2^260 again: its local is read before it is overwritten.
    if (k < LIMBS - 1) code.push(...increase(column(k + 1), times(column(k + LIMBS), FOLD_260[1])));
  }
  code.push(...times(column(2 * LIMBS - 1), FOLD_260[1]), ...set(column(LIMBS)));
  code.push(...storeFolded(0, column(0)));
  return { params, result: false, locals: first + 2 * LIMBS - params, code };
}

/** out = a + b, or a − b as a + (64 · p − b), whose limbs are all positive. */
function sum(isDifference: boolean): FunctionBody {
  const limb = (i: number): number => 3 + i;
  const code = range(LIMBS).flatMap((i) => {
    if (!isDifference) return [...load(1, 8 * i), ...load(2, 8 * i), ADD, ...set(limb(i))];
    const offset = ((P >> BigInt(LIMB_BITS * i)) & MASK) << 6n;
    return [...load(1, 8 * i), ...constant(offset), ADD, ...load(2, 8 * i), SUB, ...set(limb(i))];
  });
  return { params: 3, result: false, locals: LIMBS + 1, code: [...code, ...storeFolded(0, limb(0))] };
}

/** out = a, below p; gives whether it is 0. */
function canonical(): FunctionBody {
  const limb = (i: number): number => 2 + i;
  const [top, over] = [limb(LIMBS - 1), limb(LIMBS)];
  const takeExcess = [...high(top, TOP_BITS), ...set(over), ...keepLow(top, 2n ** TOP_BITS - 1n)];
  const foldExcess = [
    ...FOLD_256.flatMap((factor, i) => increase(limb(i), times(over, factor))),
    ...carries(limb(0), top),
  ];
  // v ≥ p iff v + 2^32 + 977 carries out of 2^256.
  const carryOfExcess = range(LIMBS).flatMap((i) => [
    ...(i === 0 ? constant(0n) : high(over)),
    ...(FOLD_256[i] === undefined ? [] : [...constant(FOLD_256[i]), ADD]),
    ...[...get(limb(i)), ADD, ...set(over)],
  ]);
  return {
    params: 2,
    result: true,
    locals: LIMBS + 1,
    code: [
      ...range(LIMBS).flatMap((i) => [...load(1, 8 * i), ...set(limb(i))]),
      // The first fold may carry out of 2^256 once more.
      ...[...takeExcess, ...foldExcess, ...takeExcess, ...foldExcess],
      ...[...carryOfExcess, ...high(over, TOP_BITS), ...set(over), ...foldExcess, ...keepLow(top, 2n ** TOP_BITS - 1n)],
      ...range(LIMBS).flatMap((i) => store(0, 8 * i, get(limb(i)))),
      ...range(LIMBS).flatMap((i) => (i === 0 ? get(limb(0)) : [...get(limb(i)), OR])),
      EQZ,
    ],
  };
}

/** Bits of limb i start at bit 26 · i of the 32 bytes; both conversions go through 64-bit words. */
function fromBytes(): FunctionBody {
  const code = range(LIMBS).flatMap((i) => {
    const at = Math.min((LIMB_BITS * i) >> 3, 24);
    const shift = BigInt(LIMB_BITS * i - 8 * at);
    return store(0, 8 * i, [...load(1, at), ...constant(shift), SHR_U, ...constant(MASK), AND]);
  });
  return { params: 2, result: false, locals: 0, code };
}

/** The element is canonical. */
function toBytes(): FunctionBody {
  const code = range(4).flatMap((word) => {
    const parts = range(LIMBS).filter((i) => LIMB_BITS * i < 64 * (word + 1) && LIMB_BITS * (i + 1) > 64 * word);
    const value = parts.flatMap((i, n) => {
      const shift = LIMB_BITS * i - 64 * word;
      const shifted = [...load(1, 8 * i), ...constant(BigInt(Math.abs(shift))), shift < 0 ? SHR_U : SHL];
      return n === 0 ? shifted : [...shifted, OR];
    });
    return store(0, 8 * word, value);
  });
  return { params: 2, result: false, locals: 0, code };
}

/** Scratch elements of the point functions, at the start of memory. */
const SCRATCH = ['A', 'B', 'C', 'D', 'E', 'F', 'U1', 'U2', 'S1', 'S2', 'H', 'R', 'T'] as const;
export const SCRATCH_BYTES = SCRATCH.length * ELEMENT_BYTES;
/** Coordinates of the points at parameters 0 and 1. */
const COORDINATES = ['X1', 'Y1', 'Z1', 'X2', 'Y2', 'Z2'] as const;
type Name = (typeof SCRATCH)[number] | (typeof COORDINATES)[number];
type Step = readonly ['multiply' | 'square' | 'add' | 'subtract' | 'canonical', ...Name[]];

const address = (name: Name): Code => {
  const scratch = SCRATCH.indexOf(name as (typeof SCRATCH)[number]);
  if (scratch >= 0) return i32(scratch * ELEMENT_BYTES);
  const at = COORDINATES.indexOf(name as (typeof COORDINATES)[number]);
  return [...get(Math.floor(at / 3)), ...i32((at % 3) * ELEMENT_BYTES), ADD32];
};
const steps = (list: readonly Step[]): Code =>
  list.flatMap(([operation, ...names]) => [...names.flatMap(address), CALL, ...u32(EXPORTS.indexOf(operation))]);

/** P = 2 · P for P other than infinity; gives whether the result is infinity (dbl-2009-l for a = 0). */
const DOUBLE: readonly Step[] = [
  ['square', 'A', 'X1'],
  ['square', 'B', 'Y1'],
  ['square', 'C', 'B'],
  ['add', 'D', 'X1', 'B'],
  ['square', 'D', 'D'],
  ['subtract', 'D', 'D', 'A'],
  ['subtract', 'D', 'D', 'C'],
  ['add', 'D', 'D', 'D'],
  ['add', 'E', 'A', 'A'],
  ['add', 'E', 'E', 'A'],
  ['square', 'F', 'E'],
  ['multiply', 'Z1', 'Y1', 'Z1'],
  ['add', 'Z1', 'Z1', 'Z1'],
  ['subtract', 'X1', 'F', 'D'],
  ['subtract', 'X1', 'X1', 'D'],
  ['subtract', 'D', 'D', 'X1'],
  ['multiply', 'E', 'E', 'D'],
  ['add', 'C', 'C', 'C'],
  ['add', 'C', 'C', 'C'],
  ['add', 'C', 'C', 'C'],
  ['subtract', 'Y1', 'E', 'C'],
  ['canonical', 'T', 'Z1'],
];

/** What `addPoints` found; only for SUM has it changed P. */
export const Added = { SUM: 0, SAME: 1, OPPOSITE: 2, NOT_ON_ONE_CURVE: 3 } as const;

/** H = 0 iff both x are the same, R = 0 iff both y are (add-2007-bl, with r and H half as large). */
const DIFFERENCES: readonly Step[] = [
  ['square', 'A', 'Z1'],
  ['square', 'B', 'Z2'],
  ['multiply', 'U1', 'X1', 'B'],
  ['multiply', 'U2', 'X2', 'A'],
  ['multiply', 'S1', 'Y1', 'Z2'],
  ['multiply', 'S1', 'S1', 'B'],
  ['multiply', 'S2', 'Y2', 'Z1'],
  ['multiply', 'S2', 'S2', 'A'],
  ['subtract', 'H', 'U2', 'U1'],
  ['subtract', 'R', 'S2', 'S1'],
  ['canonical', 'T', 'H'],
];
const SUM: readonly Step[] = [
  ['square', 'A', 'H'],
  ['multiply', 'B', 'H', 'A'],
  ['multiply', 'C', 'U1', 'A'],
  ['square', 'X1', 'R'],
  ['subtract', 'X1', 'X1', 'B'],
  ['subtract', 'X1', 'X1', 'C'],
  ['subtract', 'X1', 'X1', 'C'],
  ['subtract', 'C', 'C', 'X1'],
  ['multiply', 'C', 'R', 'C'],
  ['multiply', 'S1', 'S1', 'B'],
  ['subtract', 'Y1', 'C', 'S1'],
  ['multiply', 'Z1', 'Z1', 'Z2'],
  ['multiply', 'Z1', 'Z1', 'H'],
];
/** P += Q for points other than infinity. */
const ADD_POINTS: Code = [
  ...steps(DIFFERENCES),
  ...[IF, VOID],
  ...steps([
    ['add', 'T', 'S1', 'S2'],
    ['canonical', 'T', 'T'],
  ]),
  ...[IF, VOID, ...i32(Added.OPPOSITE), RETURN, END],
  ...steps([['canonical', 'T', 'R']]),
  ...[IF, VOID, ...i32(Added.SAME), RETURN, END],
  ...[...i32(Added.NOT_ON_ONE_CURVE), RETURN, END],
  ...steps(SUM),
  ...i32(Added.SUM),
];

const FUNCTIONS: Readonly<Record<(typeof EXPORTS)[number], FunctionBody>> = {
  multiply: product(false),
  square: product(true),
  add: sum(false),
  subtract: sum(true),
  canonical: canonical(),
  fromBytes: fromBytes(),
  toBytes: toBytes(),
  double: { params: 1, result: true, locals: 0, code: steps(DOUBLE) },
  addPoints: { params: 2, result: true, locals: 0, code: ADD_POINTS },
};

/** Arguments are byte addresses: of elements, points or 32 bytes; `addPoints` gives an `Added`. */
export type Secp256k1Functions = {
  readonly multiply: (out: number, a: number, b: number) => void;
  readonly square: (out: number, a: number) => void;
  readonly canonical: (out: number, a: number) => number;
  readonly fromBytes: (out: number, bytes: number) => void;
  readonly toBytes: (out: number, element: number) => void;
  readonly double: (point: number) => number;
  readonly addPoints: (point: number, other: number) => number;
};

/** The module: imports `memory.memory`, exports `Secp256k1Functions`; the first `SCRATCH_BYTES` are its own. */
export function secp256k1Module(): Uint8Array<ArrayBuffer> {
  const vector = (id: number, items: readonly Code[]): readonly Uint8Array[] =>
    section(id, [Uint8Array.from([...u32(items.length), ...items.flat()])]);
  const bodies = EXPORTS.map((name) => FUNCTIONS[name]);
  const type = ({ params, result }: FunctionBody): Code => [
    ...[0x60, params, ...range(params).map(() => I32)],
    ...(result ? [1, I32] : [0]),
  ];
  const body = ({ locals, code }: FunctionBody): Code => {
    const content = [...(locals === 0 ? [0] : [1, ...u32(locals), I64]), ...code, END];
    return [...u32(content.length), ...content];
  };
  return concat([
    Uint8Array.from(HEADER),
    ...vector(1, bodies.map(type)),
    ...vector(2, [[...nameBytes('memory'), ...nameBytes('memory'), 2, 0, 1]]),
    ...vector(
      3,
      bodies.map((_, i) => [i]),
    ),
    ...vector(
      7,
      EXPORTS.map((name, i) => [...nameBytes(name), 0, i]),
    ),
    ...vector(10, bodies.map(body)),
  ]);
}
