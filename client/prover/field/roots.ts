import { Fp, GENERATOR, P, TWO_ADICITY } from './fp.ts';

/**
 * Generator of the multiplicative subgroup of order 2^log, 0 ≤ log ≤ 24; the square of the generator for log + 1.
 */
export function rootOfUnity(log: number): number {
  return Fp.pow(GENERATOR, ((P - 1) / 2 ** TWO_ADICITY) * 2 ** (TWO_ADICITY - log));
}

/** The subgroup of order 2^log as powers 1, w, w², … of its generator. */
export function subgroup(log: number): Uint32Array {
  const w = rootOfUnity(log);
  const elements = new Uint32Array(2 ** log);
  for (let i = 0, x = 1; i < elements.length; i++, x = Fp.mul(x, w)) elements[i] = x;
  return elements;
}
