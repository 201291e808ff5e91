import { call, get, I32, I64, i32, i64, wasmModule } from './wasm-module.ts';

/** Calls of the host functions, in the order of `HOSTS`. */
export const [INPUT_SIZE, INPUT_READ, KECCAK, HALT] = [0, 1, 2, 3].map(call) as [
  number[],
  number[],
  number[],
  number[],
];
export const HOSTS = ['input_size', 'input_read', 'keccak_f', 'halt'] as const;
export const copy = (to: number, from: number, bytes: number): number[] => [
  ...[...i32(to), ...i32(from), ...i32(bytes)],
  ...[0xfc, 10, 0, 0],
];
export const fill = (to: number, value: number, bytes: number): number[] => [
  ...[...i32(to), ...i32(value), ...i32(bytes)],
  ...[0xfc, 11, 0],
];

/** A program that uses every kind of access: input, unaligned and crossing ones, copies, calls, globals, Keccak-f. */
export const EVERYTHING = wasmModule({
  hosts: HOSTS,
  pages: 1,
  globals: [
    [I32, 0x12345678n],
    [I64, -5n],
  ],
  table: [5, 6],
  data: [{ offset: 1001, bytes: Array.from({ length: 40 }, (_, k) => k + 1) }],
  functions: [
    {
      name: 'main',
      locals: [I32],
      code: [
        ...[...i32(8), ...INPUT_SIZE, ...INPUT_READ, ...i32(4096), ...i32(0), ...INPUT_READ],
        // Loads and stores of every size at every address modulo 8.
        ...[0x03, 0x40],
        ...[...get(0), ...get(0), 0x29, 0, 8, 0x37, 0, 0xc0, 0x3e],
        ...[...get(0), ...get(0), 0x34, 0, 9, 0x37, 0, 0x90, 0x3f],
        ...[...get(0), ...get(0), 0x2f, 0, 10, 0x3b, 0, 0xe0, 0x3f],
        ...[...get(0), ...get(0), 0x28, 0, 8, 0x36, 0, 0xb0, 0x40],
        ...[...get(0), ...get(0), 0x2c, 0, 8, 0x3a, 0, 0x80, 0x41],
        ...[...get(0), ...i32(1), 0x6a, 0x22, 0, ...i32(20), 0x49, 0x0d, 0, 0x0b],
        ...copy(2003, 1001, 37),
        ...copy(2005, 2003, 37),
        ...copy(2001, 2005, 37),
        ...copy(2100, 2001, 0),
        ...copy(2096, 1000, 3),
        // Whole cells between bytes, towards both ends, and over themselves.
        ...[...copy(2201, 1001, 60), ...copy(1009, 2201, 75), ...copy(2209, 2201, 64), ...copy(2193, 2201, 64)],
        ...[...copy(2208, 1000, 8), ...copy(2208, 1008, 4), ...copy(2216, 2216, 40), ...copy(2001, 2201, 5)],
        ...fill(3001, 0x1ab, 21),
        ...fill(3000, 7, 0),
        ...[...i32(3), ...i32(0), 0x11, 5, 0, 0x1a],
        ...[...i32(3), ...i32(1), 0x11, 5, 0, 0x24, 0],
        ...[0x23, 1, ...i64(7n), 0x7e, 0x24, 1],
        ...[...i32(2000), ...KECCAK],
        ...[...i32(2000), 0x23, 1, 0x37, 3, 0],
        ...[...i32(2000), ...HALT],
      ],
    },
    {
      params: [I32],
      results: [I32],
      code: [...get(0), ...i32(1), 0x6b, 0x22, 0, 0x45, 0x04, I32, ...i32(9), 0x05, ...get(0), ...call(5), 0x0b],
    },
    { params: [I32], results: [I32], code: [...get(0), ...call(5), ...i32(11), 0x6c] },
  ],
});

/** What `EVERYTHING` reads. */
export const INPUT = Uint8Array.from({ length: 48 }, (_, k) => 255 - 5 * k);
