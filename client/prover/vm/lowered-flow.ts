import type { FunctionType } from './decode.ts';
import { INSTRUCTIONS, type Instruction, type Width } from './isa.ts';
import { type Code, widthOf } from './lowered-code.ts';

/** A slot of the frame in one of its two widths, as a number: twice the slot, plus 1 for the wide one. */
export type SlotKey = number;

/** Key of a slot, numbered from fp, in one width. */
export const keyOf = (slot: number, width: Width): SlotKey => 2 * slot + (width === 64 ? 1 : 0);
/** The slot of a key, in either width. */
export const slotOfKey = (key: SlotKey): number => key >> 1;

/** What an instruction does to the slots of its frame. */
export type Effects = {
  readonly reads: readonly SlotKey[];
  readonly writes: readonly SlotKey[];
  /** A call leaves nothing of what lay in its callee's frame: keys from here on, except for `writes`. */
  readonly clobbers: SlotKey;
};

/** The type of the function that a call calls, or that a return ends. */
export type TypeOf = (code: Code) => FunctionType;

const NONE: readonly SlotKey[] = [];
const NOTHING: Effects = { reads: NONE, writes: NONE, clobbers: Number.POSITIVE_INFINITY };

const keysOf = (slots: readonly number[], widths: readonly Width[]): readonly SlotKey[] =>
  slots.length === 0 ? NONE : slots.map((slot, k) => keyOf(slot, widths[k]!));
const placed = (types: FunctionType['params'], from: number): readonly SlotKey[] =>
  types.map((t, k) => keyOf(from + k, widthOf(t)));

/** Effects on the frame alone: slots of globals and memory are left out. A `return` reads the function's results. */
export function effectsOf(c: Code, typeOf: TypeOf): Effects {
  if (c.op === 'trap') return NOTHING;
  const { clobbers } = NOTHING;
  if (c.op === 'return') return { reads: placed(typeOf(c).results, 0), writes: NONE, clobbers };
  const shape: Instruction = INSTRUCTIONS[c.op];
  // Slots of globals are absolute.
  const reads = c.op === 'globalGet32' || c.op === 'globalGet64' ? NONE : keysOf(c.reads, shape.reads);
  const writes = c.op === 'globalSet32' || c.op === 'globalSet64' ? NONE : keysOf(c.writes, shape.writes);
  if (c.op !== 'call' && c.op !== 'callIndirect') return { reads, writes, clobbers };
  const { params, results } = typeOf(c);
  return {
    reads: [...reads, ...placed(params, c.frame!)],
    writes: placed(results, c.frame!),
    clobbers: keyOf(c.frame!, 32),
  };
}

/** Instructions of one function that run one after the other: those from `first` on, before `end`. */
export type Block = { readonly first: number; readonly end: number; readonly successors: readonly number[] };

const ENDS: ReadonlySet<string> = new Set(['trap', 'jump', 'return', 'halt', 'brTable']);

/** The blocks of a function in the order of its code; the first one is its entry. */
export function blocksOf(code: readonly Code[]): Block[] {
  const targetsOf = (c: Code): number[] =>
    (c.targets ?? (c.target === undefined ? [] : [c.target])).map((label) => label.position);
  const starts = new Set<number>([0]);
  code.forEach((c, k) => {
    const targets = targetsOf(c);
    for (const position of targets) starts.add(position);
    if (targets.length > 0 || ENDS.has(c.op)) starts.add(k + 1);
  });
  const firsts = [...starts].filter((at) => at < code.length).sort((a, b) => a - b);
  const numberAt = new Map(firsts.map((at, n) => [at, n]));
  return firsts.map((first, n) => {
    const end = firsts[n + 1] ?? code.length;
    const last = code[end - 1]!;
    const next = ENDS.has(last.op) || end === code.length ? [] : [end];
    return { first, end, successors: [...targetsOf(last), ...next].map((at) => numberAt.get(at)!) };
  });
}
