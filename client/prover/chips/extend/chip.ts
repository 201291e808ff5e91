import { defineChip } from '../../air/chip.ts';
import { array, bit, u8 } from '../../air/columns.ts';
import { type Expr, sum } from '../../air/expr.ts';
import { anyOf, type Word } from '../../air/word.ts';
import { INSTRUCTIONS, type OpName } from '../../vm/isa.ts';
import { plain } from '../adapter/encoding.ts';
import { fillInstruction, fillRead, fillWrite } from '../adapter/fill-words.ts';
import { executes, instructionColumns, operandFieldsOf, readColumns, writeColumns } from '../adapter/instruction.ts';
import { instructionChip } from '../adapter/instruction-chip.ts';
import { INV_BYTE } from '../adapter/limbs.ts';
import type { InstructionWords } from '../adapter/record-words.ts';
import { BYTES, RANGE16, Space } from '../buses.ts';

type Form = {
  readonly name: OpName;
  readonly reads: 32 | 64;
  readonly keeps: 8 | 16 | 32;
  readonly signed: boolean;
  readonly writes: 32 | 64;
};

/** What each instruction reads, keeps and writes. `keeps` is a number of bits; the rest is the sign or zero. */
const FORMS: readonly Form[] = [
  { name: 'wrap', reads: 64, keeps: 32, signed: false, writes: 32 },
  { name: 'extendU', reads: 32, keeps: 32, signed: false, writes: 64 },
  { name: 'extendS', reads: 32, keeps: 32, signed: true, writes: 64 },
  { name: 'extend8S32', reads: 32, keeps: 8, signed: true, writes: 32 },
  { name: 'extend16S32', reads: 32, keeps: 16, signed: true, writes: 32 },
  { name: 'extend8S64', reads: 64, keeps: 8, signed: true, writes: 64 },
  { name: 'extend16S64', reads: 64, keeps: 16, signed: true, writes: 64 },
  { name: 'extend32S64', reads: 64, keeps: 32, signed: true, writes: 64 },
];

const ONCE = { maxPerRow: 1 } as const;

/**
 * Conversions between widths and sign extensions. Operand and result have four limbs in either width: those of a 32-bit
 * slot are zero above the second, as MEM holds them.
 */
const chip = defineChip({
  id: 'ext',
  maxDegree: 3,
  columns: {
    ...instructionColumns,
    a: readColumns(4),
    c: writeColumns(4),
    isForm: array(bit(`one-hot: ${FORMS.map((f) => f.name).join(', ')}`), FORMS.length),
    lowByte: u8('byte 0 of the operand'),
    sign: bit('sign bit of what is kept, 0 where it is not copied'),
  },
  fill: (r: InstructionWords, row) => {
    fillInstruction(row, r);
    const [l0, l1] = fillRead(row.a, r, 0) as [Word, Word];
    fillWrite(row.c, r);
    row.isForm = FORMS.map((f) => r.is(f.name));
    row.lowByte = l0.and(255);
    const signed = FORMS.filter((f) => f.signed);
    const top = { 8: l0.bit(7), 16: l0.bit(15), 32: l1.bit(15) };
    row.sign = anyOf(signed.map((f) => r.is(f.name).and(top[f.keeps])));
  },
  constrain: (c, row) => {
    const { a, isForm, isReal, lowByte, sign } = row;
    const [l0, l1] = a.limbs as [Expr, Expr];
    const when = (test: (f: Form) => boolean): Expr => sum(isForm.filter((_, k) => test(FORMS[k]!)));
    const per = (value: (f: Form) => number): Expr => sum(isForm.map((s, k) => s.mul(value(FORMS[k]!))));
    c.assertZero('one form', sum(isForm).sub(isReal));
    const op = per((f) => INSTRUCTIONS[f.name].op);
    const accesses = executes(c, row, {
      op,
      fields: operandFieldsOf([row.c], [a]),
      advance: INSTRUCTIONS.wrap.advance,
    });
    accesses.cell(
      space(per, (f) => f.reads),
      a.slot.add(row.fp),
      a.limbs,
      a.limbs,
      a.prev,
    );
    c.send(BYTES, [lowByte, l0.sub(lowByte).mul(INV_BYTE)], isReal, ONCE);
    const signed = (keeps: number): Expr => when((f) => f.signed && f.keeps === keeps);
    const top = signed(8).mul(lowByte).mul(256).add(signed(16).mul(l0)).add(signed(32).mul(l1));
    // 2 · top − 2^16 · sign is in range exactly for sign = the top bit of the u16 `top`.
    c.send(RANGE16, [top.mul(2).sub(sign.mul(2 ** 16))], isReal, ONCE);
    const fill = sign.mul(2 ** 16 - 1);
    const keeps32 = when((f) => f.keeps === 32);
    const keeps8 = when((f) => f.keeps === 8);
    const wide = when((f) => f.writes === 64);
    const result = [
      l0.add(keeps8.mul(lowByte.sub(l0).add(sign.mul(2 ** 16 - 2 ** 8)))),
      fill.add(keeps32.mul(l1.sub(fill))),
      wide.mul(fill),
      wide.mul(fill),
    ];
    accesses.cell(
      space(per, (f) => f.writes),
      row.c.slot.add(row.fp),
      row.c.old,
      result,
      row.c.prev,
    );
  },
});

function space(per: (value: (f: Form) => number) => Expr, width: (f: Form) => 32 | 64): Expr {
  return per((f) => (width(f) === 32 ? Space.SLOT32 : Space.SLOT64));
}

export const ext = instructionChip(chip, Object.fromEntries(FORMS.map((f) => [f.name, plain])));
