import { type Ext, Fp5 } from '../../field/fp5.ts';
import { wordsFromBytes } from '../../hash/blake3.ts';
import type { Sponge } from '../../hash/sponge.ts';
import type { Transcript } from '../../transcript/transcript.ts';
import type { LogupChallenges } from '../logup/shape.ts';
import { logupChallenges } from '../logup/shape.ts';
import type { BlockStatement, Machine, SegmentStatement, VerifyingKey } from '../machine.ts';
import { maxFields } from '../machine.ts';
import { type PlacedClaim, placesOf } from '../segment/statement.ts';
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
    const words = [segment.index, ...stateWords(segment), ...globalSum];
    for (const { instance, column, value } of openClaims) words.push(instance, column, ...value);
    words.push(...spongeWords(sponge));
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
): PlacedClaim[] {
  let scale = Fp5.ONE;
  return segments.flatMap((result, j) => {
    const by = scale;
    scale = Fp5.mul(scale, sigma);
    const own = layout.segments[j]!;
    const placeOf = placesOf(own.slots);
    return result.openClaims.map((claim): PlacedClaim => {
      const chip = block.segments[j]!.instances[claim.instance]!.chip;
      const place = (column: number): number => {
        const offset = placeOf(claim.instance, column);
        if (offset !== undefined) return own.offset + offset;
        return machine.fixedSlots.find((s) => s.chip === chip && s.column === column)!.offset;
      };
      return { claim, place, scale: by };
    });
  });
}
