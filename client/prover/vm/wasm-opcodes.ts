import { ValueType } from './decode.ts';
import type { OpName } from './isa.ts';

const { i32, i64, f32, f64 } = ValueType;

/** Integer operators by WebAssembly opcode; `name` is the machine's or, where it has none, a mirrored comparison's. */
export type Operator = { readonly name: string; readonly params: readonly ValueType[]; readonly result: ValueType };

const COMPARISONS = ['eq', 'ne', 'ltS', 'ltU', 'gtS', 'gtU', 'leS', 'leU', 'geS', 'geU'] as const;
const UNARY = ['clz', 'ctz', 'popcnt'] as const;
const BINARY = [
  'add',
  'sub',
  'mul',
  'divS',
  'divU',
  'remS',
  'remU',
  'and',
  'or',
  'xor',
  'shl',
  'shrS',
  'shrU',
  'rotl',
  'rotr',
] as const;

function table(): (Operator | undefined)[] {
  const t: (Operator | undefined)[] = [];
  const set = (
    from: number,
    names: readonly string[],
    suffix: string,
    params: readonly ValueType[],
    result: ValueType,
  ): void => {
    names.forEach((n, k) => {
      t[from + k] = { name: `${n}${suffix}`, params, result };
    });
  };
  set(0x45, ['eqz'], '32', [i32], i32);
  set(0x46, COMPARISONS, '32', [i32, i32], i32);
  set(0x50, ['eqz'], '64', [i64], i32);
  set(0x51, COMPARISONS, '64', [i64, i64], i32);
  set(0x67, UNARY, '32', [i32], i32);
  set(0x6a, BINARY, '32', [i32, i32], i32);
  set(0x79, UNARY, '64', [i64], i64);
  set(0x7c, BINARY, '64', [i64, i64], i64);
  set(0xa7, ['wrap'], '', [i64], i32);
  set(0xac, ['extendS', 'extendU'], '', [i32], i64);
  set(0xc0, ['extend8S32', 'extend16S32'], '', [i32], i32);
  set(0xc2, ['extend8S64', 'extend16S64', 'extend32S64'], '', [i64], i64);
  return t;
}

export const OPERATORS: readonly (Operator | undefined)[] = table();

export const LOADS: Readonly<Record<number, { readonly op: OpName; readonly type: ValueType }>> = {
  40: { op: 'load32', type: i32 },
  41: { op: 'load64', type: i64 },
  44: { op: 'load8S32', type: i32 },
  45: { op: 'load8U32', type: i32 },
  46: { op: 'load16S32', type: i32 },
  47: { op: 'load16U32', type: i32 },
  48: { op: 'load8S64', type: i64 },
  49: { op: 'load8U64', type: i64 },
  50: { op: 'load16S64', type: i64 },
  51: { op: 'load16U64', type: i64 },
  52: { op: 'load32S64', type: i64 },
  53: { op: 'load32U64', type: i64 },
};

/** `type` is that of the stored value. */
export const STORES: Readonly<Record<number, { readonly op: OpName; readonly type: ValueType }>> = {
  54: { op: 'store32', type: i32 },
  55: { op: 'store64', type: i64 },
  58: { op: 'store8From32', type: i32 },
  59: { op: 'store16From32', type: i32 },
  60: { op: 'store8From64', type: i64 },
  61: { op: 'store16From64', type: i64 },
  62: { op: 'store32From64', type: i64 },
};

/** Floating-point instructions by their stack effect: they become traps. */
export type FloatShape = {
  readonly immediate: 'memory' | 0 | 4 | 8;
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
};

function floats(): Record<number, FloatShape> {
  const t: Record<number, FloatShape> = {};
  const set = (from: number, to: number, params: readonly ValueType[], results: readonly ValueType[]): void => {
    for (let op = from; op <= to; op++) t[op] = { immediate: 0, params, results };
  };
  t[0x2a] = { immediate: 'memory', params: [i32], results: [f32] };
  t[0x2b] = { immediate: 'memory', params: [i32], results: [f64] };
  t[0x38] = { immediate: 'memory', params: [i32, f32], results: [] };
  t[0x39] = { immediate: 'memory', params: [i32, f64], results: [] };
  t[0x43] = { immediate: 4, params: [], results: [f32] };
  t[0x44] = { immediate: 8, params: [], results: [f64] };
  set(0x5b, 0x60, [f32, f32], [i32]);
  set(0x61, 0x66, [f64, f64], [i32]);
  set(0x8b, 0x91, [f32], [f32]);
  set(0x92, 0x98, [f32, f32], [f32]);
  set(0x99, 0x9f, [f64], [f64]);
  set(0xa0, 0xa6, [f64, f64], [f64]);
  set(0xa8, 0xa9, [f32], [i32]);
  set(0xaa, 0xab, [f64], [i32]);
  set(0xae, 0xaf, [f32], [i64]);
  set(0xb0, 0xb1, [f64], [i64]);
  set(0xb2, 0xb3, [i32], [f32]);
  set(0xb4, 0xb5, [i64], [f32]);
  set(0xb6, 0xb6, [f64], [f32]);
  set(0xb7, 0xb8, [i32], [f64]);
  set(0xb9, 0xba, [i64], [f64]);
  set(0xbb, 0xbb, [f32], [f64]);
  set(0xbc, 0xbc, [f32], [i32]);
  set(0xbd, 0xbd, [f64], [i64]);
  set(0xbe, 0xbe, [i32], [f32]);
  set(0xbf, 0xbf, [i64], [f64]);
  return t;
}

export const FLOAT_SHAPES: Readonly<Record<number, FloatShape>> = floats();
