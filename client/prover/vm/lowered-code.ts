import { type FunctionType, ValueType } from './decode.ts';
import { FUSED_BRANCH, OPPOSITE_COMPARISON, type OpName, type Width } from './isa.ts';

/** Width of the slots that hold values of a type. */
export const widthOf = (t: ValueType): Width => (t === ValueType.i64 || t === ValueType.f64 ? 64 : 32);

/** A place in the code of one function, bound once. */
export type Label = { position: number };

/** One instruction of a lowered function; slots are relative to fp, those of globals absolute. */
export type Code = {
  op: OpName | 'trap';
  writes: number[];
  reads: number[];
  constant?: bigint;
  offset?: number;
  target?: Label;
  targets?: Label[];
  /** Called function or, for an indirect call, its type. */
  callee?: number;
  /** Slots between the caller's fp and the callee's. */
  frame?: number;
  /** Whether the first result may still be renamed to another slot. */
  retargetable?: boolean;
};

/** A block that is open while its body is lowered. */
export type Frame = {
  readonly kind: 'function' | 'block' | 'loop' | 'if';
  readonly type: FunctionType;
  /** Stack height below the block's parameters. */
  readonly height: number;
  readonly label: Label;
  /** Of an `if` whose `else` has not come yet. */
  otherwise: Label | undefined;
  /** How many locals had been assigned on every path to the block. */
  readonly assigned: number;
};

/** A function before it is placed: labels are positions in its own code. */
export type LoweredFunction = {
  readonly code: readonly Code[];
  /** Slots of the frame. */
  readonly size: number;
  /** Opcodes of floating-point instructions, which became traps. */
  readonly floats: readonly number[];
};

/** Host functions that become machine instructions; `fail` and everything that cannot happen becomes a trap. */
export const HOST: Readonly<Record<string, OpName | 'trap'>> = {
  input_size: 'inputSize',
  input_read: 'inputRead',
  keccak_f: 'keccakF',
  halt: 'halt',
  mulmod256: 'mulmod256',
  advice: 'advice',
  ec_msm: 'ecMsm',
  fail: 'trap',
};
export const HOST_MODULE = 'zkvm';
/** Whether an import is one of `HOST`; all other imports are refused. */
export const isHostFunction = (module: string, name: string): boolean =>
  module === HOST_MODULE && Object.hasOwn(HOST, name);

const NOT_STRAIGHT: ReadonlySet<string> = new Set([
  ...['return', 'halt', 'copy', 'fill', 'inputRead', 'globalSet32', 'globalSet64', 'globalGet32', 'globalGet64'],
]);

/** Instructions that do nothing but compute: a result may be renamed across them. */
export const isStraight = (code: Code): boolean =>
  code.op !== 'trap' &&
  code.target === undefined &&
  code.targets === undefined &&
  code.frame === undefined &&
  !NOT_STRAIGHT.has(code.op);

/** The comparison that a branch absorbed. */
export const FUSED_COMPARISON: Partial<Record<OpName, OpName>> = Object.fromEntries(
  Object.entries(FUSED_BRANCH).map(([comparison, branch]) => [branch, comparison as OpName]),
);

/** The branch that a comparison and a branch on its outcome become, if there is one. */
export function fusedBranch(comparison: Code, when: boolean, target: Label): Code | undefined {
  const name = comparison.op as OpName;
  const taken = when ? name : OPPOSITE_COMPARISON[name];
  const fused = taken === undefined ? undefined : FUSED_BRANCH[taken];
  if (fused === undefined) return undefined;
  const { constant, reads } = comparison;
  const zero = constant === 0n ? /^br(Eq|Ne)(32|64)i$/.exec(fused) : null;
  if (zero !== null)
    return { op: `br${zero[1] === 'Eq' ? 'Zero' : 'NonZero'}${zero[2]}` as OpName, writes: [], reads, target };
  return { op: fused, writes: [], reads, target, ...(constant === undefined ? {} : { constant }) };
}

/** Moves every label of the code, when `by` instructions are put in front of it. */
export function shiftLabels(code: readonly Code[], by: number): void {
  const labels = new Set(code.flatMap((c) => c.targets ?? (c.target === undefined ? [] : [c.target])));
  for (const label of labels) label.position += by;
}
