import { WasmBackend } from '../../client/prover/backends/wasm/backend.ts';
import { freeLayer, proveGkr } from '../../client/prover/backends/wasm/gkr.ts';
import type { Layer } from '../../client/prover/backends/wasm/gkr-tables.ts';
import { storedEntries } from '../../client/prover/backends/wasm/gkr-tail.ts';
import { extBytes, WORD_BYTES } from '../../client/prover/backends/wasm/layout.ts';
import { KernelPool } from '../../client/prover/backends/wasm/pool.ts';
import { P } from '../../client/prover/field/fp.ts';
import { type Ext, Fp5 } from '../../client/prover/field/fp5.ts';
import { initialSponge } from '../../client/prover/hash/sponge.ts';
import { benchArguments, reportBench } from '../support/bench.ts';

/**
 * Rates of the WASM backend's parts on synthetic tables: products of E by one thread, GKR by the share of its leaves that
 * are used, commitment and first layer of an opening. Argument: log2 of the entries.
 */
const LOG = Number(benchArguments(['20'])[0]);
const THREADS = 2;
const RUNS = 5;
const LABELS = { root: 1, lambda: 2, round: { message: 3, challenge: 4 }, children: 5, child: 6 };
const FOLD_LABELS = { message: 3, challenge: 4, grind: 5 };
const ALPHA: Ext = [7, 6, 5, 4, 3];

/** Field elements that are all different enough. */
function fill(words: Uint32Array): void {
  let x = 1;
  for (let i = 0; i < words.length; i++) {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    words[i] = x % P;
  }
}

/** Shortest of several runs, in ms. */
async function shortest(run: () => unknown): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < RUNS; i++) {
    const start = performance.now();
    await run();
    best = Math.min(best, performance.now() - start);
  }
  return best;
}

/** Millions per second, to two decimals. */
const rate = (count: number, ms: number): number => Math.round(count / ms / 10) / 100;

async function products(): Promise<number> {
  const pool = new KernelPool({ threads: 1 });
  const blocks = 256;
  const repeats = 200;
  const at = pool.memory.alloc(3 * blocks * 80);
  fill(pool.memory.view(at, (2 * blocks * 80) / WORD_BYTES));
  const ms = await shortest(() => {
    for (let i = 0; i < repeats; i++) pool.call('dotBlocks', at, at + blocks * 80, at + 2 * blocks * 80, blocks);
  });
  pool.close();
  return rate(repeats * blocks * 4, ms);
}

async function gkr(share: number): Promise<number> {
  const pool = new KernelPool({ threads: THREADS });
  const used = Math.ceil((share * 2 ** LOG) / 16) * 16;
  const stored = storedEntries(used, 2 ** LOG);
  const layer: Layer = {
    ...{ p: pool.memory.alloc(stored * WORD_BYTES), q: pool.memory.alloc(extBytes(stored)) },
    ...{ log: LOG, base: true, used: stored, alpha: ALPHA },
  };
  fill(pool.memory.view(layer.p, stored));
  fill(pool.memory.view(layer.q, extBytes(stored) / WORD_BYTES));
  const ms = await shortest(() => proveGkr(pool, [layer], LABELS, initialSponge()));
  freeLayer(pool, layer);
  pool.close();
  return rate(used, ms);
}

async function commitAndOpen(): Promise<Readonly<Record<string, number>>> {
  const backend = new WasmBackend({ threads: THREADS });
  const width = 2 ** 6;
  const logHeight = LOG - 6;
  const rows = new Uint32Array(2 ** LOG);
  fill(rows);
  const matrix = await backend.upload(rows, { width, logHeight });
  const columns = Array.from({ length: width }, (_, column) => ({ matrix, column, offset: column * 2 ** logHeight }));
  const shape = { columns: 2 ** 4, logRows: LOG - 4, logInvRate: 2, capLog: 0 };
  const commitMs = await shortest(async () => backend.free((await backend.commit(columns, shape)).data));
  const { data } = await backend.commit(columns, shape);
  const lagrange = Array.from({ length: 16 }, (_, k): Ext => [k + 1, k, 3, 2, 1]);
  const high = Array.from({ length: logHeight - 4 }, (_, k): Ext => [k + 5, 1, k, 1, 2]);
  const weights = columns.map(({ offset }, k) => {
    return { kind: 'column', offset, by: Fp5.from(k + 1), lagrange, high } as const;
  });
  const openMs = await shortest(async () => {
    const opening = await backend.startOpening([data], LOG, weights);
    await backend.fold(opening, { rounds: 4, grindBits: 0, labels: FOLD_LABELS }, Fp5.ONE, initialSponge());
    backend.free(opening);
  });
  await backend.close();
  return {
    commitMillionCellsPerSecond: rate(2 ** LOG, commitMs),
    openFirstLayerMillionCellsPerSecond: rate(2 ** LOG, openMs),
  };
}

reportBench(
  'kernels',
  { backend: 'wasm', threads: THREADS, logEntries: LOG, runs: RUNS, inverseRate: 4 },
  {
    extensionProductsMillionPerSecondOneThread: await products(),
    gkrMillionLeavesPerSecond: {
      'used 53 %': await gkr(0.53),
      'used 70 %': await gkr(0.7),
      'used 100 %': await gkr(1),
    },
    ...(await commitAndOpen()),
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
  },
);
