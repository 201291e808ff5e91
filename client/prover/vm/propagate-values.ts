import { ValueType } from './decode.ts';
import { INSTRUCTIONS, type Instruction, OP_NAMES, type Width } from './isa.ts';
import { type Code, FUSED_COMPARISON, fusedBranch } from './lowered-code.ts';
import { blocksOf, type Effects, effectsOf, keyOf, type SlotKey, slotOfKey, type TypeOf } from './lowered-flow.ts';
import { chooseForm, type Entry } from './operand-form.ts';

/** What is known of slots at a place in the code, whichever way led there. */
type Known = {
  /** As signed integers of the slot's width. */
  readonly constants: Map<SlotKey, bigint>;
  /** Slots that hold what another one holds, which is itself no copy. */
  readonly copies: Map<SlotKey, SlotKey>;
};
/** 1 for slots that have been copied from anywhere: those from which there may be copies to forget. */
type Sources = Uint8Array;

/** Register forms that have one with a constant, by the operator that `chooseForm` chooses for. */
const OPERATOR_OF: ReadonlyMap<string, string> = new Map(
  OP_NAMES.flatMap((op) => {
    const name = FUSED_COMPARISON[op] ?? op;
    const match = /^((?:add|sub|and|or|xor|eq|ne|lt[US]|ge[US])(?:32|64))r$|^((?:shl|shrU|rotl|rotr)(?:32|64))$/.exec(
      name,
    );
    return match === null ? [] : [[op, (match[1] ?? match[2])!] as const];
  }),
);

/**
 * Replaces operands whose value is the same constant on every way to their instruction by forms with constants, and
 * slots that hold a copy by the slot that was copied. Positions in the code stay.
 *
 * @param size slots of the function's frame
 */
export function propagateValues(code: readonly Code[], typeOf: TypeOf, size: number): Code[] {
  const effects = code.map((c) => effectsOf(c, typeOf));
  const blocks = blocksOf(code);
  const sources: Sources = new Uint8Array(2 * size);
  const entries: (Known | undefined)[] = blocks.map(() => undefined);
  entries[0] = { constants: new Map(), copies: new Map() };
  const waiting = new Uint8Array(blocks.length);
  waiting[0] = 1;
  // In the order of the code, so that a block waits for those in front of it.
  for (let n = 0; n >= 0; n = waiting.indexOf(1)) {
    waiting[n] = 0;
    const { first, end, successors } = blocks[n]!;
    const known = copyOf(entries[n]!);
    for (let k = first; k < end; k++) learn(known, code[k]!, effects[k]!, sources);
    successors.forEach((next, s) => {
      const before = entries[next];
      if (before === undefined) entries[next] = s === successors.length - 1 ? known : copyOf(known);
      else if (!keepCommon(before, known)) return;
      waiting[next] = 1;
    });
  }
  const result = [...code];
  blocks.forEach(({ first, end }, n) => {
    const known = entries[n];
    if (known === undefined) return;
    for (let k = first; k < end; k++) {
      result[k] = rewritten(code[k]!, known);
      learn(known, code[k]!, effects[k]!, sources);
    }
  });
  return result;
}

const copyOf = ({ constants, copies }: Known): Known => ({ constants: new Map(constants), copies: new Map(copies) });

/** Forgets what does not hold in `other` too; whether there was any such thing. */
function keepCommon(known: Known, other: Known): boolean {
  const size = known.constants.size + known.copies.size;
  for (const [key, value] of known.constants) if (other.constants.get(key) !== value) known.constants.delete(key);
  for (const [key, value] of known.copies) if (other.copies.get(key) !== value) known.copies.delete(key);
  return known.constants.size + known.copies.size < size;
}

/** What holds behind an instruction. */
function learn(known: Known, c: Code, { reads, writes, clobbers }: Effects, sources: Sources): void {
  const { constants, copies } = known;
  const isMove = c.op === 'mov32' || c.op === 'mov64';
  const source = isMove ? reads[0]! : 0;
  const origin = isMove ? (copies.get(source) ?? source) : 0;
  const value = isMove ? constants.get(source) : c.op === 'const32' || c.op === 'const64' ? c.constant : undefined;
  if (isMove && origin === writes[0]) return;
  if (clobbers !== Number.POSITIVE_INFINITY) {
    for (const key of constants.keys()) if (key >= clobbers) constants.delete(key);
    for (const [key, from] of copies) if (key >= clobbers || from >= clobbers) copies.delete(key);
  }
  for (const written of writes) {
    constants.delete(written);
    copies.delete(written);
    if (sources[written] === 1) for (const [key, from] of copies) if (from === written) copies.delete(key);
  }
  if (value !== undefined) constants.set(writes[0]!, value);
  else if (isMove) {
    copies.set(writes[0]!, origin);
    sources[origin] = 1;
  }
}

/** Whether anything is known of a slot that an instruction reads: of most there is not. */
function isKnown(slots: readonly number[], widths: readonly Width[], { constants, copies }: Known): boolean {
  for (let k = 0; k < slots.length; k++) {
    const key = keyOf(slots[k]!, widths[k]!);
    if (constants.has(key) || copies.has(key)) return true;
  }
  return false;
}

function rewritten(c: Code, known: Known): Code {
  if (c.op === 'trap' || c.op === 'globalGet32' || c.op === 'globalGet64') return c;
  const shape: Instruction = INSTRUCTIONS[c.op];
  // A resumable instruction counts its operands down where they are.
  if (shape.control === 'resume' || c.reads.length === 0) return c;
  if (!isKnown(c.reads, shape.reads, known)) return c;
  const { constants, copies } = known;
  const keys = c.reads.map((slot, k) => keyOf(slot, shape.reads[k]!));
  const reads = keys.map((key) => slotOfKey(copies.get(key) ?? key));
  const values = keys.map((key) => constants.get(key));
  const moved = values[0];
  if (moved !== undefined && c.op === 'mov32') return { op: 'const32', writes: c.writes, reads: [], constant: moved };
  if (moved !== undefined && c.op === 'mov64') return { op: 'const64', writes: c.writes, reads: [], constant: moved };
  const operator = OPERATOR_OF.get(c.op);
  if (operator === undefined || values.every((value) => value === undefined)) return { ...c, reads };
  const entries = values.map((value, k): Entry => {
    const type = shape.reads[k] === 64 ? ValueType.i64 : ValueType.i32;
    return value === undefined ? { kind: 'slot', type } : { kind: 'constant', type, value };
  });
  const { op, operands, constant } = chooseForm(operator, entries);
  if (constant === undefined) return { ...c, reads };
  const code: Code = { op, writes: c.writes, reads: operands.map((k) => reads[k]!), constant };
  return c.target === undefined ? code : fusedBranch(code, true, c.target)!;
}
