import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { runGkr } from '../../../client/prover/backends/reference/gkr.ts';
import { freeLayer, LayerSumcheck, proveGkr } from '../../../client/prover/backends/wasm/gkr.ts';
import type { Layer } from '../../../client/prover/backends/wasm/gkr-tables.ts';
import { storedEntries } from '../../../client/prover/backends/wasm/gkr-tail.ts';
import { BLOCK_BYTES, extBytes, LANES, toMont, WORD_BYTES } from '../../../client/prover/backends/wasm/layout.ts';
import { KernelPool } from '../../../client/prover/backends/wasm/pool.ts';
import { extVec, setExt } from '../../../client/prover/field/ext-vec.ts';
import { type Ext, Fp5 } from '../../../client/prover/field/fp5.ts';
import { absorb, initialSponge } from '../../../client/prover/hash/sponge.ts';
import { randomFp, seededRandom } from '../../support/random.ts';

const LABELS = { root: 1, lambda: 2, round: { message: 3, challenge: 4 }, children: 5, child: 6 };

/** 2^log fractions of which the first `covered` are random and the others 0/α, as both backends hold them. */
function fractions(pool: KernelPool, log: number, covered: number, stored: number) {
  const random = seededRandom(log + covered);
  const ext = (): Ext => [0, 0, 0, 0, 0].map(() => randomFp(random)) as unknown as Ext;
  const alpha = ext();
  const n = 2 ** log;
  const plain = { kind: 'fractions', p: extVec(n), q: extVec(n), log } as const;
  const layer: Layer = {
    p: pool.memory.alloc(Math.max(LANES, stored) * WORD_BYTES),
    q: pool.memory.alloc(extBytes(stored)),
    ...{ log, base: true, used: stored, alpha },
  };
  const p = pool.memory.view(layer.p, Math.max(LANES, stored)).fill(0);
  const q = pool.memory.view(layer.q, extBytes(stored) / WORD_BYTES).fill(0);
  for (let i = 0; i < n; i++) {
    const count = i < covered ? randomFp(random) : 0;
    const denominator = i < covered ? ext() : alpha;
    setExt(plain.p, i, Fp5.from(count));
    setExt(plain.q, i, denominator);
    if (i >= stored) continue;
    p[i] = toMont(count);
    const block = (Math.floor(i / LANES) * BLOCK_BYTES) / WORD_BYTES;
    denominator.forEach((x, k) => {
      q[block + LANES * k + (i % LANES)] = toMont(x);
    });
  }
  return { plain, layer };
}

for (const threads of [1, 3])
  describe(`WASM GKR on ${threads} thread(s)`, () => {
    const pool = new KernelPool({ threads });
    after(() => pool.close());
    for (const [log, covered] of [
      [0, 1],
      [1, 2],
      [2, 3],
      [3, 5],
      [5, 32],
      [11, 1500],
      [12, 2048],
      [13, 4096 + 16],
      [14, 2 ** 13 + 2000],
      [14, 2 ** 13 + 3000],
    ] as const)
      test(`${covered} fractions of 2^${log} → the reference’s run, leaves as they were`, () => {
        const stored = storedEntries(covered, 2 ** log);
        const { plain, layer } = fractions(pool, log, covered, stored);
        const sponge = absorb(initialSponge(), 9, [log, covered]);
        const before = pool.memory.view(layer.q, extBytes(stored) / WORD_BYTES).slice();
        const used = pool.memory.usedBytes();
        assert.deepEqual(proveGkr(pool, [layer], LABELS, sponge), runGkr([plain], LABELS, sponge));
        assert.deepEqual(pool.memory.view(layer.q, extBytes(stored) / WORD_BYTES), before);
        assert.equal(pool.memory.usedBytes(), used);
        pool.memory.free(layer.p);
        pool.memory.free(layer.q);
      });

    for (const sizes of [
      [
        [11, 1500],
        [4, 9],
      ],
      [
        [3, 8],
        [14, 2 ** 13 + 2000],
      ],
      [
        [12, 2048],
        [12, 4096],
      ],
      [
        [6, 50],
        [0, 0],
      ],
    ] as const)
      test(`vectors of 2^${sizes[0][0]} and 2^${sizes[1][0]} fractions together → the reference’s run`, () => {
        const used = pool.memory.usedBytes();
        const vectors = sizes.map(([log, covered]) => fractions(pool, log, covered, storedEntries(covered, 2 ** log)));
        const sponge = absorb(initialSponge(), 9, [7]);
        const layers = vectors.map(({ layer }) => layer);
        const plain = vectors.map((v) => v.plain);
        assert.deepEqual(proveGkr(pool, layers, LABELS, sponge), runGkr(plain, LABELS, sponge));
        for (const layer of layers) freeLayer(pool, layer);
        assert.equal(pool.memory.usedBytes(), used);
      });

    test('a point with a zero coordinate, padding in closed form → the rounds of stored padding', () => {
      const [log, covered] = [13, 5000];
      const sumcheck = (stored: number, point: readonly Ext[]) => {
        const { layer } = fractions(pool, log, covered, stored);
        const known = [Fp5.from(11), Fp5.from(12)] as const;
        const s = new LayerSumcheck(pool, layer, point, Fp5.from(77), known);
        const rounds = Array.from({ length: log - 1 }, (_, i) => {
          const message = s.round();
          s.bind([i + 5, 1, 2, 3, 4]);
          return message;
        });
        const result = { rounds, children: s.children() };
        s.free();
        return result;
      };
      for (const zero of [0, 3, 10]) {
        const point = Array.from({ length: log - 2 }, (_, i) => (i === zero ? Fp5.ZERO : Fp5.from(i + 100)));
        assert.ok(storedEntries(covered, 2 ** log) < 2 ** log);
        const own = sumcheck(storedEntries(covered, 2 ** log), point);
        assert.deepEqual(own, sumcheck(2 ** log, point));
      }
    });
  });
