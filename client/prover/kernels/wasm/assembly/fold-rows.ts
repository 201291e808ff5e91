import { addExt, addProduct, EXT_BYTES, mulMontgomery, reduceProducts, setBase } from './ext-scalar';
import { mulScalar, R2 } from './field';

/** The weights are brought to Montgomery form, in place. */
function prepare(weights: usize, columns: u32): void {
  for (let i: u32 = 0; i < 5 * columns; i++) {
    const at = weights + 4 * <usize>i;
    store<u32>(at, mulScalar(load<u32>(at), R2));
  }
}

/** By row: Σ_c weights[c] · row[c] for `columns` base elements; the weights are overwritten. */
export function foldBaseRows(rows: usize, count: u32, columns: u32, weights: usize, out: usize): void {
  prepare(weights, columns);
  for (let r: u32 = 0; r < count; r++) {
    let s0: u64 = 0;
    let s1: u64 = 0;
    let s2: u64 = 0;
    let s3: u64 = 0;
    let s4: u64 = 0;
    for (let c: u32 = 0; c < columns; c++, rows += 4) {
      const x = load<u32>(rows);
      const w = weights + EXT_BYTES * <usize>c;
      s0 = addProduct(s0, x, load<u32>(w));
      s1 = addProduct(s1, x, load<u32>(w, 4));
      s2 = addProduct(s2, x, load<u32>(w, 8));
      s3 = addProduct(s3, x, load<u32>(w, 12));
      s4 = addProduct(s4, x, load<u32>(w, 16));
    }
    const to = out + EXT_BYTES * <usize>r;
    store<u32>(to, reduceProducts(s0));
    store<u32>(to, reduceProducts(s1), 4);
    store<u32>(to, reduceProducts(s2), 8);
    store<u32>(to, reduceProducts(s3), 12);
    store<u32>(to, reduceProducts(s4), 16);
  }
}

/** The same for rows of elements of E. `working`: one element. */
export function foldExtRows(rows: usize, count: u32, columns: u32, weights: usize, out: usize, working: usize): void {
  prepare(weights, columns);
  for (let r: u32 = 0; r < count; r++) {
    const to = out + EXT_BYTES * <usize>r;
    setBase(to, 0);
    for (let c: u32 = 0; c < columns; c++, rows += EXT_BYTES) {
      const w = weights + EXT_BYTES * <usize>c;
      mulMontgomery(working, rows, load<u32>(w), load<u32>(w, 4), load<u32>(w, 8), load<u32>(w, 12), load<u32>(w, 16));
      addExt(to, to, working);
    }
  }
}
