import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkBuses, checkRows } from '../../../client/prover/air/check.ts';
import { buildTrace, wholeSegment } from '../../../client/prover/engine/trace.ts';
import { encodeGuestInput } from '../../../client/prover/guest/input.ts';
import { loadGuest } from '../../../client/prover/guest/load.ts';
import { wordsFromBytes } from '../../../client/prover/hash/blake3.ts';
import { buildZkVm, type ZkVm } from '../../../client/prover/machine/zkvm.ts';
import { decodeModule } from '../../../client/prover/vm/decode.ts';
import { type Executable, prepare } from '../../../client/prover/vm/executable.ts';
import { MAX_SLOTS } from '../../../client/prover/vm/execute.ts';
import { flatten, flattenCells } from '../../../client/prover/vm/flat-records.ts';
import { lower } from '../../../client/prover/vm/lower.ts';
import { record } from '../../../client/prover/vm/record.ts';
import { needsData } from '../../support/data.ts';
import { guestInputOf, realBlock } from '../../support/real-blocks.ts';

let made: { readonly vm: ZkVm<'P100'>; readonly executable: Executable } | undefined;
function machine(): { readonly vm: ZkVm<'P100'>; readonly executable: Executable } {
  if (made === undefined) {
    const program = lower(decodeModule(loadGuest().wasm));
    made = { vm: buildZkVm(program, 'P100', MAX_SLOTS), executable: prepare(program) };
  }
  return made;
}

/** The last one only in the full check: a minute and more. */
const BLOCKS = ['mainnet-1', 'mainnet-2675001', ...(process.env.ZKL1_TEST_FULL === '1' ? ['mainnet-1150001'] : [])];
for (const name of BLOCKS)
  test(`${name} in the machine → every constraint holds and every bus balances`, {
    ...needsData(),
    timeout: 900_000,
  }, () => {
    const { vm, executable } = machine();
    const run = record(executable, encodeGuestInput(guestInputOf(realBlock(name))));
    assert.ok(run.end.ok);
    const [segment] = run.segments;
    assert.equal(run.segments.length, 1);
    const trace = buildTrace(vm, wholeSegment(flatten(segment!, vm.rowTypes), flattenCells(run.end.cells)));
    const statement = {
      index: 0,
      type: 0,
      entry: segment!.entry,
      exit: segment!.exit,
      instances: trace.map((t) => ({ chip: vm.numberOf(t.chip.id), logHeight: t.logHeight })),
    };
    const block = { claim: wordsFromBytes(run.end.publicValues), segments: [statement] };
    assert.equal(vm.machine.checkShape(block), undefined);
    const publics = vm.machine.publics(statement);
    assert.deepEqual(checkRows(trace, publics), []);
    assert.deepEqual(checkBuses(trace, vm.machine.localMessages(block, statement), publics), []);
    assert.deepEqual(checkBuses(trace, vm.machine.globalMessages(block), publics, 'global'), []);
  });
