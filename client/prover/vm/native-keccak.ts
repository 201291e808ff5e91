/** Keccak-f[1600] as a WebAssembly module of one unrolled function over the guest's memory. */
import { concat, HEADER, s64, section, u32 } from './native-bytes.ts';

/** FIPS 202, section 3.2: rotations and targets along the path that ρ and π walk from lane 1. */
const ROTATIONS = [1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 2, 14, 27, 41, 56, 8, 25, 43, 62, 18, 39, 61, 20, 44];
const TARGETS = [10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1];
const ROUNDS = 24;
const LANES = 25;

const I64 = 0x7e;
const [GET, SET, LOAD, STORE, CONST] = [0x20, 0x21, 0x29, 0x37, 0x42];
const [XOR, AND, ROTL] = [0x85, 0x83, 0x89];

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

function permutation(): number[] {
  // Locals: 0 the pointer, then the lanes, five column parities, two temporaries.
  const lane = (i: number): number => 1 + i;
  const parity = (x: number): number => 1 + LANES + x;
  const [moved, next] = [1 + LANES + 5, 1 + LANES + 6];
  const code: number[] = [1, LANES + 7, I64];
  for (let i = 0; i < LANES; i++) code.push(GET, 0, LOAD, 3, ...u32(8 * i), SET, lane(i));
  for (const constant of roundConstants()) {
    for (let x = 0; x < 5; x++) {
      code.push(GET, lane(x));
      for (let y = 5; y < LANES; y += 5) code.push(GET, lane(x + y), XOR);
      code.push(SET, parity(x));
    }
    for (let x = 0; x < 5; x++) {
      code.push(GET, parity((x + 4) % 5), GET, parity((x + 1) % 5), CONST, 1, ROTL, XOR, SET, moved);
      for (let y = 0; y < LANES; y += 5) code.push(GET, lane(x + y), GET, moved, XOR, SET, lane(x + y));
    }
    code.push(GET, lane(1), SET, moved);
    for (const [i, target] of TARGETS.entries()) {
      const rotation = s64(BigInt(ROTATIONS[i] ?? 0));
      code.push(GET, lane(target), SET, next, GET, moved, CONST, ...rotation, ROTL, SET, lane(target));
      code.push(GET, next, SET, moved);
    }
    for (let y = 0; y < LANES; y += 5) {
      for (let x = 0; x < 5; x++) code.push(GET, lane(y + x), SET, parity(x));
      for (let x = 0; x < 5; x++) {
        code.push(GET, parity(x), GET, parity((x + 1) % 5), CONST, 0x7f, XOR, GET, parity((x + 2) % 5), AND, XOR);
        code.push(SET, lane(y + x));
      }
    }
    code.push(GET, lane(0), CONST, ...s64(constant), XOR, SET, lane(0));
  }
  for (let i = 0; i < LANES; i++) code.push(GET, 0, GET, lane(i), STORE, 3, ...u32(8 * i));
  code.push(0x0b);
  return code;
}

/**
 * A module that imports `guest.memory` and exports `keccak_f: (pointer) → ()`, which permutes the 25 words there.
 * The caller checks alignment; a pointer past the end traps.
 */
export function keccakModule(): Uint8Array<ArrayBuffer> {
  const text = (name: string): number[] => [name.length, ...[...name].map((c) => c.charCodeAt(0))];
  const body = permutation();
  const code = [1, ...u32(body.length), ...body];
  return concat([
    Uint8Array.from(HEADER),
    ...section(1, [Uint8Array.of(1, 0x60, 1, 0x7f, 0)]),
    ...section(2, [Uint8Array.from([1, ...text('guest'), ...text('memory'), 2, 0, 1])]),
    ...section(3, [Uint8Array.of(1, 0)]),
    ...section(7, [Uint8Array.from([1, ...text('keccak_f'), 0, 0])]),
    ...section(10, [Uint8Array.from(code)]),
  ]);
}
