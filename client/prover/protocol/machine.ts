import type { ExtraMessage } from '../air/check.ts';
import type { Chip } from '../air/chip.ts';
import { oncePer } from '../air/once-per.ts';
import type { SoundnessProfile } from '../soundness/profiles.ts';

/** Where a segment starts or ends; the clock starts at 1 in every segment. */
export type CpuState = { readonly pc: number; readonly fp: number };

/** What a segment's proof is about: everything that its verifier is told besides the proof. */
export type SegmentStatement = {
  /** Position in the block, from 0. */
  readonly index: number;
  /** Segment type: which chips may occur. */
  readonly type: number;
  readonly entry: CpuState;
  readonly exit: CpuState & { readonly clock: number };
  /** Tables in canonical order: ascending chip number, then falling height. */
  readonly instances: readonly { readonly chip: number; readonly logHeight: number }[];
};

/** What all segments of a block share. */
export type BlockStatement = {
  /** What the proof claims, as 32-bit words. */
  readonly claim: Uint32Array;
  readonly segments: readonly SegmentStatement[];
};

/** A column that is committed once per key. */
export type FixedSlot = {
  readonly chip: number;
  readonly column: number;
  readonly offset: number;
  readonly logHeight: number;
};

/**
 * The relation that one verification key fixes. Chips are named by their position. All trees of a block's closing
 * have 2^logRows rows.
 */
export type Machine = {
  readonly name: string;
  readonly profile: SoundnessProfile;
  readonly chips: readonly Chip[];
  readonly logRows: number;
  /** Columns committed once per key, stacked by falling height. */
  readonly fixedSlots: readonly FixedSlot[];
  /** log2 of the digests that the key's tree is committed by: they lie in the key, and paths end there. */
  readonly fixedCapLog: number;
  /** Type of a segment that is a block of its own: it may be committed in one tree with what segments would share. */
  readonly wholeType: number;
  /** Values of the chips' `publics` by name in one segment. */
  readonly publics: (segment: SegmentStatement) => Readonly<Record<string, number>>;
  /** Messages on local buses that the verifier itself adds to a segment. */
  readonly localMessages: (block: BlockStatement, segment: SegmentStatement) => readonly ExtraMessage[];
  /** Messages on global buses that the verifier itself adds to the block. */
  readonly globalMessages: (block: BlockStatement) => readonly ExtraMessage[];
  /** Names the violated rule of the block's shape (segment types, chips, heights, chaining), or undefined. */
  readonly checkShape: (block: BlockStatement) => string | undefined;
};

/** A machine with the commitment to its fixed columns; the digest names everything the verifier relies on. */
export type VerifyingKey = { readonly machine: Machine; readonly digest: Uint8Array; readonly fixedCap: Uint32Array };

/** Longest message of any chip, bus index not counted. */
export const maxFields: (machine: Machine) => number = oncePer((machine) =>
  Math.max(1, ...machine.chips.flatMap((c) => c.compiled.interactions.map((i) => i.fields.length))),
);

/** Largest degree of any chip. */
export const maxDegree: (machine: Machine) => number = oncePer((machine) =>
  Math.max(1, ...machine.chips.map((c) => c.compiled.maxDegree)),
);
