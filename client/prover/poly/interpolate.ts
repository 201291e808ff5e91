import { extVec, getExt, mulAddInto, scaleInto, setExt, subInto } from '../field/ext-vec.ts';
import { Fp } from '../field/fp.ts';
import { type Ext, Fp5 } from '../field/fp5.ts';
import { rootOfUnity, subgroup } from '../field/roots.ts';

/** log2 of the order of the subgroup D that the zerocheck's first round works over. */
export const SKIP_LOG = 4;
export const SKIP_SIZE = 2 ** SKIP_LOG;

/**
 * Value at r of the polynomial of degree < ys.length with values ys at the base points `nodes` (distinct, as many
 * as ys).
 */
export function interpolateAt(nodes: readonly number[], ys: readonly Ext[], r: Ext): Ext {
  const weights = lagrangeAt(nodes, r);
  let sum = Fp5.ZERO;
  for (let i = 0; i < ys.length; i++) sum = Fp5.add(sum, Fp5.mul(weights[i]!, ys[i]!));
  return sum;
}

/** Working memory: a round of a sumcheck has few values, and there are hundreds of rounds. */
const SHORT = 16;
const DIFFERENCES = extVec(SHORT);
const FACTOR = extVec(1);
const VALUE = extVec(1);

/** 1/k, at place k. */
const INVERSES: readonly number[] = Array.from({ length: 32 }, (_, k) => Fp.inv(k));

/**
 * Value at r of the polynomial with values ys at 0, 1, …, ys.length − 1, by Newton's form: the k-th forward difference
 * times r·(r − 1)·…·(r − k + 1)/k!.
 */
export function interpolateIntegers(ys: readonly Ext[], r: Ext): Ext {
  const n = ys.length;
  const differences = n <= SHORT ? DIFFERENCES : extVec(n);
  for (let i = 0; i < n; i++) setExt(differences, i, ys[i]!);
  for (let k = 1; k < n; k++)
    for (let i = n - 1; i >= k; i--) subInto(differences, i, differences, i, differences, i - 1);
  setExt(VALUE, 0, Fp5.ZERO);
  for (let k = n - 1; k >= 0; k--) {
    // (r − k)/(k + 1) is the factor between this term and the next.
    setExt(FACTOR, 0, r);
    FACTOR[0] = Fp.sub(r[0], k);
    scaleInto(FACTOR, 0, FACTOR, 0, INVERSES[k + 1] ?? Fp.inv(k + 1));
    mulAddInto(VALUE, 0, differences, k, VALUE, 0, FACTOR, 0);
  }
  return getExt(VALUE, 0);
}

/** 1 / Π_{j ≠ i} (x_i − x_j) for every node x_i: what a Lagrange basis needs of its nodes, once per list. */
const scales = new WeakMap<readonly number[], Uint32Array>();

function scalesOf(nodes: readonly number[]): Uint32Array {
  const known = scales.get(nodes);
  if (known !== undefined) return known;
  const found = Uint32Array.from(nodes, (x, i) => {
    let denominator = 1;
    for (let j = 0; j < nodes.length; j++) if (j !== i) denominator = Fp.mul(denominator, Fp.sub(x, nodes[j]!));
    return Fp.inv(denominator);
  });
  scales.set(nodes, found);
  return found;
}

/** Lagrange basis of distinct base points, a list that does not change, at r; at a node it is the unit vector. */
export function lagrangeAt(nodes: readonly number[], r: Ext): Ext[] {
  const n = nodes.length;
  const scale = scalesOf(nodes);
  const differences = nodes.map((x) => Fp5.sub(r, Fp5.from(x)));
  const prefix: Ext[] = [Fp5.ONE];
  for (let i = 0; i < n; i++) prefix.push(Fp5.mul(prefix[i]!, differences[i]!));
  const result = new Array<Ext>(n);
  let suffix = Fp5.ONE;
  for (let i = n - 1; i >= 0; i--) {
    result[i] = Fp5.scale(Fp5.mul(prefix[i]!, suffix), scale[i]!);
    suffix = Fp5.mul(suffix, differences[i]!);
  }
  return result;
}

const D: readonly number[] = Array.from(subgroup(SKIP_LOG));

/** The subgroup D of order 16: its element k is the k-th power of the generator. */
export const skipDomain = (): readonly number[] => D;

/** Lagrange basis of D at z: 16 weights, one per value of the four lowest row bits. */
export const skipLagrange = (z: Ext): Ext[] => lagrangeAt(D, z);

/**
 * `count` base points outside D, the nodes for the zerocheck's first round: the powers of a generator of the
 * subgroup of order 2^(SKIP_LOG + 6) that are not in D, in the order of their exponents. At most 960.
 */
export function skipNodes(count: number): readonly number[] {
  return skip(count).nodes;
}

/**
 * Row k: the Lagrange basis of `skipNodes(count)` at element k of D, base elements. It takes a polynomial of degree below
 * `count` from its values at the nodes to those on D.
 */
export function skipToDomain(count: number): readonly Uint32Array[] {
  return skip(count).toDomain;
}

type Skip = { readonly nodes: readonly number[]; readonly toDomain: readonly Uint32Array[] };
const skips = new Map<number, Skip>();

function skip(count: number): Skip {
  const known = skips.get(count);
  if (known !== undefined) return known;
  const w = rootOfUnity(SKIP_LOG + 6);
  const nodes: number[] = [];
  for (let k = 1, x = w; nodes.length < count; k++, x = Fp.mul(x, w)) if (k % 64 !== 0) nodes.push(x);
  const toDomain = D.map((z) => Uint32Array.from(lagrangeAt(nodes, Fp5.from(z)), (l) => l[0]));
  const made = { nodes, toDomain };
  skips.set(count, made);
  return made;
}
