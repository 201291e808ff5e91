import { P } from '../../client/prover/field/fp.ts';
import type { Ext } from '../../client/prover/field/fp5.ts';

export type Random = () => number;

/** Deterministic 32-bit generator (xorshift with a Weyl sequence); for test data only. */
export function seededRandom(seed: number): Random {
  let x = (seed * 0x9e3779b9 + 0x7f4a7c15) >>> 0 || 1;
  let weyl = 0;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    weyl = (weyl + 0x9e3779b9) >>> 0;
    return (Math.imul(x + weyl, 0x85ebca6b) ^ (x >>> 15)) >>> 0;
  };
}

export const randomFp = (random: Random): number => random() % P;

export const randomExt = (random: Random): Ext => [
  randomFp(random),
  randomFp(random),
  randomFp(random),
  randomFp(random),
  randomFp(random),
];
