import type { Block } from '@ethereumjs/block';
import type { ChainPort, RpcPorts } from '../interface.ts';
import { RpcError } from '../jsonrpc/errors.ts';
import { type Method, method } from '../jsonrpc/method.ts';
import * as p from '../jsonrpc/params.ts';
import { requireBlock } from './block-id.ts';
import { blockLogsJson, type LogJson } from './format.ts';
import { bloomTest, LOG_FILTER_FIELDS, type LogFilter, matchesLog } from './log-filter.ts';

/** One call's work and answer are bounded: a longer range is to be asked for in parts. */
export const MAX_LOG_BLOCKS = 10_000n;
const MAX_LOGS = 10_000;
/** Hex digits of data and topics in one answer: a log may have megabytes of them. */
const MAX_DIGITS = 16 * 1024 * 1024;
/** Blocks after which other requests have their turn. */
const BLOCKS_PER_TURN = 100n;

const filter = p.object({
  ...LOG_FILTER_FIELDS,
  fromBlock: p.optional(p.numberedBlock),
  toBlock: p.optional(p.numberedBlock),
  blockHash: p.optional(p.hash32),
});
type RangeFilter = ReturnType<typeof filter.read>;

/** Logs of canonical blocks, and of any block that is named by its hash. */
export function logMethods({ chain }: RpcPorts): readonly Method[] {
  return [
    method('eth_getLogs', [['filter', filter]], async (asked) => {
      const found: LogJson[] = [];
      let digits = 0;
      const mayMatch = bloomTest(asked);
      for await (const block of blocksOf(chain, asked)) {
        if (!mayMatch(block.header.logsBloom)) continue;
        for (const log of matching(chain, block, asked)) {
          digits += log.data.length + log.topics.join('').length;
          found.push(log);
        }
        if (digits > MAX_DIGITS) {
          throw new RpcError('limitExceeded', `logs of more than ${MAX_DIGITS / 2} bytes match: ask for fewer blocks`);
        }
        if (found.length > MAX_LOGS) {
          throw new RpcError('limitExceeded', `more than ${MAX_LOGS} logs match: ask for fewer blocks`);
        }
      }
      return found;
    }),
  ];
}

function matching(chain: ChainPort, block: Block, asked: LogFilter): readonly LogJson[] {
  const receipts = chain.receipts(block.hash()) ?? [];
  return blockLogsJson(block, receipts, false).filter((log) => matchesLog(asked, log));
}

async function* blocksOf(chain: ChainPort, { blockHash, fromBlock, toBlock }: RangeFilter): AsyncGenerator<Block> {
  if (blockHash !== undefined) {
    if (fromBlock !== undefined || toBlock !== undefined) {
      throw new RpcError(
        'invalidParams',
        'invalid params: filter: expected blockHash or fromBlock and toBlock, got both',
      );
    }
    yield requireBlock(chain, { kind: 'hash', hash: blockHash, requireCanonical: false });
    return;
  }
  const head = chain.head().header.number;
  const from = numberOf(chain, fromBlock);
  const to = numberOf(chain, toBlock);
  if (from > to || to > head) {
    throw new RpcError(
      'invalidParams',
      `invalid params: filter: expected an ascending range up to block ${head}, the head`,
    );
  }
  if (to - from >= MAX_LOG_BLOCKS) {
    throw new RpcError('limitExceeded', `a range of ${to - from + 1n} blocks, at most ${MAX_LOG_BLOCKS} are searched`);
  }
  for (let number = from; number <= to; number++) {
    const block = chain.canonicalBlock(number);
    if (block !== undefined) yield block;
    if ((number - from) % BLOCKS_PER_TURN === BLOCKS_PER_TURN - 1n)
      await new Promise((resolve) => setImmediate(resolve));
  }
}

/** The head where nothing is said. */
function numberOf(chain: ChainPort, id: RangeFilter['fromBlock']): bigint {
  return id?.kind === 'number' ? id.number : requireBlock(chain, id ?? { kind: 'tag', tag: 'latest' }).header.number;
}
