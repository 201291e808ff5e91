/**
 * The machine's instructions, written once: the executor, the program table and the chips read this table.
 *
 * A row of the program table is (pc, flag, op, fields…); fields stand in the order writes, reads, constant limbs,
 * offset limbs, target, frame, and are zero behind the last one. Slots are numbered relative to fp, those of globals
 * absolutely. 32-bit and 64-bit slots lie in two address spaces with one numbering.
 */
export type Width = 32 | 64;

/** How an instruction goes on. Branches have one program row per value of `flag`; a trap has none. */
export type Control = 'next' | 'jump' | 'branch' | 'table' | 'call' | 'callIndirect' | 'return' | 'halt' | 'resume';

/** What every part of the machine knows of an instruction. */
export type Instruction = {
  /** Number in the `op` field of the program table; every row type has its own. */
  readonly op: number;
  /** The chip that proves it; loads and stores name the one for aligned addresses. */
  readonly chip: string;
  readonly writes: readonly Width[];
  readonly reads: readonly Width[];
  /** Bits of the constant operand, in u16 limbs; 0 without one. */
  readonly constant: 0 | Width;
  /** Bytes of linear memory that it reads or writes; 0 for none. The address is reads[0] + offset. */
  readonly memoryBytes: 0 | 1 | 2 | 4 | 8;
  readonly control: Control;
  /** Clock advance: the clocks that the accesses of one row take at most, and at least 1, so that no state recurs. */
  readonly advance: number;
};

type Options = Partial<Pick<Instruction, 'constant' | 'memoryBytes' | 'control'>> & {
  /** Clocks of cells of linear memory or of the call stack. */
  readonly cells?: number;
};

/** Where an access at an unaligned address may go to two cells. */
const LOAD_OR_STORE_CELLS = 2;

function define(
  op: number,
  chip: string,
  writes: readonly Width[],
  reads: readonly Width[],
  { cells = 0, ...o }: Options = {},
): Instruction {
  const advance = Math.max(1, reads.length + cells + writes.length);
  return { op, chip, writes, reads, constant: 0, memoryBytes: 0, control: 'next', advance, ...o };
}

const i = (bits: Width): Options => ({ constant: bits });
const m = (memoryBytes: 1 | 2 | 4 | 8): Options => ({ memoryBytes, cells: LOAD_OR_STORE_CELLS });
const branch: Options = { control: 'branch' };

export const INSTRUCTIONS = {
  mov32: define(1, 'mov32', [32], [32]),
  mov64: define(2, 'mov64', [64], [64]),
  const32: define(3, 'const32', [32], [], i(32)),
  const64: define(4, 'const64', [64], [], i(64)),
  select32: define(5, 'select32', [32], [32, 32, 32]),
  select64: define(6, 'select64', [64], [64, 64, 32]),
  wrap: define(7, 'ext', [32], [64]),
  extendU: define(8, 'ext', [64], [32]),
  extendS: define(9, 'ext', [64], [32]),
  extend8S32: define(10, 'ext', [32], [32]),
  extend16S32: define(11, 'ext', [32], [32]),
  extend8S64: define(12, 'ext', [64], [64]),
  extend16S64: define(13, 'ext', [64], [64]),
  extend32S64: define(14, 'ext', [64], [64]),
  globalGet32: define(15, 'global_get32', [32], [32]),
  globalGet64: define(16, 'global_get64', [64], [64]),
  globalSet32: define(17, 'global_set32', [32], [32]),
  globalSet64: define(18, 'global_set64', [64], [64]),

  add32r: define(20, 'add32r', [32], [32, 32]),
  add32i: define(21, 'add32i', [32], [32], i(32)),
  sub32r: define(22, 'sub32r', [32], [32, 32]),
  add64r: define(23, 'add64r', [64], [64, 64]),
  add64i: define(24, 'add64i', [64], [64], i(64)),
  sub64r: define(25, 'sub64r', [64], [64, 64]),
  and32r: define(26, 'logic32', [32], [32, 32]),
  or32r: define(27, 'logic32', [32], [32, 32]),
  xor32r: define(28, 'logic32', [32], [32, 32]),
  and32i: define(29, 'logic32i', [32], [32], i(32)),
  or32i: define(30, 'logic32i', [32], [32], i(32)),
  xor32i: define(31, 'logic32i', [32], [32], i(32)),
  and64r: define(32, 'logic64', [64], [64, 64]),
  or64r: define(33, 'logic64', [64], [64, 64]),
  xor64r: define(34, 'logic64', [64], [64, 64]),
  and64i: define(35, 'logic64i', [64], [64], i(64)),
  or64i: define(36, 'logic64i', [64], [64], i(64)),
  xor64i: define(37, 'logic64i', [64], [64], i(64)),
  andLow32: define(38, 'and_low32', [32], [32], i(32)),
  andLow64: define(39, 'and_low64', [64], [64], i(64)),
  shl32i: define(40, 'shift32i', [32], [32], i(32)),
  shrU32i: define(41, 'shift32i', [32], [32], i(32)),
  shl64i: define(42, 'shift64i', [64], [64], i(64)),
  shrU64i: define(43, 'shift64i', [64], [64], i(64)),
  shl32: define(44, 'shiftx32', [32], [32, 32]),
  shrS32: define(45, 'shiftx32', [32], [32, 32]),
  shrU32: define(46, 'shiftx32', [32], [32, 32]),
  rotl32: define(47, 'shiftx32', [32], [32, 32]),
  rotr32: define(48, 'shiftx32', [32], [32, 32]),
  shl64: define(49, 'shiftx64', [64], [64, 64]),
  shrS64: define(50, 'shiftx64', [64], [64, 64]),
  shrU64: define(51, 'shiftx64', [64], [64, 64]),
  rotl64: define(52, 'shiftx64', [64], [64, 64]),
  rotr64: define(53, 'shiftx64', [64], [64, 64]),
  rotl32i: define(54, 'rotate32i', [32], [32], i(32)),
  rotl64i: define(55, 'rotate64i', [64], [64], i(64)),

  eq32r: define(60, 'cmp32', [32], [32, 32]),
  ne32r: define(61, 'cmp32', [32], [32, 32]),
  ltU32r: define(62, 'cmp32', [32], [32, 32]),
  geU32r: define(63, 'cmp32', [32], [32, 32]),
  ltS32r: define(64, 'cmp32', [32], [32, 32]),
  geS32r: define(65, 'cmp32', [32], [32, 32]),
  eq32i: define(66, 'cmp32i', [32], [32], i(32)),
  ne32i: define(67, 'cmp32i', [32], [32], i(32)),
  ltU32i: define(68, 'cmp32i', [32], [32], i(32)),
  geU32i: define(69, 'cmp32i', [32], [32], i(32)),
  ltS32i: define(70, 'cmp32i', [32], [32], i(32)),
  geS32i: define(71, 'cmp32i', [32], [32], i(32)),
  eq64r: define(72, 'cmp64', [32], [64, 64]),
  ne64r: define(73, 'cmp64', [32], [64, 64]),
  ltU64r: define(74, 'cmp64', [32], [64, 64]),
  geU64r: define(75, 'cmp64', [32], [64, 64]),
  ltS64r: define(76, 'cmp64', [32], [64, 64]),
  geS64r: define(77, 'cmp64', [32], [64, 64]),
  eq64i: define(78, 'cmp64i', [32], [64], i(64)),
  ne64i: define(79, 'cmp64i', [32], [64], i(64)),
  ltU64i: define(80, 'cmp64i', [32], [64], i(64)),
  geU64i: define(81, 'cmp64i', [32], [64], i(64)),
  ltS64i: define(82, 'cmp64i', [32], [64], i(64)),
  geS64i: define(83, 'cmp64i', [32], [64], i(64)),

  mul32: define(90, 'mul32', [32], [32, 32]),
  mul64: define(91, 'mul64', [64], [64, 64]),
  divS32: define(92, 'div32', [32], [32, 32]),
  divU32: define(93, 'div32', [32], [32, 32]),
  remS32: define(94, 'div32', [32], [32, 32]),
  remU32: define(95, 'div32', [32], [32, 32]),
  divS64: define(96, 'div64', [64], [64, 64]),
  divU64: define(97, 'div64', [64], [64, 64]),
  remS64: define(98, 'div64', [64], [64, 64]),
  remU64: define(99, 'div64', [64], [64, 64]),
  clz32: define(100, 'clz32', [32], [32]),
  ctz32: define(101, 'clz32', [32], [32]),
  popcnt32: define(102, 'clz32', [32], [32]),
  clz64: define(103, 'clz64', [64], [64]),
  ctz64: define(104, 'clz64', [64], [64]),
  popcnt64: define(105, 'clz64', [64], [64]),
  add128: define(106, 'add128', [64, 64], [64, 64, 64, 64]),
  sub128: define(107, 'add128', [64, 64], [64, 64, 64, 64]),
  mulWideU: define(108, 'mul_wide', [64, 64], [64, 64]),
  mulWideS: define(109, 'mul_wide', [64, 64], [64, 64]),

  load32: define(120, 'load32', [32], [32], m(4)),
  load8U32: define(121, 'load8', [32], [32], m(1)),
  load8S32: define(122, 'load8', [32], [32], m(1)),
  load16U32: define(123, 'load16', [32], [32], m(2)),
  load16S32: define(124, 'load16', [32], [32], m(2)),
  load64: define(125, 'load64', [64], [32], m(8)),
  load8U64: define(126, 'load8', [64], [32], m(1)),
  load8S64: define(127, 'load8', [64], [32], m(1)),
  load16U64: define(128, 'load16', [64], [32], m(2)),
  load16S64: define(129, 'load16', [64], [32], m(2)),
  load32U64: define(130, 'load32x', [64], [32], m(4)),
  load32S64: define(131, 'load32x', [64], [32], m(4)),
  store32: define(132, 'store32', [], [32, 32], m(4)),
  store8From32: define(133, 'store_sub', [], [32, 32], m(1)),
  store16From32: define(134, 'store_sub', [], [32, 32], m(2)),
  store64: define(135, 'store64', [], [32, 64], m(8)),
  store8From64: define(136, 'store_sub', [], [32, 64], m(1)),
  store16From64: define(137, 'store_sub', [], [32, 64], m(2)),
  store32From64: define(138, 'store32x', [], [32, 64], m(4)),
  copy: define(139, 'copy', [32, 32, 32], [32, 32, 32], { control: 'resume', cells: 8 }),
  fill: define(140, 'fill', [32, 32], [32, 32, 32], { control: 'resume', cells: 1 }),

  jump: define(150, 'jump', [], [], { control: 'jump' }),
  brNonZero32: define(151, 'brz', [], [32], branch),
  brZero32: define(152, 'brz', [], [32], branch),
  brNonZero64: define(153, 'brz64', [], [64], branch),
  brZero64: define(154, 'brz64', [], [64], branch),
  brEq32r: define(155, 'brx32', [], [32, 32], branch),
  brNe32r: define(156, 'brx32', [], [32, 32], branch),
  brLtU32r: define(157, 'brlt32r', [], [32, 32], branch),
  brGeU32r: define(158, 'brlt32r', [], [32, 32], branch),
  brLtS32r: define(159, 'brx32', [], [32, 32], branch),
  brGeS32r: define(160, 'brx32', [], [32, 32], branch),
  brEq32i: define(161, 'breq32i', [], [32], { ...branch, constant: 32 }),
  brNe32i: define(162, 'breq32i', [], [32], { ...branch, constant: 32 }),
  brLtU32i: define(163, 'brlt32i', [], [32], { ...branch, constant: 32 }),
  brGeU32i: define(164, 'brlt32i', [], [32], { ...branch, constant: 32 }),
  brLtS32i: define(165, 'brx32i', [], [32], { ...branch, constant: 32 }),
  brGeS32i: define(166, 'brx32i', [], [32], { ...branch, constant: 32 }),
  brEq64r: define(167, 'brx64', [], [64, 64], branch),
  brNe64r: define(168, 'brx64', [], [64, 64], branch),
  brLtU64r: define(169, 'brlt64', [], [64, 64], branch),
  brGeU64r: define(170, 'brlt64', [], [64, 64], branch),
  brLtS64r: define(171, 'brx64', [], [64, 64], branch),
  brGeS64r: define(172, 'brx64', [], [64, 64], branch),
  brEq64i: define(173, 'brx64i', [], [64], { ...branch, constant: 64 }),
  brNe64i: define(174, 'brx64i', [], [64], { ...branch, constant: 64 }),
  brLtU64i: define(175, 'brlt64i', [], [64], { ...branch, constant: 64 }),
  brGeU64i: define(176, 'brlt64i', [], [64], { ...branch, constant: 64 }),
  brLtS64i: define(177, 'brx64i', [], [64], { ...branch, constant: 64 }),
  brGeS64i: define(178, 'brx64i', [], [64], { ...branch, constant: 64 }),
  brTable: define(179, 'br_table', [], [32], { control: 'table' }),
  call: define(180, 'call', [], [], { control: 'call', cells: 1 }),
  callIndirect: define(181, 'call_indirect', [], [32], { control: 'callIndirect', cells: 1 }),
  return: define(182, 'return', [], [], { control: 'return', cells: 1 }),

  inputSize: define(190, 'input_size', [32], []),
  inputRead: define(191, 'input', [32, 32], [32, 32], { control: 'resume', cells: 1 }),
  keccakF: define(192, 'keccak_host', [], [32], { cells: 25 }),
  halt: define(193, 'halt', [], [32], { control: 'halt', cells: 18 }),
  mulmod256: define(194, 'mulmod', [], [32, 32, 32, 32, 32], { cells: 20 }),
  advice: define(195, 'advice', [], [32, 32, 32], { cells: 14 }),
  ecMsm: define(196, 'ec_msm', [], [32, 32, 32, 32, 32], { cells: 48 }),
} as const satisfies Record<string, Instruction>;

export type OpName = keyof typeof INSTRUCTIONS;

export const OP_NAMES = Object.keys(INSTRUCTIONS) as readonly OpName[];

/** The instruction's entry, typed alike for all names. */
export const instruction = (name: OpName): Instruction => INSTRUCTIONS[name];

/** Comparisons that a following branch absorbs, by the condition that takes it. */
export const FUSED_BRANCH: Partial<Record<OpName, OpName>> = Object.fromEntries(
  OP_NAMES.flatMap((name) => {
    const match = /^(eq|ne|lt[US]|ge[US])(32|64)([ri])$/.exec(name);
    if (match === null) return [];
    return [[name, `br${match[1]![0]!.toUpperCase()}${match[1]!.slice(1)}${match[2]}${match[3]}`]];
  }),
);

const OPPOSITE: Readonly<Record<string, string>> = {
  eq: 'ne',
  ne: 'eq',
  ltU: 'geU',
  geU: 'ltU',
  ltS: 'geS',
  geS: 'ltS',
};

/** The comparison with the opposite outcome. */
export const OPPOSITE_COMPARISON: Partial<Record<OpName, OpName>> = Object.fromEntries(
  OP_NAMES.flatMap((name) => {
    const match = /^(eq|ne|lt[US]|ge[US])((?:32|64)[ri])$/.exec(name);
    return match === null ? [] : [[name, `${OPPOSITE[match[1]!]}${match[2]}`]];
  }),
);

/** pc of the trap state: no program row, so nothing goes on from it and no proof ends in it. */
export const TRAP_PC = 0;
/** pc that `halt` ends in; it has no program row either. */
export const HALT_PC = 1;
/** pc of the first program row. */
export const FIRST_PC = 2;
