import type { Block } from '@ethereumjs/block';
import type { ChainPort, RpcPorts } from '../interface.ts';
import { RpcError } from '../jsonrpc/errors.ts';
import { type Method, method } from '../jsonrpc/method.ts';
import * as p from '../jsonrpc/params.ts';
import { requireBlock } from './block-id.ts';
import { quantity } from './format.ts';

/** execution-apis: at most this many blocks per `eth_feeHistory`. */
const MAX_HISTORY = 1024n;
/** Blocks that a tip is suggested from, and the part of their tips that lies below it. */
const TIP_BLOCKS = 20;
const TIP_PERCENTILE = 60;
/** Suggested where no transaction shows what is paid: 0.001 gwei. */
const LEAST_TIP = 1_000_000n;

const percentile: p.Param<number> = {
  expects: 'a percentile from 0 to 100',
  read: (value, where) => {
    if (typeof value === 'number' && value >= 0 && value <= 100) return value;
    throw new RpcError('invalidParams', `invalid params: ${where}: expected a percentile from 0 to 100`);
  },
};
/** Some clients send the count as a JSON number. */
const blockCount: p.Param<bigint> = {
  expects: 'a quantity',
  read: (value, where) =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
      ? BigInt(value)
      : p.uint64.read(value, where),
};

/** What a transaction should pay. */
export function feeMethods({ chain }: RpcPorts): readonly Method[] {
  return [
    method('eth_gasPrice', [], () => quantity(chain.head().header.calcNextBaseFee() + suggestedTip(chain))),
    method('eth_maxPriorityFeePerGas', [], () => quantity(suggestedTip(chain))),
    method('eth_blobBaseFee', [], () => quantity(nextBlobFee(chain.head()))),
    method(
      'eth_feeHistory',
      [
        ['blockCount', blockCount],
        ['newestBlock', p.blockId],
        ['rewardPercentiles', p.optional(p.listOf(percentile, 100))],
      ],
      (count, newest, percentiles) => feeHistory(chain, count, requireBlock(chain, newest), percentiles),
    ),
  ];
}

function feeHistory(
  chain: ChainPort,
  count: bigint,
  newest: Block,
  percentiles: readonly number[] | undefined,
): object {
  if (percentiles?.some((value, i) => i > 0 && value < (percentiles[i - 1] ?? 0)) === true) {
    throw new RpcError('invalidParams', 'invalid params: rewardPercentiles: expected ascending percentiles');
  }
  const last = newest.header.number;
  const wanted = count > MAX_HISTORY ? MAX_HISTORY : count;
  const first = wanted > last + 1n ? 0n : last + 1n - wanted;
  const blocks: Block[] = [];
  for (let number = first; number <= last; number++) {
    const found = chain.canonicalBlock(number);
    if (found !== undefined) blocks.push(found);
  }
  const blobRatio = ({ header, common }: Block): number =>
    header.blobGasUsed === undefined
      ? 0
      : Number(header.blobGasUsed) / Number(common.getBlobGasSchedule().maxBlobGasPerBlock);
  const rewards = percentiles?.length ? { reward: blocks.map((b) => rewardsOf(chain, b, percentiles)) } : {};
  return {
    oldestBlock: quantity(first),
    baseFeePerGas: [...blocks.map((b) => b.header.baseFeePerGas ?? 0n), newest.header.calcNextBaseFee()].map(quantity),
    gasUsedRatio: blocks.map((b) => Number(b.header.gasUsed) / Number(b.header.gasLimit)),
    baseFeePerBlobGas: [...blocks.map(blobFee), nextBlobFee(newest)].map(quantity),
    blobGasUsedRatio: blocks.map(blobRatio),
    ...rewards,
  };
}

/** 0 before Cancun. */
function blobFee({ header }: Block): bigint {
  return header.excessBlobGas === undefined ? 0n : header.getBlobGasPrice();
}

function nextBlobFee({ header, common }: Block): bigint {
  return header.excessBlobGas === undefined ? 0n : header.calcNextBlobGasPrice(common);
}

/** Tips at the percentiles of a block's gas, in the order of tips. */
function rewardsOf(chain: ChainPort, block: Block, percentiles: readonly number[]): readonly string[] {
  const receipts = chain.receipts(block.hash()) ?? [];
  let before = 0n;
  const paid = block.transactions.map((tx, i) => {
    const cumulative = receipts[i]?.cumulativeGasUsed ?? before;
    const gasUsed = cumulative - before;
    before = cumulative;
    return { tip: tx.getEffectivePriorityFee(block.header.baseFeePerGas ?? 0n), gasUsed };
  });
  paid.sort((a, b) => (a.tip < b.tip ? -1 : a.tip > b.tip ? 1 : 0));
  return percentiles.map((percent) => {
    const threshold = (Number(block.header.gasUsed) * percent) / 100;
    let sum = 0;
    for (const { tip, gasUsed } of paid) {
      sum += Number(gasUsed);
      if (sum >= threshold) return quantity(tip);
    }
    return quantity(paid.at(-1)?.tip ?? 0n);
  });
}

function suggestedTip(chain: ChainPort): bigint {
  const tips: bigint[] = [];
  const head = chain.head().header.number;
  for (let back = 0; back < TIP_BLOCKS && BigInt(back) <= head; back++) {
    const block = chain.canonicalBlock(head - BigInt(back));
    for (const tx of block?.transactions ?? [])
      tips.push(tx.getEffectivePriorityFee(block?.header.baseFeePerGas ?? 0n));
  }
  if (tips.length === 0) return LEAST_TIP;
  tips.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const tip = tips[Math.floor(((tips.length - 1) * TIP_PERCENTILE) / 100)] ?? LEAST_TIP;
  return tip > LEAST_TIP ? tip : LEAST_TIP;
}
