/** Work that a prover must do before a challenge: the profile of 128 bits asks for some before most of them. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createWasmBackend } from '../../client/prover/backends/wasm/backend.ts';
import type { BlockProof } from '../../client/prover/protocol/block/statement.ts';
import { verifyBlock } from '../../client/prover/protocol/block/verify.ts';
import type { Label } from '../../client/prover/transcript/labels.ts';
import { packedBytes } from '../../client/prover/transcript/packing.ts';
import type { TranscriptEvent } from '../../client/prover/transcript/transcript.ts';
import { PLAIN_KERNELS } from '../../client/prover/verifier/plain-kernels.ts';
import { partToy, toyKey } from '../support/toy/machine.ts';
import { verdictOf } from '../support/verdict.ts';

const backend = createWasmBackend({ threads: 1 });
after(() => backend.close());
const { vk, prove } = await toyKey('P128', backend);
const toy = partToy();
const proof = await prove(toy.block, toy.traces);

/** What the verifier reads and draws of the block's commitment, the segment and the closing. */
const parts: TranscriptEvent[][] = [];
verifyBlock(PLAIN_KERNELS, vk, toy.block, proof, (e) => {
  if (e.kind === 'absorb' && e.label !== parts.at(-1)?.[0]?.label) parts.push([]);
  parts.at(-1)!.push(e);
});
const PUT: readonly ((bytes: Uint8Array) => BlockProof)[] = [
  (bytes) => ({ ...proof, commitment: bytes }),
  (bytes) => ({ ...proof, segments: [{ ...proof.segments[0]!, bytes }] }),
  (bytes) => ({ ...proof, closing: bytes }),
];
const BYTES = [proof.commitment, proof.segments[0]!.bytes, proof.closing];
const DIGESTS: ReadonlySet<Label> = new Set<Label>(['blockCap', 'mainCap', 'layerCap', 'queryPaths']);
const BEFORE: Partial<Readonly<Record<Label, Label>>> = {
  globalGrind: 'globalChallenge',
  localGrind: 'alpha',
  foldGrind: 'foldChallenge',
  queryGrind: 'query',
};

test('a block under the profile of 128 bits → accepted; each nonce is the last message before its challenge', () => {
  assert.equal(verdictOf(vk, toy.block, proof), 'accepted');
  const seen = new Set<Label>();
  for (const events of parts)
    for (const [k, { kind, label }] of events.entries()) {
      if (kind !== 'grind') continue;
      seen.add(label);
      const next = events[k + 1];
      assert.deepEqual([next?.kind, next?.label], ['sample', BEFORE[label]]);
    }
  assert.deepEqual([...seen].sort(), Object.keys(BEFORE).sort());
});

test('rejects another nonce of every kind → transcript/grindingMissing', () => {
  for (const [p, events] of parts.entries()) {
    const seen = new Set<Label>();
    let at = 0;
    for (const { kind, label, words } of events) {
      if (kind === 'grind' && !seen.has(label)) {
        seen.add(label);
        const changed = BYTES[p]!.slice();
        changed[at]! ^= 1;
        assert.equal(verdictOf(vk, toy.block, PUT[p]!(changed)), 'transcript/grindingMissing', label);
      }
      if (kind === 'grind' || kind === 'send')
        at += kind === 'grind' || DIGESTS.has(label) ? 4 * words : packedBytes(words);
    }
    assert.equal(at, BYTES[p]!.length);
  }
});
