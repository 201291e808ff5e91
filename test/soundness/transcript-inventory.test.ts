import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { verifyBlock } from '../../client/prover/protocol/block/verify.ts';
import { LABELS } from '../../client/prover/transcript/labels.ts';
import type { TranscriptEvent } from '../../client/prover/transcript/transcript.ts';
import { PLAIN_KERNELS } from '../../client/prover/verifier/plain-kernels.ts';
import { repoRoot } from '../support/data.ts';
import { honestToy, toyKey, wholeToy } from '../support/toy/machine.ts';

const GOLDEN = join(repoRoot(), 'test', 'golden', 'transcript-inventory.txt');

/** One line per message or challenge; equal neighbours are counted. */
function inventory(events: readonly TranscriptEvent[]): string {
  const lines: { text: string; times: number }[] = [];
  for (const { kind, label, words } of events) {
    const text = `${kind} ${label} ${words}`;
    const last = lines[lines.length - 1];
    if (last?.text === text) last.times++;
    else lines.push({ text, times: 1 });
  }
  return `${lines.map(({ text, times }) => (times === 1 ? text : `${text} x${times}`)).join('\n')}\n`;
}

const { vk, prove } = await toyKey('P100');
const BLOCKS = { 'two segments': honestToy(), 'one whole segment': wholeToy() };
const proverEvents: TranscriptEvent[] = [];
const verifierEvents: TranscriptEvent[] = [];
const sections: string[] = [];
for (const [name, { block, traces }] of Object.entries(BLOCKS)) {
  const proof = await prove(block, traces, { listener: (e) => proverEvents.push(e) });
  const own: TranscriptEvent[] = [];
  verifyBlock(PLAIN_KERNELS, vk, block, proof, (e) => own.push(e));
  verifierEvents.push(...own);
  sections.push(`# ${name}\n${inventory(own)}`);
}

test('prover and verifier → the same messages and challenges in the same order', () => {
  assert.equal(inventory(proverEvents), inventory(verifierEvents));
});

test('the protocol’s messages and challenges → as committed in test/golden/transcript-inventory.txt', () => {
  const actual = sections.join('\n');
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(GOLDEN, actual);
  assert.equal(actual, readFileSync(GOLDEN, 'utf8'));
});

test('labels → all numbers different, every label in use', () => {
  const numbers = Object.values(LABELS);
  assert.equal(new Set(numbers).size, numbers.length);
  const used = new Set(verifierEvents.map((e) => e.label));
  assert.deepEqual(
    Object.keys(LABELS).filter((label) => !used.has(label as keyof typeof LABELS)),
    ONLY_SOMETIMES,
  );
});

/** Labels that this toy does not reach: grinding that P100 does not need, lanes, later layers of large tables. */
const ONLY_SOMETIMES: readonly string[] = [
  ...['globalGrind', 'localGrind', 'zerocheckPoint', 'sliceRound', 'sliceChallenge', 'sliceCells', 'foldGrind'],
];
