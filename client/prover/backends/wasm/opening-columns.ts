import { type Ext, Fp5 } from '../../field/fp5.ts';
import type { Weight } from '../interface.ts';
import { blocksOf, eqTable, storeConstant } from './ext-table.ts';
import { BLOCK_BYTES, extBytes, LANES, pieces } from './layout.ts';
import { tensor } from './opening-tables.ts';
import type { KernelPool, Task } from './pool.ts';

/** A weight over a stacked column: see `Weight`. */
export type ColumnWeight = Extract<Weight, { readonly kind: 'column' }>;

/**
 * Column weights that share a tensor L ⊗ eq(high): each adds `by` · tensor at an offset that is a multiple of the
 * tensor's length. So two of them lie apart or, added up, in one place.
 */
export type TensorWeight = {
  readonly lagrange: readonly Ext[];
  /** Point of the variables above the basis, most significant first. */
  readonly high: readonly Ext[];
  /** `by` by offset. */
  readonly places: ReadonlyMap<number, Ext>;
};

const lengthOf = ({ lagrange, high }: TensorWeight): number => lagrange.length * 2 ** high.length;

/** Columns of one instance share their tensor; they come one after another. */
export function groupColumns(columns: readonly ColumnWeight[]): TensorWeight[] {
  const groups: (TensorWeight & { readonly places: Map<number, Ext> })[] = [];
  for (const { lagrange, high, offset, by } of columns) {
    let last = groups[groups.length - 1];
    if (last === undefined || !sameExts(last.lagrange, lagrange) || !sameExts(last.high, high)) {
      last = { lagrange, high, places: new Map() };
      groups.push(last);
    }
    addTo(last.places, offset, by);
  }
  return groups;
}

/** A weight as the part on the first `n` entries, a power of two, and what is or reaches behind them. */
export function splitAt(
  weight: TensorWeight,
  n: number,
): { readonly before: TensorWeight[]; readonly behind: TensorWeight[] } {
  const length = lengthOf(weight);
  const part = (isBefore: boolean): TensorWeight[] => {
    const places = new Map([...weight.places].filter(([offset]) => offset + length <= n === isBefore));
    return places.size === 0 ? [] : [{ ...weight, places }];
  };
  return { before: part(true), behind: part(false) };
}

/** A weight over a table of 2 · `half` entries with its top variable bound to r, half ≥ its basis. */
export function bindTop(weight: TensorWeight, half: number, r: Ext): TensorWeight {
  const { lagrange, high, places } = weight;
  if (lengthOf(weight) > half) return bindOwn(weight, [r]);
  const bound = new Map<number, Ext>();
  const ofLow = Fp5.sub(Fp5.ONE, r);
  for (const [offset, by] of places) {
    if (offset < half) addTo(bound, offset, Fp5.mul(by, ofLow));
    else addTo(bound, offset - half, Fp5.mul(by, r));
  }
  return { lagrange, high, places: bound };
}

/** A weight on entries `from` … `from + size` − 1 alone; `from` is a multiple of `size`, a power of two ≥ its basis. */
export function onWindow(weight: TensorWeight, from: number, size: number): TensorWeight | undefined {
  const { lagrange, high, places } = weight;
  const length = lengthOf(weight);
  const inside = new Map<number, Ext>();
  if (length <= size) {
    for (const [offset, by] of places) if (offset >= from && offset < from + size) inside.set(offset - from, by);
    return inside.size === 0 ? undefined : { lagrange, high, places: inside };
  }
  const start = Math.floor(from / length) * length;
  const by = places.get(start);
  if (by === undefined) return undefined;
  const bits: Ext[] = [];
  for (let step = length / 2; step >= size; step /= 2) bits.push(Fp5.from(Math.floor((from - start) / step) % 2));
  return bindOwn({ lagrange, high, places: new Map([[0, by]]) }, bits);
}

/** weights += weight for each of them. */
export function addColumns(pool: KernelPool, weights: number, columns: readonly TensorWeight[]): void {
  for (const column of columns) {
    const { lagrange, high, places } = column;
    const entries = lengthOf(column);
    const at = tensorOf(pool, lagrange, high);
    const constants = pool.memory.alloc(places.size * BLOCK_BYTES);
    const tasks = [...places].flatMap(([offset, by], i) => {
      const constant = constants + i * BLOCK_BYTES;
      storeConstant(pool, constant, by);
      return pieces(blocksOf(entries), 1 + Math.floor(entries / 65536)).map(({ from, count }): Task => {
        const to = weights + (offset / LANES + from) * BLOCK_BYTES;
        return ['addScaledBlocks', to, at + from * BLOCK_BYTES, to, constant, count];
      });
    });
    pool.run(tasks);
    pool.memory.free(constants);
    pool.memory.free(at);
  }
}

/** A weight that covers its table, with its own top variables bound. */
function bindOwn({ lagrange, high, places }: TensorWeight, values: readonly Ext[]): TensorWeight {
  let eq = Fp5.ONE;
  values.forEach((r, i) => {
    const both = Fp5.mul(high[i]!, r);
    const neither = Fp5.mul(Fp5.sub(Fp5.ONE, high[i]!), Fp5.sub(Fp5.ONE, r));
    eq = Fp5.mul(eq, Fp5.add(both, neither));
  });
  const bound = new Map([...places].map(([offset, by]) => [offset, Fp5.mul(by, eq)]));
  return { lagrange, high: high.slice(values.length), places: bound };
}

/** eq(high) ⊗ lagrange as blocks. */
function tensorOf(pool: KernelPool, lagrange: readonly Ext[], high: readonly Ext[]): number {
  const eq = eqTable(pool, high);
  const n = 2 ** high.length;
  const at = pool.memory.alloc(n * extBytes(lagrange.length));
  tensor(pool, eq, n, lagrange, at);
  pool.memory.free(eq);
  return at;
}

function addTo(places: Map<number, Ext>, offset: number, by: Ext): void {
  const known = places.get(offset);
  places.set(offset, known === undefined ? by : Fp5.add(known, by));
}

/** Whether both have the same length and elements; canonical coordinates assumed. */
export const sameExts = (a: readonly Ext[], b: readonly Ext[]): boolean =>
  a === b || (a.length === b.length && a.every((x, i) => Fp5.eq(x, b[i]!)));
