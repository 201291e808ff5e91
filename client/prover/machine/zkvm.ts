import type { ExtraMessage } from '../air/check.ts';
import type { Chip } from '../air/chip.ts';
import type { Bus } from '../air/dag.ts';
import type { Facts } from '../air/run-rows.ts';
import { programRow } from '../chips/adapter/encoding.ts';
import type { InstructionChip } from '../chips/adapter/instruction-chip.ts';
import { programFacts } from '../chips/adapter/record-words.ts';
import { DATA, EXEC, PROGRAM, PUBLIC, SORT } from '../chips/buses.ts';
import { FUNCTION_TABLE_OP } from '../chips/control/chip.ts';
import { pointAdd } from '../chips/curve/add.ts';
import { msmControl } from '../chips/curve/control.ts';
import { pointIo } from '../chips/curve/point-io.ts';
import { keccakCall } from '../chips/keccak/call.ts';
import { keccakRound } from '../chips/keccak/round.ts';
import { boundary } from '../chips/memory/boundary.ts';
import { memoryTable } from '../chips/memory/memory-table.ts';
import { refresh } from '../chips/memory/refresh.ts';
import { committedTable } from '../chips/tables/committed.ts';
import { pair } from '../chips/tables/pair.ts';
import { pow } from '../chips/tables/pow.ts';
import { round } from '../chips/tables/round.ts';
import type { Table } from '../chips/tables/table.ts';
import { Fp } from '../field/fp.ts';
import type { RowType } from '../vm/flat-records.ts';
import { FIRST_PC, HALT_PC, INSTRUCTIONS, type OpName } from '../vm/isa.ts';
import type { Program } from '../vm/program.ts';
import { INSTRUCTION_CHIPS } from './instruction-chips.ts';
import { SegmentType, segmentTypes, type TypeChips } from './segment-types.ts';
import { cellKey, initialMemory, type Zone } from './zones.ts';

type Segment = {
  readonly index: number;
  readonly type: number;
  readonly entry: { readonly pc: number; readonly fp: number };
  readonly exit: { readonly pc: number; readonly fp: number; readonly clock: number };
  readonly instances: readonly { readonly chip: number; readonly logHeight: number }[];
};
type Block = { readonly claim: Uint32Array; readonly segments: readonly Segment[] };

/** Clocks of a segment stay below this. */
const CLOCK_LIMIT = 2 ** 29;
const MAX_LOG_HEIGHT = 22;
const PAGE_BYTES = 2 ** 16;
/** The key's tree is committed by 2^12 digests, 128 KiB of the key: a proof has none of the paths above them. */
const FIXED_CAP_LOG = 12;
/** A block of a short program has short rows, too: its columns are cut to at least this many rows. */
const MIN_LOG_ROWS = 14;
/** The clock that every segment starts with. */
const FIRST_CLOCK = 1;

/** The machine for one program: its chips by number, and how the parts of a trace find theirs. */
export type ZkVm<P extends string> = {
  readonly machine: {
    readonly name: string;
    readonly profile: P;
    readonly chips: readonly Chip[];
    readonly logRows: number;
    readonly fixedSlots: readonly {
      readonly chip: number;
      readonly column: number;
      readonly offset: number;
      readonly logHeight: number;
    }[];
    readonly fixedCapLog: number;
    readonly wholeType: number;
    readonly publics: (segment: Segment) => Readonly<Record<string, number>>;
    readonly localMessages: (block: Block, segment: Segment) => readonly ExtraMessage[];
    readonly globalMessages: (block: Block) => readonly ExtraMessage[];
    readonly checkShape: (block: Block) => string | undefined;
  };
  readonly instructionChips: readonly InstructionChip[];
  /** Where the recording run puts the rows of each of them. */
  readonly rowTypes: readonly RowType[];
  readonly tables: readonly Table[];
  readonly zones: readonly Zone[];
  readonly shape: MachineShape;
  /** Low and high word of the initial value of a data zone's cell, by `cellKey`. */
  readonly initial: ReadonlyMap<number, readonly [number, number]>;
  /** What rows need to know of the instruction at a pc. */
  readonly facts: Facts;
  readonly code: Program['code'];
  readonly numberOf: (chipId: string) => number;
  /** The lookup tables of a segment type. */
  readonly tablesOf: (type: number) => readonly Table[];
};

/** All rows of the program table: every instruction's, and the function table's. */
export function programMessages(program: Program): number[][] {
  const encodings = new Map(
    INSTRUCTION_CHIPS.flatMap((c) => Object.entries(c.encodings).map(([op, encoding]) => [op, encoding] as const)),
  );
  const rows: number[][] = [];
  program.code.forEach((instruction, k) => {
    const encoding = encodings.get(instruction.op);
    if (encoding === undefined) throw new Error(`no chip executes ${instruction.op}`);
    for (const row of encoding(instruction, FIRST_PC + k)) rows.push(row.map(Fp.fromInt));
  });
  program.table.forEach((entry, index) => {
    if (entry !== undefined) rows.push([...programRow(index, 0, FUNCTION_TABLE_OP, [entry.type, entry.entry])]);
  });
  return rows;
}

/** What the verifier must know of a program besides the commitment to its tables. */
export type MachineShape = {
  readonly entry: { readonly pc: number; readonly fp: number };
  readonly zones: readonly Zone[];
  readonly programLogHeight: number;
  readonly dataLogHeight: number;
  /** Linear memory, in pages of 2^16 bytes. */
  readonly memoryPages: number;
};

/**
 * Fixes the chips, tables, entry and memory of a program.
 * @param slots number of frame slots of each width
 */
export function buildZkVm<P extends string>(program: Program, profile: P, slots: number): ZkVm<P> {
  const { zones, cells } = initialMemory(program, slots);
  const programTable = committedTable('program', PROGRAM, programMessages(program));
  const contents = cells.map((c) => [c.space, c.address, ...c.limbs]);
  const dataTable = committedTable('data', DATA, contents.length > 0 ? contents : [[0, 0, 0, 0, 0, 0]]);
  const shape = {
    entry: program.entry,
    zones,
    programLogHeight: programTable.logHeight,
    dataLogHeight: dataTable.logHeight,
    memoryPages: program.memoryBytes / PAGE_BYTES,
  };
  const initial = new Map(
    cells.map(({ space, address, limbs: [a, b, c, d] }) => {
      return [cellKey(space, address), [a! + 2 ** 16 * b!, c! + 2 ** 16 * d!]] as const;
    }),
  );
  const facts = programFacts(program.code);
  return {
    ...assemble(shape, profile, [pair, pow, round, programTable, dataTable]),
    initial,
    facts,
    code: program.code,
  };
}

/** The machine as the verifier has it: the contents of the committed tables are known by their commitment only. */
export function verifierMachine<P extends string>(shape: MachineShape, profile: P): ZkVm<P>['machine'] {
  const unknown = (id: string, bus: Bus, logHeight: number): Table => ({
    ...committedTable(id, bus, [bus.fields.map(() => 0)]),
    logHeight,
  });
  return assemble(shape, profile, [
    pair,
    pow,
    round,
    unknown('program', PROGRAM, shape.programLogHeight),
    unknown('data', DATA, shape.dataLogHeight),
  ]).machine;
}

function assemble<P extends string>(
  shape: MachineShape,
  profile: P,
  tables: readonly Table[],
): Omit<ZkVm<P>, 'initial' | 'facts' | 'code'> {
  const { zones } = shape;
  const others = [
    boundary,
    refresh,
    memoryTable,
    keccakCall,
    keccakRound,
    pointIo,
    msmControl,
    pointAdd,
  ] as unknown as readonly Chip[];
  const chips: Chip[] = [
    ...INSTRUCTION_CHIPS.map((c) => c.chip as unknown as Chip),
    ...others,
    ...tables.map((t) => t.chip as unknown as Chip),
  ];
  const numbers = new Map(chips.map((c, i) => [c.compiled.id, i]));
  const numberOf = (id: string): number => {
    const n = numbers.get(id);
    if (n === undefined) throw new Error(`the machine has no chip ${id}`);
    return n;
  };
  const tableHeights = new Map(tables.map((t) => [numberOf(t.chip.compiled.id), t.logHeight]));
  const types = segmentTypes(
    chips.map((c) => c.compiled),
    INSTRUCTION_CHIPS.length,
    [...tableHeights.keys()],
  );
  const advances = new Map(
    INSTRUCTION_CHIPS.map((c) => [numberOf(c.chip.compiled.id), maxAdvance(Object.keys(c.encodings) as OpName[])]),
  );
  return {
    machine: {
      name: 'zkvm',
      profile,
      chips,
      logRows: Math.max(MIN_LOG_ROWS, shape.programLogHeight, shape.dataLogHeight),
      fixedSlots: layOutFixed(tables, numberOf),
      fixedCapLog: FIXED_CAP_LOG,
      wholeType: SegmentType.WHOLE,
      publics: (segment) => ({
        segment: segment.index,
        ownEpoch: segment.index + 1,
        memoryPages: shape.memoryPages,
      }),
      localMessages: (block, { entry, exit }) => [
        { bus: EXEC, message: [entry.pc, entry.fp, FIRST_CLOCK], count: 1 },
        { bus: EXEC, message: [exit.pc, exit.fp, exit.clock], count: -1 },
        ...(entry.pc !== HALT_PC && exit.pc === HALT_PC
          ? [{ bus: PUBLIC, message: publicLimbs(block.claim), count: -1 }]
          : []),
      ],
      globalMessages: () =>
        zones.flatMap(({ space, kind, from, to }) => [
          { bus: SORT, message: [space, kind, from], count: 1 },
          { bus: SORT, message: [space, kind, to], count: -1 },
        ]),
      checkShape: (block) => checkShape(block, shape.entry, { types, tableHeights, advances }),
    },
    instructionChips: INSTRUCTION_CHIPS,
    rowTypes: INSTRUCTION_CHIPS.map((c) => c.rowType),
    tables,
    zones,
    shape,
    numberOf,
    tablesOf: (type) => tables.filter((t) => types.get(type)?.tables.has(numberOf(t.chip.compiled.id))),
  };
}

const maxAdvance = (ops: readonly OpName[]): number => Math.max(...ops.map((op) => INSTRUCTIONS[op].advance));

/** 16-bit limbs of the public values, low half of each word first. */
const publicLimbs = (claim: Uint32Array): number[] => Array.from(claim).flatMap((w) => [w & 0xffff, w >>> 16]);

/** Columns of the committed tables, stacked by falling height. */
function layOutFixed(
  tables: readonly Table[],
  numberOf: (id: string) => number,
): ZkVm<string>['machine']['fixedSlots'] {
  let offset = 0;
  return [...tables]
    .sort((a, b) => b.logHeight - a.logHeight)
    .flatMap(({ chip, logHeight }) =>
      chip.compiled.columns.flatMap((column, c) => {
        if (chip.fixed[column.name]?.kind !== 'committed') return [];
        const slot = { chip: numberOf(chip.compiled.id), column: c, offset, logHeight };
        offset += 2 ** logHeight;
        return [slot];
      }),
    );
}

/** What the rules of a segment's shape refer to, by chip number. */
type ShapeRules = {
  readonly types: ReadonlyMap<number, TypeChips>;
  readonly tableHeights: ReadonlyMap<number, number>;
  /** Largest advance of the clock in one row. */
  readonly advances: ReadonlyMap<number, number>;
};

/**
 * The rules of a block's shape: the first segment starts where the program does, each next where the one before ended,
 * the last ends at HALT; a segment holds the chips of its type, and every table of its type once with its height; tables
 * stand in canonical order; no clock can wrap.
 */
function checkShape(block: Block, entry: MachineShape['entry'], rules: ShapeRules): string | undefined {
  if (block.segments.length === 0) return 'a block has at least one segment';
  let { pc, fp } = entry;
  for (const [j, s] of block.segments.entries()) {
    if (s.index !== j) return `segment ${j} has index ${s.index}`;
    if (s.entry.pc !== pc || s.entry.fp !== fp) return `segment ${j} does not start where the one before ended`;
    ({ pc, fp } = s.exit);
    const broken = checkSegment(s, rules);
    if (broken !== undefined) return `segment ${j}: ${broken}`;
  }
  return pc === HALT_PC ? undefined : 'the last segment does not end at HALT';
}

function checkSegment(s: Segment, { types, tableHeights, advances }: ShapeRules): string | undefined {
  const type = types.get(s.type);
  if (type === undefined) return `there is no segment type ${s.type}`;
  for (const [k, i] of s.instances.entries()) {
    if (!type.allowed.has(i.chip)) return `segments of type ${s.type} hold no table ${i.chip}`;
    const before = s.instances[k - 1];
    if (before !== undefined && (before.chip > i.chip || (before.chip === i.chip && before.logHeight < i.logHeight)))
      return `table ${k} is out of order`;
    if (i.logHeight > MAX_LOG_HEIGHT) return `table ${k} has more than 2^${MAX_LOG_HEIGHT} rows`;
  }
  for (const chip of type.tables) {
    const own = s.instances.filter((i) => i.chip === chip);
    const logHeight = tableHeights.get(chip);
    if (own.length !== 1 || own[0]!.logHeight !== logHeight)
      return `fixed table ${chip} is not there once with 2^${logHeight} rows`;
  }
  const clock = s.instances.reduce((n, i) => n + 2 ** i.logHeight * (advances.get(i.chip) ?? 0), FIRST_CLOCK);
  if (clock >= CLOCK_LIMIT) return `the clock may reach ${clock}, at most ${CLOCK_LIMIT - 1} is allowed`;
  if (s.exit.clock >= CLOCK_LIMIT) return `the final clock is ${s.exit.clock}, at most ${CLOCK_LIMIT - 1} is allowed`;
  return undefined;
}
