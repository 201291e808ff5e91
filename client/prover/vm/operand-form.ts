import type { ValueType } from './decode.ts';
import type { OpName } from './isa.ts';

/** A value on the virtual operand stack: in its stack slot, a constant, or still in a local. */
export type Entry =
  | { readonly kind: 'slot'; readonly type: ValueType }
  | { readonly kind: 'constant'; readonly type: ValueType; readonly value: bigint }
  | { readonly kind: 'local'; readonly type: ValueType; readonly local: number };

type Parts = { readonly base: string; readonly bits: string };
const PARTS = new Map<string, Parts>();

/** What an operator does and its width: `ltU` and `32` for `ltU32`. */
function partsOf(name: string): Parts {
  let parts = PARTS.get(name);
  if (parts === undefined) {
    const match = /^([a-z]+[US]?)(32|64)$/i.exec(name);
    parts = { base: match?.[1] ?? name, bits: match?.[2] ?? '' };
    PARTS.set(name, parts);
  }
  return parts;
}

const COMMUTATIVE: ReadonlySet<string> = new Set(['add', 'and', 'or', 'xor', 'mul', 'eq', 'ne']);
/** a OP b as b OP' a. */
const MIRROR: Readonly<Record<string, string>> = { gtU: 'ltU', gtS: 'ltS', leU: 'geU', leS: 'geS' };
const MIRROR_BACK: Readonly<Record<string, string>> = { ltU: 'gtU', ltS: 'gtS', geU: 'leU', geS: 'leS' };

/**
 * The machine instruction for an operator and its operands: which are read from slots, in which order, and the
 * constant that stands in the program.
 */
export function chooseForm(
  name: string,
  entries: readonly Entry[],
): { readonly op: OpName; readonly operands: readonly number[]; readonly constant?: bigint } {
  const { base, bits } = partsOf(name);
  const wide = bits === '64';
  const value = (k: number): bigint | undefined => {
    const e = entries[k]!;
    return e.kind === 'constant' ? e.value : undefined;
  };
  if (base === 'eqz') return { op: wide ? 'eq64i' : 'eq32i', operands: [0], constant: 0n };
  if (entries.length === 1) return { op: name as OpName, operands: [0] };
  const form = (b: string, suffix: string): OpName => `${b}${bits}${suffix}` as OpName;
  const first = value(0);
  const second = value(1);
  const swap = COMMUTATIVE.has(base) && first !== undefined && second === undefined;
  const [left, right, constant] = swap ? [1, 0, first] : [0, 1, second];
  const limit = wide ? 64 : 32;
  switch (base) {
    case 'add':
      if (constant !== undefined) return { op: form('add', 'i'), operands: [left], constant };
      return { op: form('add', 'r'), operands: [0, 1] };
    case 'sub':
      if (constant !== undefined)
        return { op: form('add', 'i'), operands: [0], constant: BigInt.asIntN(limit, -constant) };
      return { op: form('sub', 'r'), operands: [0, 1] };
    case 'and':
    case 'or':
    case 'xor':
      if (constant === undefined) return { op: form(base, 'r'), operands: [0, 1] };
      if (base === 'and' && constant >= 0n && constant < 2n ** 16n)
        return { op: wide ? 'andLow64' : 'andLow32', operands: [left], constant };
      return { op: form(base, 'i'), operands: [left], constant };
    case 'shl':
    case 'shrU':
      if (constant === undefined) return { op: form(base, ''), operands: [0, 1] };
      return { op: form(base, 'i'), operands: [0], constant: constant & BigInt(limit - 1) };
    case 'rotl':
    case 'rotr': {
      if (constant === undefined) return { op: form(base, ''), operands: [0, 1] };
      const left = (base === 'rotl' ? constant : -constant) & BigInt(limit - 1);
      return { op: form('rotl', 'i'), operands: [0], constant: left };
    }
    case 'eq':
    case 'ne':
      if (constant !== undefined) return { op: form(base, 'i'), operands: [left], constant };
      return { op: form(base, 'r'), operands: [0, 1] };
    case 'ltU':
    case 'geU':
    case 'ltS':
    case 'geS':
      if (constant !== undefined) return { op: form(base, 'i'), operands: [0], constant };
      if (first !== undefined && first !== topOf(base.endsWith('S'), limit)) {
        const mirrored = chooseForm(`${MIRROR_BACK[base]!}${bits}`, [entries[1]!, entries[0]!]);
        return { ...mirrored, operands: [1] };
      }
      return { op: form(base, 'r'), operands: [0, 1] };
    case 'gtU':
    case 'gtS':
    case 'leU':
    case 'leS': {
      const signed = base.endsWith('S');
      // a > k is a ≥ k + 1 and a ≤ k is a < k + 1, unless k is the largest value.
      if (constant !== undefined && constant !== topOf(signed, limit)) {
        const strict = base.startsWith('gt') ? (signed ? 'geS' : 'geU') : signed ? 'ltS' : 'ltU';
        return { op: form(strict, 'i'), operands: [0], constant: BigInt.asIntN(limit, constant + 1n) };
      }
      if (first !== undefined) return { op: form(MIRROR[base]!, 'i'), operands: [1], constant: first };
      return { op: form(MIRROR[base]!, 'r'), operands: [1, 0] };
    }
    default:
      return { op: name as OpName, operands: [left, right] };
  }
}

/** The largest value of a width, as the signed integer that constants are. */
const topOf = (signed: boolean, bits: number): bigint => (signed ? 2n ** BigInt(bits - 1) - 1n : -1n);
