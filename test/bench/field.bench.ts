import { encode } from '../../client/prover/backends/reference/ntt.ts';
import {
  addInto,
  addScaledInto,
  type ExtVec,
  extVec,
  getExt,
  lineInto,
  mulInto,
  powersVec,
} from '../../client/prover/field/ext-vec.ts';
import { Fp } from '../../client/prover/field/fp.ts';
import { type Ext, Fp5 } from '../../client/prover/field/fp5.ts';
import { blake3 } from '../../client/prover/hash/blake3.ts';
import { hashLeaf, hashNode } from '../../client/prover/hash/merkle-hash.ts';
import { eqTable, foldTop } from '../../client/prover/poly/eq.ts';
import { reportBench } from '../support/bench.ts';

/**
 * Rates of the plain TypeScript arithmetic and hashing on one core, as one JSON object on standard output. Run it as a
 * module of this package: a loader that rewrites imports to property reads slows small functions by a factor of ten.
 */
const N = 2 ** 14;
const X: Ext = [5, 4, 3, 2, 1];
const R: Ext = [7, 6, 5, 4, 3];

const a: ExtVec = powersVec(X, N);
const b: ExtVec = powersVec(R, N);
const out: ExtVec = extVec(N);
const words = Uint32Array.from(a.subarray(0, N));
const bytes = new Uint8Array(2 ** 20);
const digest = new Uint32Array(8);

/** Each does `count` operations of the named kind. */
const TASKS: Readonly<Record<string, { readonly count: number; readonly run: () => void }>> = {
  'base products': {
    count: N,
    run: () => {
      for (let i = 0; i < N; i++) out[i] = Fp.mul(words[i]!, words[N - 1 - i]!);
    },
  },
  'extension products, vectors': { count: N, run: () => forEach((i) => mulInto(out, i, a, i, b, i)) },
  'extension products, tuples': { count: N, run: () => void productOfAll() },
  'extension sums, vectors': { count: N, run: () => forEach((i) => addInto(out, i, a, i, b, i)) },
  'extension plus base multiple': { count: N, run: () => forEach((i) => addScaledInto(out, i, a, i, words[i]!)) },
  'lines at a point': { count: N, run: () => forEach((i) => lineInto(out, i, a, i, b, i, R)) },
  'foldTop results': { count: N / 2, run: () => void foldTop(a, R) },
  'eqTable entries': { count: N, run: () => void eqTable(new Array<Ext>(14).fill(R)) },
  'encoded words, 2^10 × 16 at rate 1/4': { count: 2 ** 16, run: () => void encode(words, 16, 10, 2) },
  'Merkle nodes': { count: N / 2, run: () => forEachNode() },
  'leaf compressions, rows of 64 words': {
    count: N / 16,
    run: () => {
      for (let i = 0; i < N; i += 64) hashLeaf(digest, 0, words, i, 64);
    },
  },
  'BLAKE3 bytes': { count: bytes.length, run: () => void blake3(bytes) },
};

function forEach(step: (i: number) => void): void {
  for (let i = 0; i < N; i++) step(i);
}

function forEachNode(): void {
  for (let i = 0; i < N / 2; i++) hashNode(digest, 0, words, i);
}

function productOfAll(): Ext {
  let product = X;
  for (let i = 0; i < N; i++) product = Fp5.mul(product, getExt(a, i));
  return product;
}

const WARM_UP_MS = 300;
const MEASURED_MS = 700;

/** Best rate of several runs after warming up, in millions per second. */
function measure({ count, run }: { readonly count: number; readonly run: () => void }): number {
  for (const end = performance.now() + WARM_UP_MS; performance.now() < end; ) run();
  let best = 0;
  for (const end = performance.now() + MEASURED_MS; performance.now() < end; ) {
    const start = performance.now();
    run();
    best = Math.max(best, count / (performance.now() - start) / 1e3);
  }
  return Math.round(best * 100) / 100;
}

const ratesMillionPerSecond = Object.fromEntries(Object.entries(TASKS).map(([name, task]) => [name, measure(task)]));
reportBench('field', { cores: 1, statistic: 'best' }, { ratesMillionPerSecond });
