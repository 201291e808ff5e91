import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Instance, Tree } from '../../client/prover/air/dag.ts';
import type { Backend } from '../../client/prover/backends/interface.ts';
import { createReferenceBackend } from '../../client/prover/backends/reference/backend.ts';
import { plain } from '../../client/prover/backends/reference/handles.ts';
import { createWasmBackend } from '../../client/prover/backends/wasm/backend.ts';
import { Fp } from '../../client/prover/field/fp.ts';
import { blockLayout } from '../../client/prover/protocol/block/layout.ts';
import type { BlockProof } from '../../client/prover/protocol/block/statement.ts';
import { verifyBlock } from '../../client/prover/protocol/block/verify.ts';
import type { BlockStatement, VerifyingKey } from '../../client/prover/protocol/machine.ts';
import { slotsOf } from '../../client/prover/protocol/shape.ts';
import { packedBytes } from '../../client/prover/transcript/packing.ts';
import type { TranscriptEvent } from '../../client/prover/transcript/transcript.ts';
import { PLAIN_KERNELS } from '../../client/prover/verifier/plain-kernels.ts';
import { honestToy, partToy, SQUARE, type ToyBlock, toyKey, wholeToy } from '../support/toy/machine.ts';
import { verdictOf } from '../support/verdict.ts';

const { vk, prove } = await toyKey('P100');
const whole = wholeToy();
const proof = await prove(whole.block, whole.traces);

const verdict = (block: BlockStatement, candidate: BlockProof, key: VerifyingKey = vk): string =>
  verdictOf(key, block, candidate);

const copyTraces = (toy: ToyBlock): Instance[][] =>
  toy.traces.map((trace) => trace.map((t) => ({ ...t, rows: t.rows.slice() })));

/** What the verifier reads and draws, part by part: the block's commitment, the segments, the closing. */
function partsOf(toy: ToyBlock, of: BlockProof): TranscriptEvent[][] {
  const parts: TranscriptEvent[][] = [];
  verifyBlock(PLAIN_KERNELS, vk, toy.block, of, (e) => {
    if (e.kind === 'absorb' && e.label !== parts.at(-1)?.[0]?.label) parts.push([]);
    parts.at(-1)!.push(e);
  });
  return parts;
}

test('a whole block → accepted, deterministic, with one tree that only the closing opens', async () => {
  assert.equal(verdict(whole.block, proof), 'accepted');
  assert.deepEqual(await prove(whole.block, whole.traces), proof);
  const [, segment, closing] = partsOf(whole, proof);
  assert.deepEqual(
    segment!.filter((e) => ['mainCap', 'mainOod', 'queryRows', 'tau'].includes(e.label)),
    [],
  );
  assert.equal(closing!.filter((e) => e.label === 'queryRows').length, 3, 'key, block, one folded table');
});

test('one segment of another type → accepted, with a tree of its own', async () => {
  const part = partToy();
  const own = await prove(part.block, part.traces);
  assert.equal(verdict(part.block, own), 'accepted');
  assert.ok(partsOf(part, own)[1]!.some((e) => e.label === 'mainCap'));
});

test('a whole block’s layout → a place for every column that has cells, none upon another', () => {
  const { segments, fixedColumns, blockColumns, table } = blockLayout(vk.machine, whole.block);
  const { offset, stack } = segments[0]!;
  const slots = slotsOf(stack);
  const trees = slots.map((s) => whole.traces[0]![s.instance]!.chip.columns[s.column]!.tree);
  assert.deepEqual(new Set(trees), new Set<Tree>(['interface', 'main']));
  const used = new Uint8Array((fixedColumns + blockColumns) * 2 ** table.logRows);
  used.fill(1, 0, fixedColumns * 2 ** table.logRows);
  for (const slot of slots) for (let i = 0; i < 2 ** slot.logHeight; i++) used[offset + slot.offset + i]!++;
  assert.ok(used.every((n) => n <= 1));
});

test('a whole block: rejects every single-cell lie of a prover who recomputes everything else, but for declared free cells', {
  timeout: 600_000,
}, async (t) => {
  const backend = createWasmBackend({ threads: 1 });
  t.after(() => backend.close());
  const liar = await toyKey('P100', backend);
  assert.deepEqual(await liar.prove(whole.block, whole.traces), proof);
  const accepted: string[] = [];
  for (const [i, { chip }] of whole.traces[0]!.entries()) {
    const width = chip.columns.length;
    const rows = i === 0 || i === 3 ? [1, 4] : [5];
    for (const r of rows)
      for (const [c, column] of chip.columns.entries()) {
        const traces = copyTraces(whole);
        const cells = traces[0]![i]!.rows;
        cells[r * width + c] = Fp.add(cells[r * width + c]!, 1);
        const isFree = rows.length === 2 && r > 3 && column.name in chip.freeCells;
        if (verdict(whole.block, await liar.prove(whole.block, traces)) === 'accepted' && !isFree)
          accepted.push(`${chip.id}.${column.name} row ${r}`);
      }
  }
  assert.deepEqual(accepted, []);
});

/** A backend that commits to one other cell than the rest of the proof is about: in column `lie` of what it stacks. */
function otherwiseCommitting(lie: number): Backend {
  const honest = createReferenceBackend();
  return {
    ...honest,
    commit: (columns, shape) =>
      honest.commit(
        columns.map((c, i) => {
          if (i !== lie || columns.length < 5) return c;
          const matrix = plain.matrix(c.matrix);
          const rows = matrix.rows.slice();
          rows[c.column] = Fp.add(rows[c.column]!, 1);
          return { ...c, matrix: { ...matrix, rows } };
        }),
        shape,
      ),
  };
}

test('a whole block: rejects a tree with another cell than was proven about, in any column', async () => {
  const slots = slotsOf(blockLayout(vk.machine, whole.block).segments[0]!.stack);
  for (const [k, { instance, column }] of slots.entries()) {
    const lying = await toyKey('P100', otherwiseCommitting(k));
    assert.deepEqual(lying.vk.fixedCap, vk.fixedCap);
    const { name } = whole.traces[0]![instance]!.chip.columns[column]!;
    assert.match(verdict(whole.block, await lying.prove(whole.block, whole.traces)), /^whir\//, name);
  }
});

test('a whole block: rejects a fixed column that differs from the key’s, though every bus balances', async () => {
  const traces = copyTraces(whole);
  const [step, , square, boundary] = traces[0]! as [Instance, Instance, Instance, Instance];
  const at = (t: Instance, row: number, name: string): number =>
    row * t.chip.columns.length + t.chip.columns.findIndex((c) => c.name === name);
  // The step of cell 0 has b = 5: all tables say that the square of 5 is 26.
  const more = step.rows[at(step, 0, 'a')]!;
  step.rows[at(step, 0, 'square')]! += 1;
  step.rows[at(step, 0, 'product')]! += more;
  square.rows[at(square, 5, 'square')]! += 1;
  boundary.rows[at(boundary, 0, 'after')]! += more;
  boundary.rows[at(boundary, 0, 'gain')]! += more;
  const claim = whole.block.claim.slice();
  claim[12]! += more;
  const block = { ...whole.block, claim };
  assert.ok(square.chip.interactions.some((i) => i.bus.id === SQUARE.id));
  assert.match(verdict(block, await prove(block, traces)), /^whir\//);
});

/** Messages of 32-bit words; all others are packed field elements. */
const DIGESTS: ReadonlySet<string> = new Set(['blockCap', 'layerCap', 'queryPaths']);

test('a whole block: rejects a change in one message of every kind, and every truncated or extended part', () => {
  const put: readonly ((bytes: Uint8Array) => BlockProof)[] = [
    (bytes) => ({ ...proof, commitment: bytes }),
    (bytes) => ({ ...proof, segments: [{ ...proof.segments[0]!, bytes }] }),
    (bytes) => ({ ...proof, closing: bytes }),
  ];
  const honest = [proof.commitment, proof.segments[0]!.bytes, proof.closing];
  for (const [p, events] of partsOf(whole, proof).entries()) {
    const bytes = honest[p]!;
    const seen = new Set<string>();
    let at = 0;
    for (const { kind, label, words } of events) {
      if (kind !== 'send' && kind !== 'grind') continue;
      const length = DIGESTS.has(label) || kind === 'grind' ? 4 * words : packedBytes(words);
      if (!seen.has(label))
        for (const byte of length === 0 ? [] : [0, length - 1]) {
          const changed = bytes.slice();
          changed[at + byte]! ^= 1;
          assert.notEqual(verdict(whole.block, put[p]!(changed)), 'accepted', `${label} byte ${byte}`);
        }
      seen.add(label);
      at += length;
    }
    assert.equal(at, bytes.length);
    assert.notEqual(verdict(whole.block, put[p]!(bytes.slice(0, -4))), 'accepted');
    assert.equal(verdict(whole.block, put[p]!(Uint8Array.of(...bytes, 0, 0, 0, 0))), 'transcript/trailingBytes');
  }
});

test('rejects a proof in one tree for a block that is not whole, and the other way round', async () => {
  const part = partToy();
  const [type] = part.block.segments.map((s) => s.type);
  const otherMachine = { ...vk, machine: { ...vk.machine, wholeType: type! } };
  const lying = await toyKey('P100', createReferenceBackend(), otherMachine.machine);
  assert.deepEqual(lying.vk.digest, vk.digest);
  const inOneTree = await lying.prove(part.block, part.traces);
  assert.equal(verdict(part.block, inOneTree, lying.vk), 'accepted');
  assert.notEqual(verdict(part.block, inOneTree), 'accepted');
  const inTwo = await lying.prove(whole.block, whole.traces);
  assert.equal(verdict(whole.block, inTwo, lying.vk), 'accepted');
  assert.notEqual(verdict(whole.block, inTwo), 'accepted');
});

test('rejects a proof in one tree for a block of two segments, whatever their types', async () => {
  const two = honestToy();
  const type = whole.block.segments[0]!.type;
  const block = { ...two.block, segments: two.block.segments.map((s) => ({ ...s, type })) };
  const honest = await prove(block, two.traces);
  assert.equal(verdict(block, honest), 'accepted');
  assert.ok(!blockLayout(vk.machine, block).isWhole);
  const segments = honest.segments.map((s) => ({ ...s, bytes: proof.segments[0]!.bytes }));
  assert.notEqual(verdict(block, { ...honest, segments }), 'accepted');
  assert.notEqual(verdict(block, { ...proof, segments }), 'accepted');
  assert.equal(verdict(block, proof), 'shape/segmentCount');
});
