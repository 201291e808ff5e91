/** `validate_header` of execution-specs, Frontier to Osaka. */
import type { BlockHeader } from '@ethereumjs/block';
import { KECCAK256_RLP_ARRAY } from '@ethereumjs/util';
import { activeForks } from './active-forks.ts';
import { headerViolation, hex, requireEqual } from './block-error.ts';
import type { BlobParams, ForkName } from './chain-spec.ts';
import { blockDifficulty } from './difficulty.ts';
import type { ChainConfig } from './genesis-config.ts';
import { GAS_PER_BLOB } from './rules.ts';

const MAX_EXTRA_DATA_BYTES = 32;
const GAS_LIMIT_ADJUSTMENT_FACTOR = 1024n;
const GAS_LIMIT_MINIMUM = 5000n;
const GAS_LIMIT_MAXIMUM = (1n << 63n) - 1n;
const ELASTICITY_MULTIPLIER = 2n;
const BASE_FEE_MAX_CHANGE_DENOMINATOR = 8n;
const INITIAL_BASE_FEE = 1_000_000_000n;
const DAO_EXTRA_DATA = new TextEncoder().encode('dao-hard-fork');
/** EIP-779: this many blocks from the fork on have the extra data. */
const DAO_EXTRA_DATA_BLOCKS = 10n;
/** EIP-7918 */
const BLOB_BASE_COST = 8192n;
const MIN_BLOB_GAS_PRICE = 1n;
/** Blob gas costs e^(excess / update fraction) wei: past this exponent more than there is, and the series takes minutes. */
const MAX_BLOB_PRICE_EXPONENT = 200n;

/**
 * Checks every rule that a header obeys by itself and against its parent. Which fields it has was checked when it was
 * decoded; roots, bloom and gas used are compared with the outcome of execution elsewhere. Ethash seals are not checked.
 * @throws BlockError
 */
export function validateHeader(
  config: ChainConfig,
  header: BlockHeader,
  parent: BlockHeader,
  parentHash: Uint8Array,
): void {
  const forks = activeForks(config, header.number, header.timestamp);
  const isActive = (fork: ForkName): boolean => forks.some(({ name }) => name === fork);
  const isParis = isActive('paris');

  requireEqual('parentHash', hex(parentHash), hex(header.parentHash));
  requireEqual('number', parent.number + 1n, header.number);
  if (header.timestamp <= parent.timestamp) {
    throw headerViolation('timestamp', `above the parent's ${parent.timestamp}`, header.timestamp);
  }
  validateExtraData(config, header);
  if (header.gasUsed > header.gasLimit) {
    throw headerViolation('gasUsedAboveLimit', `at most ${header.gasLimit}`, header.gasUsed);
  }
  validateGasLimit(header, parent, isActive('london') && !hasBaseFee(parent));
  requireEqual('baseFeePerGas', isActive('london') ? nextBaseFee(parent) : 'none', header.baseFeePerGas ?? 'none');
  const difficulty = isParis ? 0n : blockDifficulty(isActive, header.number, header.timestamp, parent);
  requireEqual('difficulty', difficulty, header.difficulty);
  if (isParis) {
    requireEqual('nonce', '0x0000000000000000', hex(header.nonce));
    requireEqual('ommersHash', hex(KECCAK256_RLP_ARRAY), hex(header.uncleHash));
  }
  const blobParams = forks.findLast((fork) => fork.blobParams !== undefined)?.blobParams;
  if (blobParams !== undefined) {
    const largest = MAX_BLOB_PRICE_EXPONENT * BigInt(blobParams.baseFeeUpdateFraction);
    const parentExcess = parent.excessBlobGas ?? 0n;
    if (parentExcess > largest)
      throw headerViolation('excessBlobGas', `at most ${largest} in the parent`, parentExcess);
    const expected = nextExcessBlobGas(blobParams, parent, isActive('osaka'));
    requireEqual('excessBlobGas', expected, header.excessBlobGas ?? 'none');
  }
}

function validateExtraData(config: ChainConfig, header: BlockHeader): void {
  const { extraData, number } = header;
  if (extraData.length > MAX_EXTRA_DATA_BYTES) {
    throw headerViolation('extraData', `at most ${MAX_EXTRA_DATA_BYTES} bytes`, `${extraData.length} bytes`);
  }
  const { daoForkBlock } = config;
  const isDaoRange =
    daoForkBlock !== undefined && number >= daoForkBlock && number < daoForkBlock + DAO_EXTRA_DATA_BLOCKS;
  if (isDaoRange) requireEqual('extraData', hex(DAO_EXTRA_DATA), hex(extraData));
}

/** EIP-1559: the fork's first block is compared with twice its parent's limit. */
function validateGasLimit(header: BlockHeader, parent: BlockHeader, isFirstWithBaseFee: boolean): void {
  const reference = isFirstWithBaseFee ? parent.gasLimit * ELASTICITY_MULTIPLIER : parent.gasLimit;
  const adjustment = reference / GAS_LIMIT_ADJUSTMENT_FACTOR;
  const { gasLimit } = header;
  const isClose = gasLimit < reference + adjustment && gasLimit > reference - adjustment;
  if (!isClose || gasLimit < GAS_LIMIT_MINIMUM || gasLimit > GAS_LIMIT_MAXIMUM) {
    throw headerViolation(
      'gasLimit',
      `within ${adjustment} of ${reference}, and at least ${GAS_LIMIT_MINIMUM}`,
      gasLimit,
    );
  }
}

/** EIP-1559 */
function nextBaseFee(parent: BlockHeader): bigint {
  if (!hasBaseFee(parent)) return INITIAL_BASE_FEE;
  const baseFee = parent.baseFeePerGas ?? 0n;
  const target = parent.gasLimit / ELASTICITY_MULTIPLIER;
  if (parent.gasUsed === target) return baseFee;
  if (parent.gasUsed > target) {
    const increase = (baseFee * (parent.gasUsed - target)) / target / BASE_FEE_MAX_CHANGE_DENOMINATOR;
    return baseFee + (increase > 0n ? increase : 1n);
  }
  return baseFee - (baseFee * (target - parent.gasUsed)) / target / BASE_FEE_MAX_CHANGE_DENOMINATOR;
}

function hasBaseFee(header: BlockHeader): boolean {
  return header.common.isActivatedEIP(1559);
}

/** EIP-4844, EIP-7691, EIP-7892, EIP-7918; a parent before Cancun counts as zero excess and zero use. */
function nextExcessBlobGas(params: BlobParams, parent: BlockHeader, isOsaka: boolean): bigint {
  const excess = parent.excessBlobGas ?? 0n;
  const used = parent.blobGasUsed ?? 0n;
  const target = BigInt(params.target * GAS_PER_BLOB);
  if (excess + used < target) return 0n;
  if (isOsaka) {
    const blobPrice = fakeExponential(MIN_BLOB_GAS_PRICE, excess, BigInt(params.baseFeeUpdateFraction));
    if (BLOB_BASE_COST * (parent.baseFeePerGas ?? 0n) > BigInt(GAS_PER_BLOB) * blobPrice) {
      return excess + (used * BigInt(params.max - params.target)) / BigInt(params.max);
    }
  }
  return excess + used - target;
}

/** EIP-4844: factor · e^(numerator / denominator) by its Taylor series. */
function fakeExponential(factor: bigint, numerator: bigint, denominator: bigint): bigint {
  let sum = 0n;
  let term = factor * denominator;
  for (let i = 1n; term > 0n; i++) {
    sum += term;
    term = (term * numerator) / (denominator * i);
  }
  return sum / denominator;
}
