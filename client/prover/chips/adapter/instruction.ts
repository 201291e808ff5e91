import { ClientError } from '../../../errors.ts';
import type { Constraints } from '../../air/chip.ts';
import { array, bit, field, u16, type View } from '../../air/columns.ts';
import type { Expr, Operand } from '../../air/expr.ts';
import { EXEC, MEM, PROGRAM, PROGRAM_FIELDS, RANGE16, Space } from '../buses.ts';

/**
 * The adapter: how an instruction row takes part in control flow, reads its operands and writes its results. Cores know
 * nothing of it; they compute with limbs.
 */

/** Columns of every instruction row. */
export const instructionColumns = {
  isReal: bit('1 on rows that execute an instruction'),
  pc: field('where the instruction stands'),
  fp: field('frame pointer'),
  clock: field('clock of the first access'),
};

/** A slot operand of 2 or 4 limbs. */
export const readColumns = <N extends 2 | 4>(limbs: N) => ({
  slot: field('slot relative to fp, from the program'),
  limbs: array(u16('operand, range-checked by its writer'), limbs),
  prev: field('clock of the slot’s previous access'),
});

/** A slot that takes a result of 2 or 4 limbs. */
export const writeColumns = <N extends 2 | 4>(limbs: N) => ({
  slot: field('slot relative to fp, from the program'),
  old: array(u16('limbs that the result replaces'), limbs),
  prev: field('clock of the slot’s previous access'),
});

/** A constant operand of 2 or 4 limbs. */
export const constantColumns = <N extends 2 | 4>(limbs: N) => ({
  limbs: array(u16('constant, from the program'), limbs),
});

/** Whether an operand is a slot or a constant of the program. */
export type Form = 'register' | 'constant';
/** Columns of an operand of either form, 2 or 4 limbs of 16 bits. */
export const operandColumns = <N extends 2 | 4>(form: Form, limbs: N) =>
  form === 'register' ? readColumns(limbs) : constantColumns(limbs);

type InstructionView = View<typeof instructionColumns, Expr>;
type Access = { readonly slot: Expr; readonly prev: Expr };
/** A slot that is read, relative to fp; limbs least significant first. */
export type Read = Access & { readonly limbs: readonly Expr[] };
/** A constant of the program; limbs least significant first. */
export type Constant = { readonly limbs: readonly Expr[] };
/** A slot that is written; `old` is what the result replaces. */
export type Write = Access & { readonly old: readonly Expr[] };

/** Whether an operand is read from a slot. */
export const isRead = (operand: Read | Constant): operand is Read => 'slot' in operand;

/** What a row says to the program table and to control flow. */
export type Step = {
  /** Row type; an expression of selectors where a chip serves several. */
  readonly op: Operand;
  readonly flag?: Operand;
  /** Fields of the program row in the order of `vm/isa.ts`. */
  readonly fields: readonly Operand[];
  /** Where control goes, pc + 1 by default. */
  readonly next?: Operand;
  /** Frame pointer from then on, unchanged by default. */
  readonly nextFp?: Expr;
  /** Clock advance: at least the number of accesses. */
  readonly advance: number;
};

const ONCE = { maxPerRow: 1 } as const;

/** A message of the program table: fields behind the last are zero. */
export const programMessage = (pc: Operand, flag: Operand, op: Operand, fields: readonly Operand[]): Operand[] => {
  if (fields.length > PROGRAM_FIELDS)
    throw new ClientError('programFields', `expected at most ${PROGRAM_FIELDS} fields, got ${fields.length}`);
  return [pc, flag, op, ...fields, ...new Array<number>(PROGRAM_FIELDS - fields.length).fill(0)];
};

/** Takes the control state, looks up the instruction, passes the state on; access number k happens at clock + k. */
export function executes(c: Constraints, row: InstructionView, step: Step): Accesses {
  const { isReal, pc, fp, clock } = row;
  c.receive(EXEC, [pc, fp, clock], isReal, ONCE);
  c.send(EXEC, [step.next ?? pc.add(1), step.nextFp ?? fp, clock.add(step.advance)], isReal, ONCE);
  c.send(PROGRAM, programMessage(pc, step.flag ?? 0, step.op, step.fields), isReal, ONCE);
  return new Accesses(c, row, step.advance);
}

/** The accesses of an instruction row in their order; each takes the next clock. */
export class Accesses {
  private readonly c: Constraints;
  private readonly row: InstructionView;
  private readonly advance: number;
  private done = 0;

  constructor(c: Constraints, row: InstructionView, advance: number) {
    this.c = c;
    this.row = row;
    this.advance = advance;
  }

  /** Reads a slot of the frame, or with `fp: 0` an absolute one. */
  read(operand: Read, fp: Operand = this.row.fp): void {
    const limbs = padded(operand.limbs);
    this.cell(spaceOf(operand.limbs), operand.slot.add(fp), limbs, limbs, operand.prev);
  }

  /** Reads an operand that is a slot; a constant comes with the program row. */
  operand(operand: Read | Constant): void {
    if (isRead(operand)) this.read(operand);
  }

  /**
   * Writes `value` to a slot. *Assumes* its limbs are below 2^16: range-checked by the core, or a constant of the
   * program, or another chip's limbs.
   * @param space of the slot; by default that of the width
   */
  write(result: Write, value: readonly Operand[], o: { readonly fp?: Operand; readonly space?: Operand } = {}): void {
    const address = result.slot.add(o.fp ?? this.row.fp);
    this.cell(o.space ?? spaceOf(result.old), address, padded(result.old), padded(value), result.prev);
  }

  /**
   * Reads a slot that the row replaces: `before` leaves MEM at this access's clock. The function returned writes: what
   * it is given enters at a later clock of the row, to the same slot, so between the two nothing can access it and one
   * gap shows that time grows. It must be called once.
   */
  take(operand: Read): (value: readonly Operand[]) => void {
    const { fp, isReal } = this.row;
    const space = spaceOf(operand.limbs);
    const address = operand.slot.add(fp);
    const now = this.nextClock();
    this.c.receive(MEM, [space, address, ...padded(operand.limbs), operand.prev], isReal, ONCE);
    this.c.send(RANGE16, [now.sub(operand.prev).sub(1)], isReal, ONCE);
    return (value) => {
      this.c.send(MEM, [space, address, ...padded(value), this.nextClock()], isReal, ONCE);
    };
  }

  private nextClock(): Expr {
    if (this.done >= this.advance)
      throw new ClientError('tooManyAccesses', `expected at most ${this.advance} accesses, the clock's advance`);
    return this.row.clock.add(this.done++);
  }

  /** Any cell: `before` leaves MEM, `after` enters it at this access's clock; `count` is a bit, isReal by default. */
  cell(
    space: Operand,
    address: Operand,
    before: readonly Operand[],
    after: readonly Operand[],
    prev: Expr,
    count: Expr = this.row.isReal,
  ): void {
    const now = this.nextClock();
    this.c.receive(MEM, [space, address, ...before, prev], count, ONCE);
    this.c.send(MEM, [space, address, ...after, now], count, ONCE);
    this.c.send(RANGE16, [now.sub(prev).sub(1)], count, ONCE);
  }
}

/** An i32's two upper limbs are the constant 0 in its messages. */
const padded = (limbs: readonly Operand[]): readonly Operand[] => [
  ...limbs,
  ...new Array<number>(4 - limbs.length).fill(0),
];

const spaceOf = (limbs: readonly unknown[]): number => (limbs.length === 2 ? Space.SLOT32 : Space.SLOT64);

/** One RANGE16 lookup per limb: the writer's duty. */
export function rangeCheck(c: Constraints, limbs: readonly Operand[], count: Expr): void {
  for (const limb of limbs) c.send(RANGE16, [limb], count, ONCE);
}

/** Fields of a program row as `operandFields` encodes them: slots of results, slots of operands, limbs of constants. */
export const operandFieldsOf = (writes: readonly Write[], operands: readonly (Read | Constant)[]): Expr[] => [
  ...writes.map((w) => w.slot),
  ...operands.flatMap((o) => (isRead(o) ? [o.slot] : [])),
  ...operands.flatMap((o) => (isRead(o) ? [] : o.limbs)),
];
