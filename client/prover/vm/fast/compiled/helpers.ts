import { s64 } from '../../native-bytes.ts';
import { WIDE_BODIES, WIDE_BODY_TYPES } from '../../widen.ts';
import { OVERSPENT } from './function-writer.ts';
import { FUNCTION, GLOBAL, INSTRUCTION_BYTES, type Places, STATUS, TYPE } from './layout.ts';
import { OP } from './opcodes.ts';

const [I32, I64] = [0x7f, 0x7e];
/** Rows of a resumable instruction between two looks at the budget. */
const RESUMED_ROWS = 64;

const { localGet: GET, localSet: SET, localTee: TEE, globalGet: GLOBAL_GET, globalSet: GLOBAL_SET } = OP;
const const32 = (value: number): number[] => [OP.const32, ...s64(BigInt(value))];

/** (pc, frame, depth) → status: notes where the run stands. */
const leaving = (status: number): number[] => [
  ...[0, GET, 0, GLOBAL_SET, GLOBAL.exitPc, GET, 1, GLOBAL_SET, GLOBAL.exitFrame],
  ...[GET, 2, GLOBAL_SET, GLOBAL.exitDepth, ...const32(status), OP.end],
];

/** (pc, frame, block) → 0 if the resumable instruction there is done; else it goes on, or traps, at its pc. */
function resuming({ code }: Places): number[] {
  const [pc, frame, block, rows, spent] = [0, 1, 2, 3, 4];
  const cost = [GET, block, OP.load64, 3, 0];
  return [
    ...[2, 1, I32, 1, I64, OP.loop, OP.nothing],
    ...[GLOBAL_GET, GLOBAL.budget, ...cost, OP.const64, ...s64(BigInt(RESUMED_ROWS)), OP.mul64, OP.sub64],
    ...[
      OP.const64,
      ...s64(OVERSPENT),
      OP.and64,
      OP.eqz64,
      OP.eqz32,
      OP.if,
      OP.nothing,
      ...const32(1),
      OP.return,
      OP.end,
    ],
    ...[
      GET,
      pc,
      GET,
      frame,
      GLOBAL_GET,
      GLOBAL.clock,
      ...const32(RESUMED_ROWS),
      OP.call,
      FUNCTION.resumeFirst,
      TEE,
      rows,
    ],
    ...[OP.extendU, ...cost, OP.mul64, SET, spent],
    ...[GLOBAL_GET, GLOBAL.budget, GET, spent, OP.sub64, GLOBAL_SET, GLOBAL.budget],
    ...[GLOBAL_GET, GLOBAL.reserved, GET, spent, OP.add64, GLOBAL_SET, GLOBAL.reserved],
    ...[GLOBAL_GET, GLOBAL.interpreterClock, GLOBAL_SET, GLOBAL.clock],
    ...[GLOBAL_GET, GLOBAL.ip, GET, pc, ...const32(INSTRUCTION_BYTES), 0x6c, ...const32(code), OP.add32, OP.ne32],
    ...[OP.if, OP.nothing, ...const32(0), OP.return, OP.end],
    ...[GET, rows, ...const32(RESUMED_ROWS), OP.eq32, OP.brIf, 0, OP.end, ...const32(1), OP.end],
  ];
}

/** (pc, address, bytes, clock): the cells of an unaligned access, which may cost more. */
const UNALIGNED = [
  ...[0, GET, 0, GET, 1, GET, 2, GET, 3, OP.call, FUNCTION.unalignedFirst],
  ...[GLOBAL_GET, GLOBAL.budget, GLOBAL_GET, GLOBAL.unalignedCost, OP.sub64, GLOBAL_SET, GLOBAL.budget],
  ...[GLOBAL_GET, GLOBAL.reserved, GLOBAL_GET, GLOBAL.unalignedCost, OP.add64, GLOBAL_SET, GLOBAL.reserved, OP.end],
];

/** (frame, entry, place in the table) → status. */
const ENTER = [0, GET, 0, ...const32(0), GET, 1, GET, 2, OP.callIndirect, TYPE.three, 0, OP.end];

/** In place of a function that does not exist. */
const UNREACHABLE = [0, ...const32(0), GET, 0, GET, 1, OP.call, FUNCTION.leave, OP.end];

/** Functions between the imported ones and those of the program, in the order of FUNCTION, with their types. */
export const helpers = (places: Places): readonly { readonly type: number; readonly body: readonly number[] }[] => [
  { type: TYPE.three, body: leaving(STATUS.left) },
  { type: TYPE.three, body: leaving(STATUS.leftBlock) },
  { type: TYPE.three, body: resuming(places) },
  { type: TYPE.fourToNothing, body: UNALIGNED },
  { type: TYPE.three, body: ENTER },
  { type: TYPE.three, body: UNREACHABLE },
  ...WIDE_BODIES.map((body, k) => ({ type: TYPE.wide + WIDE_BODY_TYPES[k]!, body })),
];
