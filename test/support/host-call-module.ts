/** Modules that make one host call on bytes of their data segment and halt with public values from memory. */
import { call, i32, type ModuleParts, wasmModule } from './wasm-module.ts';

type Host = NonNullable<ModuleParts['hosts']>[number];
/** Calls of imports by name with constant operands, then `halt` at address 0. */
export type HostCalls = readonly (readonly [Host, ...number[]])[];

/** The table of initial memory then has as many rows as the tables of touched cells: a key has none that is taller. */
const DATA_BYTES = 4096;

/** A module whose memory starts with `bytes` and whose `main` makes the calls, in order. */
export function hostCallModule(bytes: Uint8Array, calls: HostCalls): Uint8Array<ArrayBuffer> {
  const hosts: readonly Host[] = ['halt', 'mulmod256', 'advice', 'ec_msm'];
  const code = calls.flatMap(([host, ...operands]) => [...operands.flatMap(i32), ...call(hosts.indexOf(host))]);
  return wasmModule({
    hosts,
    pages: 1,
    data: [{ offset: 0, bytes: [...bytes, ...new Array<number>(DATA_BYTES - bytes.length).fill(0)] }],
    functions: [{ name: 'main', code: [...code, ...i32(0), ...call(hosts.indexOf('halt'))] }],
  });
}

/** Little-endian bytes of a number. */
export const littleEndian = (value: bigint, bytes: number): Uint8Array =>
  Uint8Array.from({ length: bytes }, (_, k) => Number((value >> BigInt(8 * k)) & 0xffn));

/** The number in little-endian bytes. */
export const fromLittleEndian = (bytes: Uint8Array): bigint =>
  bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
