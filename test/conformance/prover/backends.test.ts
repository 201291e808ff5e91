import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Backend } from '../../../client/prover/backends/interface.ts';
import { createReferenceBackend } from '../../../client/prover/backends/reference/backend.ts';
import { createWasmBackend } from '../../../client/prover/backends/wasm/backend.ts';
import { P } from '../../../client/prover/field/fp.ts';
import { type Ext, Fp5 } from '../../../client/prover/field/fp5.ts';
import { absorb, initialSponge } from '../../../client/prover/hash/sponge.ts';
import { verifyBlock } from '../../../client/prover/protocol/block/verify.ts';
import type { SoundnessProfile } from '../../../client/prover/soundness/profiles.ts';
import { PLAIN_KERNELS } from '../../../client/prover/verifier/plain-kernels.ts';
import { seededRandom } from '../../support/random.ts';
import { honestToy, toyKey, wholeToy } from '../../support/toy/machine.ts';

const TOYS = [honestToy(), wholeToy()];
const OTHERS: readonly [name: string, create: () => Backend & { usedBytes(): number }][] = [
  ['wasm on 1 thread', () => createWasmBackend({ threads: 1 })],
  ['wasm on 3 threads', () => createWasmBackend({ threads: 3 })],
  ['wasm on 1 thread, openings streamed by 16 entries', () => createWasmBackend({ threads: 1, denseLog: 5 })],
  ['wasm on 3 threads, openings streamed by 32 entries', () => createWasmBackend({ threads: 3, denseLog: 8 })],
];

for (const [name, create] of OTHERS) {
  for (const profile of ['P100', 'P100Half', 'P100Unique'] satisfies SoundnessProfile[])
    test(`${name}, ${profile} → the reference’s proof, byte for byte, and no memory kept`, async (t) => {
      const reference = await toyKey(profile);
      const backend = create();
      t.after(() => backend.close());
      const own = await toyKey(profile, backend);
      assert.deepEqual(own.vk.fixedCap, reference.vk.fixedCap);
      for (const { block, traces } of TOYS) {
        const expected = await reference.prove(block, traces);
        assert.deepEqual(await own.prove(block, traces), expected);
        const used = backend.usedBytes();
        assert.deepEqual(await own.prove(block, traces), expected);
        assert.equal(backend.usedBytes(), used);
        verifyBlock(PLAIN_KERNELS, own.vk, block, expected);
      }
    });

  for (const bases of [1, 2, 6, 30])
    test(`${name}: commit, evaluatePower, openRows, fold with ${bases} bases, commitFolded and grind → as the reference`, async (t) => {
      const backend = create();
      t.after(() => backend.close());
      const reference = createReferenceBackend();
      const words = seededRandom(77);
      const random = (): number => words() % P;
      const ext = (): Ext => [random(), random(), random(), random(), random()];
      const heights = [4, 7, 9];
      const traces = heights.map((log, i) => Uint32Array.from({ length: (i + 1) * 2 ** log }, () => random()));
      const y = ext();
      const segment = {
        kind: 'column' as const,
        lagrange: Array.from({ length: 16 }, ext),
        high: Array.from({ length: 5 }, ext),
      };
      const weights = [
        { kind: 'power', y: ext(), by: ext() },
        { kind: 'power', y: Fp5.from(12345), by: ext() },
        ...Array.from({ length: bases }, () => Array.from({ length: 16 }, ext)).flatMap((lagrange, i) =>
          [
            { offset: 512 * (i % 4), variables: 5 },
            { offset: 1024 + 64 * i, variables: 2 },
            { offset: 48, variables: 0 },
            { offset: 96, variables: 1 },
            { offset: 0, variables: 7 },
          ].map(({ offset, variables }) => ({
            ...{ kind: 'column' as const, offset, by: ext() },
            ...{ lagrange, high: Array.from({ length: variables }, ext) },
          })),
        ),
        // Columns of two tables of one segment, which share a basis and the end of a point: binding puts one upon another.
        ...[0, 512, 1536, 1536].map((offset) => ({ ...segment, offset, by: ext(), high: segment.high })),
        ...[64, 192, 1088].map((offset) => ({ ...segment, offset, by: ext(), high: segment.high.slice(3) })),
      ] as const;
      const claim = ext();
      const sponge = absorb(initialSponge(), 1, [1, 2, 3]);
      const results = [];
      for (const b of [reference, backend]) {
        const matrices = [];
        for (const [i, rows] of traces.entries())
          matrices.push(await b.upload(rows, { width: i + 1, logHeight: heights[i]! }));
        const columns = [
          { matrix: matrices[2]!, column: 2, offset: 512 },
          { matrix: matrices[2]!, column: 0, offset: 1024 },
          { matrix: matrices[1]!, column: 1, offset: 128 },
          { matrix: matrices[0]!, column: 0, offset: 256 },
          // The same column at two places.
          { matrix: matrices[0]!, column: 0, offset: 272 },
        ];
        const committed = await b.commit(columns, { columns: 16, logRows: 7, logInvRate: 2, capLog: 0 });
        const opening = await b.startOpening([committed.data], 11, weights);
        const before = await b.evaluatePower(opening, y);
        const labels = { message: 3, grind: 4, challenge: 5 };
        const run = await b.fold(opening, { rounds: 4, grindBits: 3, labels }, claim, sponge);
        await b.addWeights(opening, [{ kind: 'power', y, by: claim }]);
        const folded = await b.commitFolded(opening, { logRows: 4, logInvRate: 3 });
        const rest = await b.fold(opening, { rounds: 2, grindBits: 0, labels }, run.values[0]!, run.sponge);
        results.push({
          cap: committed.cap,
          at: await b.evaluatePower(committed.data, y),
          before,
          run,
          foldedCap: folded.cap,
          rows: await b.openRows(committed.data, [0, 511, 7, 7]),
          foldedRows: await b.openRows(folded.data, [127, 3]),
          rest,
          table: await b.foldedTable(opening),
          after: await b.evaluatePower(opening, y),
          nonce: await b.grind(sponge, 9, 9),
        });
      }
      assert.deepEqual(results[1], results[0]);
    });

  test(`${name}: a matrix written in place, in memory that another one used and while more is taken → as uploaded`, async (t) => {
    const backend = create();
    t.after(() => backend.close());
    const shape = { width: 3, logHeight: 5 };
    const words = Uint32Array.from({ length: 96 }, (_, i) => (i % 5 === 0 ? i + 1 : 0));
    backend.free(await backend.upload(new Uint32Array(96).fill(7), shape));
    const { matrix, rows } = backend.allocate(shape);
    const other = backend.allocate({ width: 64, logHeight: 16 });
    words.forEach((word, i) => {
      if (word !== 0) rows[i] = word;
    });
    backend.free(other.matrix);
    const caps = [];
    for (const m of [matrix, await backend.upload(words, shape)]) {
      const columns = [0, 1, 2].map((column) => ({ matrix: m, column, offset: 32 * column }));
      caps.push((await backend.commit(columns, { columns: 4, logRows: 5, logInvRate: 2, capLog: 2 })).cap);
    }
    assert.deepEqual(caps[0], caps[1]);
  });

  test(`${name}: a freed or foreign handle, rows of another shape → an error that says so`, async (t) => {
    const backend = create();
    t.after(() => backend.close());
    const rows = new Uint32Array(32);
    const matrix = await backend.upload(rows, { width: 2, logHeight: 4 });
    const foreign = await createReferenceBackend().upload(rows, { width: 2, logHeight: 4 });
    const shape = { columns: 1, logRows: 4, logInvRate: 1, capLog: 0 };
    await assert.rejects(backend.commit([{ matrix: foreign, column: 0, offset: 0 }], shape), { code: 'foreignHandle' });
    await assert.rejects(backend.upload(rows, { width: 3, logHeight: 4 }), { code: 'matrixShape' });
    backend.free(matrix);
    await assert.rejects(backend.commit([{ matrix, column: 0, offset: 0 }], shape), { code: 'handleFreed' });
  });
}
