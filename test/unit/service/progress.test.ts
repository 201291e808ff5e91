import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Progress } from '../../../client/prover/interface.ts';
import { MIN_MEMORY_MIB, memoryPlan } from '../../../client/prover/service/memory.ts';
import { ProgressMeter } from '../../../client/prover/service/progress.ts';

const SEGMENT = ['trace', 'commit', 'logup', 'zerocheck', 'open'];

describe('progress of a proof', () => {
  test('all steps of two segments → the stage that runs, a share that only grows after the cut is known, 100 % at the end', () => {
    const reports: Progress[] = [];
    const meter = new ProgressMeter((p) => reports.push(p));
    meter.begin();
    meter.step('key');
    meter.segments(2);
    for (const step of ['record', 'interface', ...SEGMENT, ...SEGMENT, 'closing']) meter.step(step);
    assert.deepEqual(
      reports.map((r) => r.stage),
      [...['key', 'record', 'record', 'interface', ...SEGMENT, ...SEGMENT, 'closing', 'done']],
    );
    const shares = reports.slice(2).map((r) => r.done / r.total);
    assert.deepEqual(
      shares,
      [...shares].sort((a, b) => a - b),
    );
    assert.equal(shares.at(-1), 1);
    assert.deepEqual(Object.keys(meter.stages), ['key', 'record', 'interface', ...SEGMENT, 'closing']);
  });

  test('all steps of one segment → it is committed and opened with the block', () => {
    const reports: Progress[] = [];
    const meter = new ProgressMeter((p) => reports.push(p));
    meter.begin();
    const steps = ['key', 'record', 'trace', 'commit', 'logup', 'zerocheck', 'closing'];
    for (const step of steps) meter.step(step);
    assert.deepEqual(
      reports.map((r) => r.stage),
      [...steps, 'done'],
    );
    assert.equal(reports.at(-1)?.done, reports.at(-1)?.total);
  });

  test('a step that is not planned → timed, and the rest goes on', () => {
    const reports: Progress[] = [];
    const meter = new ProgressMeter((p) => reports.push(p));
    for (const step of ['key', 'polish', 'record']) meter.step(step);
    assert.deepEqual(
      reports.map((r) => r.stage),
      ['record', 'trace'],
    );
    assert.ok('polish' in meter.stages);
  });
});

test('a memory limit → parts within it, larger segments with more of it', () => {
  const limits = [MIN_MEMORY_MIB, 4096, 8192, 65536];
  const plans = limits.map(memoryPlan);
  for (const [i, plan] of plans.entries()) {
    assert.equal(plan.maxBytes, limits[i]! * 2 ** 20);
    assert.ok(plan.kernelBytes <= Math.min(plan.maxBytes, 2 ** 32));
    assert.ok(plan.heapMiB <= limits[i]!);
    assert.ok(plan.segmentCells >= 2 ** 22);
    assert.ok(plan.segmentCells >= (plans[i - 1]?.segmentCells ?? 0));
  }
});
