import { Fp } from '../../field/fp.ts';
import { subgroup } from '../../field/roots.ts';

function swapRows(m: Uint32Array, width: number, i: number, j: number): void {
  for (let c = 0; c < width; c++) {
    const x = m[i * width + c]!;
    m[i * width + c] = m[j * width + c]!;
    m[j * width + c] = x;
  }
}

function reverseBits(x: number, bits: number): number {
  let r = 0;
  for (let i = 0; i < bits; i++) r = r * 2 + (Math.floor(x / 2 ** i) % 2);
  return r;
}

/**
 * In place: each of the `width` columns of a row-major matrix of 2^log rows holds coefficients (row i: of y^i) and
 * becomes its values (row z: at the z-th power of `rootOfUnity(log)`).
 */
export function ntt(m: Uint32Array, width: number, log: number): void {
  const n = 2 ** log;
  for (let i = 0; i < n; i++) {
    const j = reverseBits(i, log);
    if (i < j) swapRows(m, width, i, j);
  }
  const powers = subgroup(log);
  for (let half = 1; half < n; half *= 2) {
    const stride = n / (2 * half);
    for (let block = 0; block < n; block += 2 * half)
      for (let k = 0; k < half; k++) {
        const w = powers[k * stride]!;
        const top = (block + k) * width;
        const bottom = top + half * width;
        for (let c = 0; c < width; c++) {
          const a = m[top + c]!;
          const b = Fp.mul(m[bottom + c]!, w);
          m[top + c] = Fp.add(a, b);
          m[bottom + c] = Fp.sub(a, b);
        }
      }
  }
}

/**
 * Reed–Solomon encoding of the columns of a row-major matrix of 2^logRows coefficient rows: 2^(logRows + logInvRate)
 * rows of values.
 */
export function encode(coefficients: Uint32Array, width: number, logRows: number, logInvRate: number): Uint32Array {
  const codeword = new Uint32Array(2 ** (logRows + logInvRate) * width);
  codeword.set(coefficients);
  ntt(codeword, width, logRows + logInvRate);
  return codeword;
}
