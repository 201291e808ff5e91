import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Instance } from '../../client/prover/air/dag.ts';
import { createWasmBackend } from '../../client/prover/backends/wasm/backend.ts';
import { Fp, P } from '../../client/prover/field/fp.ts';
import { Fp5 } from '../../client/prover/field/fp5.ts';
import type { BlockProof } from '../../client/prover/protocol/block/statement.ts';
import type { BlockStatement, VerifyingKey } from '../../client/prover/protocol/machine.ts';
import { honestToy, TOTALS_AT, toyBlock, toyKey } from '../support/toy/machine.ts';
import { verdictOf } from '../support/verdict.ts';

const { vk, prove } = await toyKey('P100');
const honest = honestToy();
const proof = await prove(honest.block, honest.traces);

const verdict = (block: BlockStatement, candidate: BlockProof, key: VerifyingKey = vk): string =>
  verdictOf(key, block, candidate);

test('honest two-segment block → accepted, deterministic', async () => {
  assert.equal(verdict(honest.block, proof), 'accepted');
  assert.deepEqual(await prove(honest.block, honest.traces), proof);
});

test('honest block under another profile → accepted by its own key, rejected by the other', {
  timeout: 300_000,
}, async () => {
  const other = await toyKey('P100Unique');
  const own = await other.prove(honest.block, honest.traces);
  assert.equal(verdict(honest.block, own, other.vk), 'accepted');
  assert.notEqual(verdict(honest.block, own), 'accepted');
  assert.notEqual(verdict(honest.block, proof, other.vk), 'accepted');
});

const copyTraces = (): Instance[][] => honest.traces.map((trace) => trace.map((t) => ({ ...t, rows: t.rows.slice() })));

test('rejects every single-cell lie of a prover who recomputes everything else, but for declared free cells', {
  timeout: 600_000,
}, async (t) => {
  // A liar computes as he likes: the fast backend has time for both segments.
  const backend = createWasmBackend({ threads: 1 });
  t.after(() => backend.close());
  const liar = await toyKey('P100', backend);
  assert.deepEqual(await liar.prove(honest.block, honest.traces), proof);
  const accepted: string[] = [];
  const verdicts = new Map<string, number>();
  for (const j of honest.traces.keys())
    for (const [i, instance] of honest.traces[j]!.entries()) {
      const width = instance.chip.columns.length;
      const rows = i === 0 || i === 3 ? [1, 4] : [5];
      for (const r of rows)
        for (let c = 0; c < width; c++) {
          const column = instance.chip.columns[c]!;
          const traces = copyTraces();
          const cells = traces[j]![i]!.rows;
          cells[r * width + c] = Fp.add(cells[r * width + c]!, 1);
          const v = verdict(honest.block, await liar.prove(honest.block, traces));
          verdicts.set(v, (verdicts.get(v) ?? 0) + 1);
          const padding = (i === 0 || i === 3) && r > 3;
          if (v === 'accepted' && !(padding && column.name in instance.chip.freeCells))
            accepted.push(`segment ${j} ${instance.chip.id}.${column.name} row ${r}`);
        }
    }
  assert.deepEqual(accepted, []);
  for (const v of ['logup/localImbalance', 'zerocheck/skipSum']) assert.ok(verdicts.has(v), v);
});

test('rejects a wrong final total, a dropped, doubled, exchanged or foreign segment', async () => {
  const { block } = honest;
  const other = block.claim.slice();
  other[TOTALS_AT + 2]! += 1;
  assert.notEqual(verdict({ ...block, claim: other }, proof), 'accepted', 'another claim');
  const [s0, s1] = block.segments;
  const [p0, p1] = proof.segments;
  assert.notEqual(verdict({ ...block, segments: [s0!] }, { ...proof, segments: [p0!] }), 'accepted', 'dropped');
  assert.equal(verdict({ ...block, segments: [s1!, s0!] }, { ...proof, segments: [p1!, p0!] }), 'shape/shapeMismatch');
  assert.notEqual(verdict(block, { ...proof, segments: [p0!, p0!] }), 'accepted', 'doubled');
  const foreign = toyBlock([
    [0, 1, 2, 3].map((cell) => ({ cell, a: 1, b: 2 })),
    [0, 1, 2, 3].map((cell) => ({ cell, a: 1, b: 2 })),
  ]);
  const foreignProof = await prove(foreign.block, foreign.traces);
  assert.equal(verdict(foreign.block, foreignProof), 'accepted');
  assert.notEqual(verdict(block, { ...proof, segments: [p0!, foreignProof.segments[1]!] }), 'accepted', 'foreign');
  assert.notEqual(verdict(block, { ...proof, closing: foreignProof.closing }), 'accepted', 'foreign closing');
  assert.notEqual(verdict(block, { ...proof, commitment: foreignProof.commitment }), 'accepted', 'foreign commitment');
});

test('rejects a total that starts elsewhere than the segment before ended', async () => {
  const traces = copyTraces();
  const cells = traces[1]![3]!.rows;
  for (const column of [2, 3]) cells[column] = Fp.add(cells[column]!, 1);
  assert.equal(verdict(honest.block, await prove(honest.block, traces)), 'block/globalImbalance');
});

test('rejects a stated global sum that is not the proven one', async () => {
  const segments = proof.segments.map((s, j) =>
    j === 0 ? { ...s, globalSum: Fp5.add(s.globalSum, Fp5.ONE) } : { ...s, globalSum: Fp5.sub(s.globalSum, Fp5.ONE) },
  );
  assert.equal(verdict(honest.block, { ...proof, segments }), 'block/globalSumMismatch');
});

test('rejects every altered, truncated or extended part of a proof', { timeout: 600_000 }, () => {
  const parts: [string, (bytes: Uint8Array) => BlockProof, Uint8Array][] = [
    ['commitment', (bytes) => ({ ...proof, commitment: bytes }), proof.commitment],
    ['closing', (bytes) => ({ ...proof, closing: bytes }), proof.closing],
    [
      'segment',
      (bytes) => ({ ...proof, segments: [{ ...proof.segments[0]!, bytes }, proof.segments[1]!] }),
      proof.segments[0]!.bytes,
    ],
  ];
  for (const [name, put, bytes] of parts) {
    const stride = name === 'commitment' ? 3 : 1012;
    for (let at = 0; at < bytes.length; at += stride) {
      const changed = bytes.slice();
      changed[at]! ^= 1;
      assert.notEqual(verdict(honest.block, put(changed)), 'accepted', `${name} byte ${at}`);
    }
    assert.match(
      verdict(honest.block, put(bytes.slice(0, -4))),
      /transcript\/truncated|logup|whir|zerocheck/,
      `${name} truncated`,
    );
    assert.notEqual(verdict(honest.block, put(new Uint8Array(0))), 'accepted', `${name} empty`);
    const longer = new Uint8Array(bytes.length + 4);
    longer.set(bytes);
    assert.equal(verdict(honest.block, put(longer)), 'transcript/trailingBytes', `${name} extended`);
  }
});

test('rejects a non-canonical field element, and a bit behind the last element of a message', () => {
  const verdictOf = (change: (answer: Uint8Array) => void): string => {
    const bytes = proof.segments[0]!.bytes.slice();
    // Behind the root of the main columns stands the answer to its out-of-domain sample: 155 bits.
    change(bytes.subarray(32, 52));
    return verdict(honest.block, { ...proof, segments: [{ ...proof.segments[0]!, bytes }, proof.segments[1]!] });
  };
  assert.equal(
    verdictOf((answer) => answer.set([P, P >>> 8, P >>> 16, (P >>> 24) | (answer[3]! & 0x80)])),
    'transcript/notCanonical',
  );
  for (const bit of [3, 7])
    assert.equal(
      verdictOf((answer) => {
        answer[19]! |= 1 << bit;
      }),
      'transcript/paddingBits',
    );
});

test('rejects two segments whose errors on one committed column cancel', async () => {
  const traces = copyTraces();
  for (const [j, delta] of [
    [0, 1],
    [1, P - 1],
  ] as const) {
    const cells = traces[j]![2]!.rows;
    cells[7 * 3 + 1] = Fp.add(cells[7 * 3 + 1]!, delta);
  }
  assert.notEqual(verdict(honest.block, await prove(honest.block, traces)), 'accepted');
});
