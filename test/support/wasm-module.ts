/** Assembles small WebAssembly modules from bytes: what tests of the machine need. */
import { concat, HEADER, s64, section, u32 } from '../../client/prover/vm/native-bytes.ts';

export const [I32, I64] = [0x7f, 0x7e];
export type ModuleFunction = {
  readonly name?: string;
  readonly params?: readonly number[];
  readonly results?: readonly number[];
  readonly locals?: readonly number[];
  /** Instructions without the closing `end`. */
  readonly code: readonly number[];
};
export type ModuleParts = {
  readonly functions: readonly ModuleFunction[];
  readonly pages?: number;
  /** Mutable globals: type and initial value. */
  readonly globals?: readonly (readonly [number, bigint])[];
  /** Indices of the function table. */
  readonly table?: readonly number[];
  readonly data?: readonly { readonly offset: number; readonly bytes: readonly number[] }[];
  /** Host functions of `zkvm` to import, in front of all others. */
  readonly hosts?: readonly (keyof typeof HOST_TYPES)[];
};

const HOST_TYPES = {
  input_size: { params: [], results: [I32] },
  input_read: { params: [I32, I32], results: [] },
  keccak_f: { params: [I32], results: [] },
  halt: { params: [I32], results: [] },
  mulmod256: { params: [I32, I32, I32, I32, I32], results: [] },
  advice: { params: [I32, I32, I32], results: [] },
  ec_msm: { params: [I32, I32, I32, I32, I32], results: [] },
} as const;

export const i32 = (value: number): number[] => [0x41, ...s64(BigInt(value | 0))];
export const i64 = (value: bigint): number[] => [0x42, ...s64(value)];
export const call = (index: number): number[] => [0x10, ...u32(index)];
export const get = (local: number): number[] => [0x20, ...u32(local)];
export const set = (local: number): number[] => [0x21, ...u32(local)];

const text = (name: string): number[] => [name.length, ...new TextEncoder().encode(name)];
const vector = (items: readonly (readonly number[])[]): Uint8Array =>
  Uint8Array.from([...u32(items.length), ...items.flat()]);
const typeOf = (params: readonly number[], results: readonly number[]): number[] => [
  0x60,
  ...u32(params.length),
  ...params,
  ...u32(results.length),
  ...results,
];

/** Every function has a type of its own index; hosts come first. The memory, if any, is exported as `memory`. */
export function wasmModule(parts: ModuleParts): Uint8Array<ArrayBuffer> {
  const { functions, pages, globals = [], table, data = [], hosts = [] } = parts;
  const types = [
    ...hosts.map((h) => typeOf(HOST_TYPES[h].params, HOST_TYPES[h].results)),
    ...functions.map((f) => typeOf(f.params ?? [], f.results ?? [])),
  ];
  const exports = functions.flatMap((f, k) =>
    f.name === undefined ? [] : [[...text(f.name), 0, ...u32(hosts.length + k)]],
  );
  if (pages !== undefined) exports.push([...text('memory'), 2, 0]);
  const bodies = functions.map((f) => {
    const locals = f.locals ?? [];
    const code = [...u32(locals.length), ...locals.flatMap((t) => [1, t]), ...f.code, 0x0b];
    return [...u32(code.length), ...code];
  });
  const some = (id: number, items: readonly (readonly number[])[]): readonly Uint8Array[] =>
    items.length === 0 ? [] : section(id, [vector(items)]);
  return concat([
    Uint8Array.from(HEADER),
    ...some(1, types),
    ...some(
      2,
      hosts.map((h, k) => [...text('zkvm'), ...text(h), 0, k]),
    ),
    ...some(
      3,
      functions.map((_, k) => u32(hosts.length + k)),
    ),
    ...some(4, table === undefined ? [] : [[0x70, 1, ...u32(table.length), ...u32(table.length)]]),
    ...some(5, pages === undefined ? [] : [[1, ...u32(pages), ...u32(pages)]]),
    ...some(
      6,
      globals.map(([type, value]) => [type, 1, type === I32 ? 0x41 : 0x42, ...s64(value), 0x0b]),
    ),
    ...some(7, exports),
    ...some(9, table === undefined ? [] : [[0, 0x41, 0, 0x0b, ...u32(table.length), ...table.flatMap(u32)]]),
    ...some(10, bodies),
    ...some(
      11,
      data.map((d) => [0, ...i32(d.offset), 0x0b, ...u32(d.bytes.length), ...d.bytes]),
    ),
  ]);
}
