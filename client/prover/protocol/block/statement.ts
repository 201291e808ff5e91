import { oncePer } from '../../air/once-per.ts';
import { EXT_WORDS } from '../../field/ext-vec.ts';
import { type Ext, Fp5 } from '../../field/fp5.ts';
import { wordsFromBytes } from '../../hash/blake3.ts';
import type { Sponge } from '../../hash/sponge.ts';
import type { Transcript } from '../../transcript/transcript.ts';
import type { LogupChallenges } from '../logup/shape.ts';
import { logupChallenges } from '../logup/shape.ts';
import type { BlockStatement, FixedSlot, Machine, SegmentStatement, VerifyingKey } from '../machine.ts';
import { maxFields } from '../machine.ts';
import { type PlacedClaims, Placement } from '../segment/statement.ts';
import type { SegmentResult } from '../segment/verify.ts';
import { shapeChain, stateWords } from './chain.ts';
import type { BlockLayout } from './layout.ts';

/** A block's proof: what is committed before the global challenge, one proof per segment, and the closing. */
export type BlockProof = {
  /** Root of the block's tree, out-of-domain answers and nonce. */
  readonly commitment: Uint8Array;
  readonly segments: readonly { readonly globalSum: Ext; readonly bytes: Uint8Array }[];
  readonly closing: Uint8Array;
};

/** The challenges of all segments together, and the state they were drawn from. */
export type GlobalChallenge = { readonly seed: Uint8Array; readonly challenges: LogupChallenges };

/** Starts the transcript of the block's commitment from the shapes of all segments. */
export function absorbShape(tr: Transcript, vk: VerifyingKey, block: BlockStatement): Uint8Array[] {
  const chain = shapeChain(vk, block);
  tr.absorb('shape', [...wordsFromBytes(chain[chain.length - 1]!), block.segments.length]);
  return chain;
}

/** Draws the global challenge from a transcript that has absorbed cap, answers and nonce. */
export function sampleGlobal(tr: Transcript, machine: Machine): GlobalChallenge {
  const alpha = tr.sampleExt('globalChallenge');
  const beta = tr.sampleExt('globalChallenge');
  return { seed: tr.state().state, challenges: logupChallenges(alpha, beta, maxFields(machine)) };
}

const spongeWords = (sponge: Sponge): Uint32Array => wordsFromBytes(sponge.state);

/** Starts the closing's transcript: everything that its claims depend on, segment by segment. */
export function absorbClosing(
  tr: Transcript,
  vk: VerifyingKey,
  block: BlockStatement,
  chain: readonly Uint8Array[],
  seed: Uint8Array,
  segments: readonly SegmentResult[],
): void {
  tr.absorb('statement', [
    ...wordsFromBytes(vk.digest),
    ...wordsFromBytes(seed),
    ...wordsFromBytes(chain[chain.length - 1]!),
    block.segments.length,
  ]);
  block.segments.forEach((segment: SegmentStatement, j) => {
    const { globalSum, openClaims, sponge } = segments[j]!;
    const front = [segment.index, ...stateWords(segment), ...globalSum];
    const back = spongeWords(sponge);
    const claims = openClaims.reduce((n, { columns }) => n + columns.length, 0);
    const words = new Uint32Array(front.length + claims * (2 + EXT_WORDS) + back.length);
    words.set(front);
    let at = front.length;
    for (const { instance, columns, values } of openClaims)
      for (const column of columns) {
        words[at++] = instance;
        words[at++] = column;
        for (let k = 0; k < EXT_WORDS; k++) words[at++] = values[EXT_WORDS * column + k]!;
      }
    words.set(back, at);
    tr.absorb('statement', words);
  });
}

/**
 * All open claims of all segments, to be batched as one: segment j's by σ^j, each column at its place in the closing's
 * table. Two segments claim the same fixed column; without σ errors of opposite sign would cancel.
 */
export function closingClaims(
  machine: Machine,
  block: BlockStatement,
  layout: BlockLayout,
  segments: readonly SegmentResult[],
  sigma: Ext,
): PlacedClaims {
  let scale = Fp5.ONE;
  const placed = new Placement();
  for (const [j, { openClaims }] of segments.entries()) {
    const { offset, stack } = layout.segments[j]!;
    const own = new Map(stack.map((s) => [s.instance, s]));
    for (const claims of openClaims) {
      const { instance } = claims;
      const part = own.get(instance)!;
      placed.add(claims, part.columns, offset + part.offset, scale);
      const chip = block.segments[j]!.instances[instance]!.chip;
      for (const slot of fixedSlots(machine)[chip] ?? []) placed.add(claims, [slot.column], slot.offset, scale);
    }
    scale = Fp5.mul(scale, sigma);
  }
  return placed;
}

/** By chip: where its columns in the key's tree lie. */
const fixedSlots = oncePer((machine: Machine): readonly (readonly FixedSlot[])[] =>
  machine.chips.map((_, chip) => machine.fixedSlots.filter((s) => s.chip === chip)),
);
