import { once } from 'node:events';
import { privateToAddress } from '@ethereumjs/util';
import { DEFAULT_HTTP, nodeConfig } from '../config.ts';
import { DEV_ACCOUNT_KEYS } from '../execution/sealing/dev-accounts.ts';
import { type BlockReport, type RunningNode, startNode } from '../node.ts';
import { defineCommand } from './command.ts';
import { dataDirOption, wholeNumber } from './options.ts';
import { CliError } from './output.ts';

/** `zkl1-node --dev`: runs until it is told to stop. */
export const nodeCommand = defineCommand({
  command: '$0',
  describe: 'run a node',
  positionals: {},
  options: {
    dev: { type: 'boolean', default: false, describe: 'a development chain: seals a block when transactions arrive' },
    datadir: dataDirOption,
    'http.addr': { type: 'string', default: DEFAULT_HTTP.host, describe: 'address that JSON-RPC listens on' },
    'http.port': {
      type: 'string',
      default: String(DEFAULT_HTTP.port),
      coerce: wholeNumber('http.port', 0, 65535),
      describe: 'port that JSON-RPC listens on; 0 takes a free one',
    },
  },
  run: async (args, { signal, note, announce, version }) => {
    if (!args.dev) throw new CliError('usage', 'choose a network: --dev runs a development chain (zkl1-node --help)');
    const node = await startNode(nodeConfig(args), version, {
      onBlock: (report) => note(blockLine(report)),
      onAlarm: ({ header }, reason) => note(`ALARM: block ${header.number}: execution and guest disagree: ${reason}`),
      onRefused: (hash, reason) => note(`transaction ${hash} refused: ${reason}`),
      onError: (where, error) =>
        note(`error in ${where}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`),
    });
    try {
      announce({ text: banner(node), json: readyObject(node) });
      if (!signal.aborted) await once(signal, 'abort');
      note('stopping');
    } finally {
      await node.close();
    }
    return undefined;
  },
});

function readyObject(node: RunningNode): object {
  const { chainId, url, dataDir, head } = node;
  return { ok: true, http: url, chainId, dataDir, head: head.header.number, accounts: ACCOUNTS.map((a) => a.address) };
}

function banner(node: RunningNode): string {
  const { number } = node.head.header;
  return [
    '',
    '  zkl1-node, development chain',
    '',
    `  JSON-RPC   ${node.url}   (chain id ${node.chainId})`,
    `  data       ${node.dataDir}`,
    `  head       block ${number}${number === 0n ? ' (genesis)' : ''}`,
    '  proving    nothing yet: every block is run a second time by the validator that proofs are made of',
    '',
    '  Funded accounts (10000 ETH each at genesis; their keys are public, use them nowhere else):',
    ...ACCOUNTS.map(({ address, key }) => `    ${address}  ${key}`),
    '',
    '  A block is sealed when transactions arrive. Ctrl-C stops.',
    '',
  ].join('\n');
}

function blockLine({ block, executionMs, check }: BlockReport): string {
  const { header, transactions } = block;
  const hash = Buffer.from(block.hash()).toString('hex').slice(0, 8);
  const count = `${transactions.length} transaction${transactions.length === 1 ? '' : 's'}`;
  const guest = check.ok ? `guest agrees in ${check.ms.toFixed(0)} ms` : `GUEST DISAGREES: ${check.reason}`;
  return `block ${header.number} ${hash}…  ${count}, ${header.gasUsed} gas, executed in ${executionMs.toFixed(0)} ms, ${guest}`;
}

const ACCOUNTS: readonly { readonly address: string; readonly key: string }[] = DEV_ACCOUNT_KEYS.map((key) => {
  const address = privateToAddress(new Uint8Array(Buffer.from(key.slice(2), 'hex')));
  return { address: `0x${Buffer.from(address).toString('hex')}`, key };
});
