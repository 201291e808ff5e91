/**
 * Keccak-f[1600] over the guest's memory as a WebAssembly module of two functions: one round between a state in memory and
 * itself, and the permutation, which calls it 24 times. Unrolled into one function with the state in locals it is twenty
 * times as much code to compile and, in V8 11.3, runs a third longer.
 */
import { concat, HEADER, nameBytes, s64, section, u32 } from './native-bytes.ts';

/** FIPS 202, section 3.2: rotations and targets along the path that ρ and π walk from lane 1. */
const ROTATIONS = [1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 2, 14, 27, 41, 56, 8, 25, 43, 62, 18, 39, 61, 20, 44];
const TARGETS = [10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1];
const ROUNDS = 24;
const LANES = 25;

const [I32, I64] = [0x7f, 0x7e];
const [GET, SET, LOAD, STORE, CONST32, CONST64] = [0x20, 0x21, 0x29, 0x37, 0x41, 0x42];
const [AND32, XOR, AND, ROTL] = [0x71, 0x85, 0x83, 0x89];
const [IF, VOID, END, CALL] = [0x04, 0x40, 0x0b, 0x10];

/** ι: the round's constant from the linear feedback shift register of section 3.2.5. */
function roundConstants(): bigint[] {
  const constants = [];
  let register = 1;
  for (let round = 0; round < ROUNDS; round++) {
    let constant = 0n;
    for (let j = 0; j < 7; j++) {
      if ((register & 1) !== 0) constant |= 1n << ((1n << BigInt(j)) - 1n);
      register = (register << 1) ^ ((register & 0x80) !== 0 ? 0x171 : 0);
    }
    constants.push(constant);
  }
  return constants;
}

/** Lane → where π takes it from, and ρ's rotation on the way. */
function lanesBefore(): readonly (readonly [from: number, rotation: number])[] {
  const before: [number, number][] = [[0, 0]];
  let from = 1;
  for (const [k, target] of TARGETS.entries()) {
    before[target] = [from, ROTATIONS[k]!];
    from = target;
  }
  return before;
}

/** Parameters: pointer to the state, constant of the round. */
function round(): number[] {
  const lane = (i: number): number => 2 + i;
  const [sum, effect, row] = [0, 5, 10].map(
    (first) =>
      (x: number): number =>
        lane(LANES) + first + (x % 5),
  ) as [(x: number) => number, (x: number) => number, (x: number) => number];
  const code: number[] = [1, LANES + 15, I64];
  for (let i = 0; i < LANES; i++) code.push(GET, 0, LOAD, 3, ...u32(8 * i), SET, lane(i));
  for (let x = 0; x < 5; x++) {
    code.push(GET, lane(x));
    for (let y = 5; y < LANES; y += 5) code.push(GET, lane(x + y), XOR);
    code.push(SET, sum(x));
  }
  for (let x = 0; x < 5; x++) code.push(GET, sum(x + 4), GET, sum(x + 1), CONST64, 1, ROTL, XOR, SET, effect(x));
  const before = lanesBefore();
  for (let y = 0; y < LANES; y += 5) {
    for (let x = 0; x < 5; x++) {
      const [from, rotation] = before[y + x]!;
      code.push(GET, lane(from), GET, effect(from), XOR, CONST64, ...s64(BigInt(rotation)), ROTL, SET, row(x));
    }
    for (let x = 0; x < 5; x++) {
      code.push(GET, 0, GET, row(x), GET, row(x + 1), CONST64, 0x7f, XOR, GET, row(x + 2), AND, XOR);
      if (x + y === 0) code.push(GET, 1, XOR);
      code.push(STORE, 3, ...u32(8 * (x + y)));
    }
  }
  return [...code, END];
}

const [UNALIGNED, ROUND] = [0, 1];

function permutation(): number[] {
  const check = [GET, 0, CONST32, 7, AND32, IF, VOID, GET, 0, CALL, UNALIGNED, END];
  const rounds = roundConstants().flatMap((constant) => [GET, 0, CONST64, ...s64(constant), CALL, ROUND]);
  return [0, ...check, ...rounds, END];
}

/**
 * A module that imports `guest.memory` and `guest.unaligned: (pointer) → ()`, and exports `keccak_f: (pointer) → ()`, which
 * permutes the 25 words there. A pointer that is no multiple of 8 goes to `unaligned`, which throws; one past the end traps.
 */
export function keccakModule(): Uint8Array<ArrayBuffer> {
  const code = [round(), permutation()].flatMap((body) => [...u32(body.length), ...body]);
  const types = [0x60, 1, I32, 0, 0x60, 2, I32, I64, 0];
  const memory = [...nameBytes('guest'), ...nameBytes('memory'), 2, 0, 0];
  const unaligned = [...nameBytes('guest'), ...nameBytes('unaligned'), 0, 0];
  return concat([
    Uint8Array.from(HEADER),
    ...section(1, [Uint8Array.from([2, ...types])]),
    ...section(2, [Uint8Array.from([2, ...memory, ...unaligned])]),
    ...section(3, [Uint8Array.of(2, 1, 0)]),
    ...section(7, [Uint8Array.from([1, ...nameBytes('keccak_f'), 0, 2])]),
    ...section(10, [Uint8Array.from([2, ...code])]),
  ]);
}
