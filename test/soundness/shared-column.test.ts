import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Instance } from '../../client/prover/air/dag.ts';
import { createWasmBackend } from '../../client/prover/backends/wasm/backend.ts';
import { commitFixed, heldTraces, proveBlock } from '../../client/prover/engine/prove-block.ts';
import { Fp, P } from '../../client/prover/field/fp.ts';
import { blake3 } from '../../client/prover/hash/blake3.ts';
import { blockLayout } from '../../client/prover/protocol/block/layout.ts';
import type { BlockProof } from '../../client/prover/protocol/block/statement.ts';
import type { VerifyingKey } from '../../client/prover/protocol/machine.ts';
import { slotsOf } from '../../client/prover/protocol/shape.ts';
import { honestToy, toyMachine } from '../support/toy/machine.ts';
import { verdictOf } from '../support/verdict.ts';

/** The toy with closing columns of twice the rows: what both segments hand on stands in one of them. */
const backend = createWasmBackend({ threads: 1 });
after(() => backend.close());
const machine = { ...toyMachine('P100'), logRows: 7 };
const fixed = await commitFixed(backend, machine);
const vk: VerifyingKey = {
  machine,
  digest: blake3(new TextEncoder().encode(fixed.cap.join())),
  fixedCap: fixed.cap,
};
const { block, traces } = honestToy();
const BOUNDARY_AT = 3;
const prove = (changed: readonly (readonly Instance[])[]): Promise<BlockProof> =>
  proveBlock(backend, vk, fixed, block, heldTraces(changed));

const verdict = (proof: BlockProof): string => verdictOf(vk, block, proof);

/** The honest traces with a number added to one interface cell of each segment. */
function withDeltas(row: number, column: string, deltas: readonly [number, number]): Instance[][] {
  return traces.map((trace, j) =>
    trace.map((table, i) => {
      if (i !== BOUNDARY_AT) return table;
      const rows = table.rows.slice();
      const at = row * table.chip.columns.length + table.chip.columns.findIndex(({ name }) => name === column);
      rows[at] = Fp.add(rows[at]!, deltas[j]!);
      return { ...table, rows };
    }),
  );
}

test('two segments whose interface tables share a closing column → accepted', async () => {
  const { segments, table } = blockLayout(machine, block);
  const columns = segments.map(({ offset, stack }) =>
    slotsOf(stack).map((s) => Math.floor((offset + s.offset) / 2 ** table.logRows)),
  );
  assert.deepEqual(new Set(columns[0]), new Set(columns[1]));
  assert.equal(verdict(await prove(traces)), 'accepted');
});

test('rejects two segments whose errors in one closing column cancel, in every interface column', async () => {
  for (const column of ['isReal', 'cell', 'before', 'after'])
    for (const deltas of [
      [1, P - 1],
      [0, 1],
    ] as const)
      assert.notEqual(verdict(await prove(withDeltas(1, column, deltas))), 'accepted', `${column} ${deltas}`);
});

test('rejects a segment whose interface cells in the block’s tree are not those that its own proof was made of', async () => {
  const lie = withDeltas(1, 'after', [1, P - 1]);
  for (const j of [0, 1]) {
    const mixed = traces.map((trace, i) => (i === j ? lie[i]! : trace));
    const proof = await proveBlock(backend, vk, fixed, block, {
      ...heldTraces(traces),
      interfaceOf: (i) => new Map(mixed[i]!.entries()),
    });
    assert.notEqual(verdict(proof), 'accepted', `segment ${j}`);
  }
});
