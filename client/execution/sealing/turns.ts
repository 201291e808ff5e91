/** Whose turn a height is, and from when on a sealer may make its block. */
import type { BlockHeader } from '@ethereumjs/block';
import { hex } from '../chain/block-error.ts';
import type { SealingConfig } from '../chain/genesis-config.ts';
import type { Network } from '../chain/network.ts';
import { recoverSealer, SealError } from './seal.ts';

/** Clocks differ; a block from further ahead waits. */
export const MAX_AHEAD_SECONDS = 15n;
/** No clock that is looked after is so wrong; whoever sends a block from beyond it lies about the time. */
export const MAX_CLOCK_ERROR_SECONDS = 3600n;

/** The position of the sealer whose turn a height is. */
export function turnOf({ sealers }: SealingConfig, number: bigint): number {
  return Number(number % BigInt(sealers.length));
}

/** The position of an address among the sealers, or -1. */
export function sealerIndex({ sealers }: SealingConfig, address: Uint8Array): number {
  return sealers.findIndex((sealer) => Buffer.compare(sealer, address) === 0);
}

/**
 * The first timestamp that a block may have: one period after its parent in turn, two out of turn; never the parent's.
 * @param parentTimestamp seconds
 */
export function earliestTimestamp({ period }: SealingConfig, parentTimestamp: bigint, isInTurn: boolean): bigint {
  const wait = isInTurn ? period : 2n * period;
  return parentTimestamp + (wait > 0n ? wait : 1n);
}

/**
 * What can be said of a seal without the block's parent.
 * @param seal empty on networks without sealers
 * @returns the sealer's address and its position; undefined on networks without
 * @throws SealError `sealUnexpected`, `sealMalformed`, `sealerUnknown`
 */
export function validateSealer(
  network: Network,
  header: BlockHeader,
  seal: Uint8Array,
): { readonly sealer: Uint8Array; readonly index: number } | undefined {
  const { sealing } = network.config;
  if (sealing === undefined) {
    if (seal.length === 0) return undefined;
    throw new SealError('sealUnexpected', 'a seal came for a network whose genesis names no sealers');
  }
  const sealer = recoverSealer(network, header.hash(), seal);
  const index = sealerIndex(sealing, sealer);
  if (index !== -1) return { sealer, index };
  const named = sealing.sealers.map(hex).join(', ');
  const detail = { expected: named, actual: hex(sealer) };
  throw new SealError('sealerUnknown', `block sealed by ${detail.actual}, expected one of ${named}`, detail);
}

/**
 * The rules of a seal beyond those of its header.
 * @param seal empty on networks without sealers
 * @param nowMs this machine's clock
 * @returns who sealed; no sealer on networks without
 * @throws SealError
 */
export function validateSeal(
  network: Network,
  header: BlockHeader,
  parent: BlockHeader,
  seal: Uint8Array,
  nowMs: number,
): { readonly sealer: Uint8Array | undefined; readonly isInTurn: boolean } {
  const { sealing } = network.config;
  const sealed = validateSealer(network, header, seal);
  if (sealing === undefined || sealed === undefined) return { sealer: undefined, isInTurn: true };
  const { sealer, index } = sealed;
  const isInTurn = index === turnOf(sealing, header.number);
  const earliest = earliestTimestamp(sealing, parent.timestamp, isInTurn);
  const block = `block ${header.number} of ${hex(sealer)} (${isInTurn ? 'in' : 'out of'} turn)`;
  if (header.timestamp < earliest) {
    const detail = { expected: `${earliest}`, actual: `${header.timestamp}`, sealer: hex(sealer) };
    const message = `${block} has timestamp ${header.timestamp}, expected at least ${earliest}`;
    throw new SealError('sealTooEarly', message, detail);
  }
  const latest = BigInt(Math.floor(nowMs / 1000)) + MAX_AHEAD_SECONDS;
  // A lone sealer without a period may make more blocks than there are seconds.
  if (sealing.period > 0n && header.timestamp > latest) {
    const detail = { expected: `${latest}`, actual: `${header.timestamp}`, sealer: hex(sealer) };
    const message = `${block} has timestamp ${header.timestamp}, expected at most ${latest} now`;
    const isLie = header.timestamp > latest + MAX_CLOCK_ERROR_SECONDS;
    throw new SealError(isLie ? 'timestampFarAhead' : 'timestampAhead', message, detail);
  }
  return { sealer, isInTurn };
}
