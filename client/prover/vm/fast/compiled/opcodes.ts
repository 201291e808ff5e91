/** WebAssembly opcodes of the machine's instructions, and those that compiled code needs besides. */
import { OP_NAMES, type OpName } from '../../isa.ts';
import { FUSED_COMPARISON } from '../../lowered-code.ts';
import { LOADS, OPERATORS, STORES } from '../../wasm-opcodes.ts';

export const OP = {
  unreachable: 0x00,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  brTable: 0x0e,
  return: 0x0f,
  call: 0x10,
  callIndirect: 0x11,
  drop: 0x1a,
  select: 0x1b,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  globalGet: 0x23,
  globalSet: 0x24,
  load32: 0x28,
  load64: 0x29,
  store32: 0x36,
  store64: 0x37,
  const32: 0x41,
  const64: 0x42,
  eqz32: 0x45,
  eq32: 0x46,
  ne32: 0x47,
  ltU32: 0x49,
  gtU32: 0x4b,
  geU32: 0x4f,
  eqz64: 0x50,
  eq64: 0x51,
  add32: 0x6a,
  sub32: 0x6b,
  and32: 0x71,
  or32: 0x72,
  shl32: 0x74,
  shrU32: 0x76,
  add64: 0x7c,
  sub64: 0x7d,
  mul64: 0x7e,
  and64: 0x83,
  extendU: 0xad,
  /** Block type without results. */
  nothing: 0x40,
} as const;

const byName = new Map(OPERATORS.flatMap((o, code) => (o === undefined ? [] : [[o.name, code] as const])));

/** The operator of an instruction that computes one result; a branch's is the comparison that it absorbed. */
function operatorOf(op: OpName): number | undefined {
  const base = (FUSED_COMPARISON[op] ?? op).replace(/^andLow/, 'and').replace(/(32|64)[ri]$/, '$1');
  return byName.get(base);
}

export const OPERATOR: Partial<Readonly<Record<OpName, number>>> = Object.fromEntries(
  OP_NAMES.flatMap((op) => {
    const code = operatorOf(op);
    return code === undefined ? [] : [[op, code]];
  }),
);

/** Of loads and stores. */
export const ACCESS: Partial<Readonly<Record<OpName, number>>> = Object.fromEntries(
  [...Object.entries(LOADS), ...Object.entries(STORES)].map(([code, { op }]) => [op, Number(code)]),
);
