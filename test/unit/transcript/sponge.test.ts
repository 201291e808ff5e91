import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blake3 } from '@noble/hashes/blake3.js';
import { absorb, initialSponge, type Sponge, squeeze, tryNonce } from '../../../client/prover/hash/sponge.ts';
import { LABELS } from '../../../client/prover/transcript/labels.ts';
import { ProverTranscript } from '../../../client/prover/transcript/prover-transcript.ts';
import { VerifierTranscript } from '../../../client/prover/transcript/verifier-transcript.ts';

const bytesOf = (words: readonly number[]): Uint8Array => new Uint8Array(Uint32Array.from(words).buffer);
const stateOf = (sponge: Sponge): string => sponge.state.join();

test('a message of 0 to 40 words → keyed BLAKE3 of the words and the label: next state, and challenge', () => {
  let sponge = initialSponge();
  for (let words = 0; words <= 40; words++) {
    const message = Array.from({ length: words }, (_, k) => (k * 0x9e3779b9 + words) >>> 0);
    const expected = blake3(bytesOf([...message, 7]), { key: sponge.state, dkLen: 64 });
    sponge = absorb(sponge, 7, message);
    assert.deepEqual([...sponge.state, ...sponge.challenge!], [...expected]);
  }
});

test('messages that differ in a word, their length, their label or what came before → different states', () => {
  const start = initialSponge();
  const states = [
    absorb(start, 2, [1, 2]),
    absorb(start, 3, [1, 2]),
    absorb(start, 2, [1, 3]),
    absorb(start, 2, [1]),
    absorb(start, 2, [1, 2, 0]),
    absorb(start, 2, []),
    absorb(start, 2, [1, 2, 2]),
    absorb(absorb(start, 2, [1]), 2, [2]),
    absorb(absorb(start, 2, [2]), 2, [1]),
  ].map(stateOf);
  assert.equal(new Set(states).size, states.length);
});

test('two challenges of one state → different: the second absorbs an empty message', () => {
  const first = squeeze(absorb(initialSponge(), 2, [5]), 9);
  const second = squeeze(first.sponge, 9);
  assert.notDeepEqual(first.bytes, second.bytes);
  assert.notEqual(stateOf(first.sponge), stateOf(second.sponge));
});

test('a nonce → absorbed before the challenge behind it; one without its zero bits → transcript/grindingMissing', () => {
  const BITS = 6;
  const prover = new ProverTranscript();
  prover.absorb('statement', [1]);
  const before = prover.state();
  const works = (n: number): boolean => tryNonce(before, LABELS.queryGrind, n, BITS) !== undefined;
  const first = (from: number, wanted: boolean): number => {
    for (let n = from; ; n++) if (works(n) === wanted) return n;
  };
  const nonce = first(0, true);
  prover.sendNonce('queryGrind', BITS, nonce);
  const read = (bytes: Uint8Array) => {
    const verifier = new VerifierTranscript(bytes);
    verifier.absorb('statement', [1]);
    verifier.grind('queryGrind', BITS);
    return verifier.sampleExt('alpha');
  };
  const challenge = read(prover.bytes());
  assert.deepEqual(challenge, prover.sampleExt('alpha'));
  assert.notDeepEqual(read(bytesOf([first(nonce + 1, true)])), challenge);
  assert.throws(() => read(bytesOf([first(nonce + 1, false)])), { stage: 'transcript', code: 'grindingMissing' });
});
