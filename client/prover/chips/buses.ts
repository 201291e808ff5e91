import { defineBus } from '../air/bus.ts';
import type { BusField } from '../air/dag.ts';

/**
 * All channels of the machine. Users of a lookup send, its one provider receives. What a field's range is and who
 * makes sure of it is part of the declaration: a chip may assume nothing else of a message.
 */
type Field = Omit<BusField, 'name'>;

const from = (guaranteedBy: BusField['guaranteedBy'], range: string): Field => ({ range, guaranteedBy });
const u16 = from('table', '[0, 2^16)');
const u8 = from('table', '[0, 2^8)');

const numbered = (prefix: string, count: number, field: Field): Record<string, Field> =>
  Object.fromEntries(Array.from({ length: count }, (_, k) => [`${prefix}${k}`, field]));

const LIMB = from('sender', '[0, 2^16): range-checked by the chip that wrote it; in CALL_STACK any element');
const CLOCK = from('sender', '[0, 2^29 + 2^16), or the free start of a boundary row');

/** Address spaces of MEM, CELL, SORT and DATA. */
export const Space = {
  /** 32-bit slots of frames and globals, by absolute slot number; limbs 2 and 3 are zero. */
  SLOT32: 1,
  /** 64-bit slots, numbered beside the 32-bit ones. */
  SLOT64: 2,
  /** Linear memory by 8-byte cell: address / 8. */
  LINEAR: 3,
  /** Return cells by the callee's fp: (return pc, caller's fp, 0, 0). */
  CALL_STACK: 4,
} as const;

/** Control state: who executes next. The verifier sends the entry and receives the exit. */
export const EXEC = defineBus({
  id: 'EXEC',
  index: 1,
  kind: 'permutation',
  scope: 'local',
  fields: {
    pc: from('sender', 'a pc of the program, TRAP or HALT'),
    fp: from('sender', '[0, 2^27 + 2^16): CALL checks it, RETURN restores one that was checked'),
    clock: from('sender', '[1, 2^29): 1 + the sum of advances, which the verifier bounds by the heights'),
  },
});

export const PROGRAM_FIELDS = 6;
/**
 * The program: (pc, flag, op, fields), fields in the order of `vm/isa.ts`, zero behind the last one. `op` names one
 * row type, so a chip that looks up its own `op` executes nothing else.
 */
export const PROGRAM = defineBus({
  id: 'PROGRAM',
  index: 2,
  kind: 'lookup',
  scope: 'local',
  fields: {
    pc: from('table', 'a pc of the program, or an index of the function table under that row type'),
    flag: from('table', '0 or 1'),
    op: from('table', 'a row type'),
    ...numbered('f', PROGRAM_FIELDS, from('table', 'what the row type says: slots < 2^26, constant limbs < 2^16, pcs')),
  },
});

/** Offline read/write memory: a cell's value between two accesses, with the time of the first of them. */
export const MEM = defineBus({
  id: 'MEM',
  index: 3,
  kind: 'permutation',
  scope: 'local',
  fields: {
    space: from('sender', 'a constant of Space'),
    address: from('sender', 'a cell of a memory zone: only those have boundary rows'),
    ...numbered('l', 4, LIMB),
    clock: CLOCK,
  },
});

export const RANGE16 = defineBus({ id: 'RANGE16', index: 4, kind: 'lookup', scope: 'local', fields: { x: u16 } });
export const BYTES = defineBus({ id: 'BYTES', index: 5, kind: 'lookup', scope: 'local', fields: { x: u8, y: u8 } });
export const AND = defineBus({
  id: 'AND',
  index: 6,
  kind: 'lookup',
  scope: 'local',
  fields: { x: u8, y: u8, and: from('table', 'x ∧ y') },
});
/** x < power, power = 2^n, n ≤ 16. */
export const POW = defineBus({
  id: 'POW',
  index: 7,
  kind: 'lookup',
  scope: 'local',
  fields: { x: from('table', '[0, power)'), power: from('table', '2^n, 0 ≤ n ≤ 16') },
});

/** Bits of a Keccak-f round constant at positions 2^j − 1. */
export const ROUND = defineBus({
  id: 'ROUND',
  index: 8,
  kind: 'lookup',
  scope: 'local',
  fields: { round: from('table', '[0, 24)'), ...numbered('rc', 7, from('table', '0 or 1')) },
});

export const STATE_LIMBS = 100;
/** A Keccak-f call on its way through the rounds: `round` rounds are done. */
export const KECCAK_CHAIN = defineBus({
  id: 'KECCAK_CHAIN',
  index: 9,
  kind: 'permutation',
  scope: 'local',
  fields: {
    segment: from('sender', 'index of the calling segment'),
    clock: from('sender', 'clock of the call in that segment'),
    round: from('sender', '[0, 24]: the ROUND lookup bounds the receiver’s'),
    ...numbered(
      'l',
      STATE_LIMBS,
      from('sender', '[0, 2^16): packed from bits, or limbs that the call read from memory'),
    ),
  },
});

/** 72 u16 limbs of public values: the verifier receives them in the segment that halts. */
export const PUBLIC_LIMBS = 72;
export const PUBLIC = defineBus({
  id: 'PUBLIC',
  index: 10,
  kind: 'permutation',
  scope: 'local',
  fields: numbered('l', PUBLIC_LIMBS, LIMB),
});

const GLOBAL_LIMB = from('sender', '[0, 2^16): taken from or given to MEM in the same row');

/** A cell between two segments: its value after the segment of that epoch; epoch 0 is the initial value. */
export const CELL = defineBus({
  id: 'CELL',
  index: 11,
  kind: 'permutation',
  scope: 'global',
  fields: {
    space: from('sender', 'a constant of Space: memory-table rows send each cell once'),
    address: from('sender', 'a cell of a memory zone, as above'),
    ...numbered('l', 4, GLOBAL_LIMB),
    epoch: from('sender', '[0, number of segments]'),
  },
});

/** Keccak-f calls proven in other segments: (segment, clock) of the call, input and output state. */
export const KECCAK_CALL = defineBus({
  id: 'KECCAK_CALL',
  index: 12,
  kind: 'permutation',
  scope: 'global',
  fields: {
    segment: from('sender', 'index of the calling segment, a public value'),
    clock: from('sender', 'clock of the calling row, from EXEC'),
    ...numbered('in', STATE_LIMBS, from('sender', '[0, 2^16): read from memory')),
    ...numbered('out', STATE_LIMBS, from('receiver', '[0, 2^16): packed from bits by the last round')),
  },
});

/** Ascending order of the cells of a zone: the verifier sends each zone's first address and receives its end. */
export const SORT = defineBus({
  id: 'SORT',
  index: 13,
  kind: 'permutation',
  scope: 'global',
  fields: {
    space: from('sender', 'a constant of Space'),
    kind: from('sender', '0: zero at first; 1: from DATA'),
    address: from('receiver', '[0, 2^30 + 2^16)'),
  },
});

/** Initial contents of the data zones. */
export const DATA = defineBus({
  id: 'DATA',
  index: 14,
  kind: 'lookup',
  scope: 'local',
  fields: {
    space: from('table', 'a constant of Space'),
    address: from('table', 'a cell of a data zone'),
    ...numbered('l', 4, u16),
  },
});

const CALL = from('sender', 'clock of the call in this segment, from EXEC');
const REGISTER = from('sender', 'a register of the call: constants, and numbers of chained rows');
const DIGIT = from('receiver', '[−2^7, 2^7)');

/**
 * Points in the registers of a call of `ec_msm`: coordinates in signed digits, x canonical where the point is finite, all
 * zero where it is not. *Soundness.* Three chips provide, each a row per register, so that no table bounds the keys; but a
 * register is filled once: those of points by the one message of the host row, all others by the one addition that the
 * control rows send for it. So all rows with one key agree, whatever their multiplicities.
 */
export const POINT = defineBus({
  id: 'POINT',
  index: 15,
  kind: 'lookup',
  scope: 'local',
  fields: {
    call: CALL,
    register: REGISTER,
    ...numbered('x', 32, DIGIT),
    ...numbered('y', 16, from('receiver', '[−2^7 · 257, 2^16 − 2^7 · 257): two signed digits')),
    isInfinite: from('receiver', '0 or 1'),
  },
});

/** An addition: points of two registers into a third, which no other addition fills. */
export const POINT_OP = defineBus({
  id: 'POINT_OP',
  index: 16,
  kind: 'permutation',
  scope: 'local',
  fields: { call: CALL, left: REGISTER, right: REGISTER, result: REGISTER },
});

/** A point between memory and a register: x and y as limbs, (0, 0) for infinity. */
export const POINT_IO = defineBus({
  id: 'POINT_IO',
  index: 17,
  kind: 'permutation',
  scope: 'local',
  fields: {
    call: CALL,
    register: REGISTER,
    isStore: from('sender', '0: from memory; 1: to memory'),
    ...numbered('x', 16, from('receiver', '[0, 2^16)')),
    ...numbered('y', 16, from('receiver', '[0, 2^16)')),
  },
});

/** 16 bits of each scalar of a call, for one control row. */
export const SCALARS = defineBus({
  id: 'SCALARS',
  index: 18,
  kind: 'permutation',
  scope: 'local',
  fields: { call: CALL, row: from('sender', '[0, 8)'), ...numbered('l', 4, LIMB) },
});

/** The control rows of a call, one behind the other: `row` of them are done, the sum so far is in a register. */
export const MSM_CHAIN = defineBus({
  id: 'MSM_CHAIN',
  index: 19,
  kind: 'permutation',
  scope: 'local',
  fields: {
    call: CALL,
    row: from('sender', '[0, 8]: starts at 0, grows by 1, ends at 8'),
    register: REGISTER,
  },
});

export const BUSES = [
  EXEC,
  PROGRAM,
  MEM,
  RANGE16,
  BYTES,
  AND,
  POW,
  ROUND,
  KECCAK_CHAIN,
  PUBLIC,
  CELL,
  KECCAK_CALL,
  SORT,
  DATA,
  POINT,
  POINT_OP,
  POINT_IO,
  SCALARS,
  MSM_CHAIN,
] as const;
