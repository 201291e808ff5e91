import type { CompiledChip } from '../air/dag.ts';

/** What a segment holds. Part of the verification key: a type's chips are all that may occur in it. */
export const SegmentType = {
  /** Everything: a block that fits one segment. */
  WHOLE: 0,
  /** Rows of the instruction chips, and the cells that they touch. */
  INSTRUCTIONS: 1,
  /** Keccak-f calls of other segments. */
  KECCAK: 2,
  /** The block's memory table. */
  MEMORY: 3,
} as const;
/** Number of a segment's type, as statements and proofs carry it. */
export type SegmentType = (typeof SegmentType)[keyof typeof SegmentType];

/** Types in which a chip may occur. Lookup tables are in every type that asks them something. */
const OTHER_CHIPS: Readonly<Record<string, readonly SegmentType[]>> = {
  boundary: [SegmentType.WHOLE, SegmentType.INSTRUCTIONS],
  refresh: [SegmentType.WHOLE, SegmentType.INSTRUCTIONS],
  point_io: [SegmentType.WHOLE, SegmentType.INSTRUCTIONS],
  msm_control: [SegmentType.WHOLE, SegmentType.INSTRUCTIONS],
  point_add: [SegmentType.WHOLE, SegmentType.INSTRUCTIONS],
  keccak_call: [SegmentType.WHOLE, SegmentType.KECCAK],
  keccak_round: [SegmentType.WHOLE, SegmentType.KECCAK],
  memory_table: [SegmentType.WHOLE, SegmentType.MEMORY],
};

/** Which chips a segment of a type is made of. */
export type TypeChips = {
  /** Numbers of the chips that may occur. */
  readonly allowed: ReadonlySet<number>;
  /** Numbers of the lookup tables that are there once. */
  readonly tables: ReadonlySet<number>;
};

/**
 * The chips of each segment type.
 * @param chips all chips by number
 * @param instructionChips how many of them, from the first on, execute instructions
 * @param tables numbers of the lookup tables
 */
export function segmentTypes(
  chips: readonly CompiledChip[],
  instructionChips: number,
  tables: readonly number[],
): ReadonlyMap<number, TypeChips> {
  return new Map(
    Object.values(SegmentType).map((type): [number, TypeChips] => {
      const users = chips.flatMap((chip, number) => {
        if (tables.includes(number)) return [];
        const executes = number < instructionChips;
        const types = executes ? [SegmentType.WHOLE, SegmentType.INSTRUCTIONS] : OTHER_CHIPS[chip.id];
        if (types === undefined) throw new Error(`no segment type holds ${chip.id}`);
        return (types as readonly number[]).includes(type) ? [number] : [];
      });
      const asked = new Set(
        users.flatMap((number) =>
          chips[number]!.interactions.flatMap((i) => (i.bus.kind === 'lookup' ? [i.bus.id] : [])),
        ),
      );
      const own = tables.filter((number) => chips[number]!.interactions.some((i) => asked.has(i.bus.id)));
      return [type, { allowed: new Set([...users, ...own]), tables: new Set(own) }];
    }),
  );
}
