import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parseGenesis } from '../../../client/execution/chain/genesis.ts';
import { rulesAt } from '../../../client/execution/chain/network.ts';
import type { Store } from '../../../client/execution/store/store.ts';
import { TransactionPool } from '../../../client/execution/txpool/pool.ts';
import { proofPort } from '../../../client/node/proof-port.ts';
import { rpcPorts } from '../../../client/node/rpc-ports.ts';
import { VerifierProcess } from '../../../client/prover/service/verifier-process.ts';
import { DEFAULT_LIMITS, type Dispatch, dispatcher } from '../../../client/rpc/jsonrpc/dispatch.ts';
import { rpcMethods } from '../../../client/rpc/methods.ts';
import { blocksOfChainFile } from '../../support/chain-file.ts';
import { dataDir, needsData, readJson } from '../../support/data.ts';
import { openChain } from '../../support/stored-chain.ts';

const folder = join(dataDir() ?? '', 'chains', 'execution-apis', 'tests');

/** Methods of the fixtures that this client serves. */
const METHODS = [
  ...['debug_getRawBlock', 'eth_blobBaseFee', 'eth_blockNumber', 'eth_call', 'eth_chainId', 'eth_estimateGas'],
  ...['eth_feeHistory', 'eth_getBalance', 'eth_getBlockByHash', 'eth_getBlockByNumber', 'eth_getBlockReceipts'],
  ...[
    'eth_getCode',
    'eth_getLogs',
    'eth_getProof',
    'eth_getStorageAt',
    'eth_getTransactionByHash',
    'eth_getTransactionCount',
  ],
  ...['eth_getTransactionReceipt', 'eth_sendRawTransaction', 'eth_syncing', 'net_version'],
];

/** Cases that ask for something else than this client does, with the reason. */
const EXCLUDED: Readonly<Record<string, string>> = {
  'eth_getBlockByNumber/get-finalized': 'without a consensus client no block but genesis is finalized',
  'eth_getBlockByNumber/get-safe': 'without a consensus client no block but genesis is safe',
  'eth_sendRawTransaction/send-blob-tx': 'blob transactions are refused: there is no place to publish blobs',
};

type Exchange = { readonly request: string; readonly response: { result?: unknown; error?: { code: number } } };
type Case = { readonly name: string; readonly specOnly: boolean; readonly exchanges: readonly Exchange[] };

function casesOf(method: string): readonly Case[] {
  return readdirSync(join(folder, method)).map((file) => {
    const lines = readFileSync(join(folder, method, file), 'utf8').split('\n');
    const exchanges: Exchange[] = [];
    let request = '';
    for (const line of lines) {
      if (line.startsWith('>> ')) request = line.slice(3);
      if (line.startsWith('<< ')) exchanges.push({ request, response: JSON.parse(line.slice(3)) });
    }
    return {
      name: `${method}/${file.replace(/\.io$/, '')}`,
      specOnly: lines.some((l) => /^\/\/ speconly:/.test(l)),
      exchanges,
    };
  });
}

/** Types and keys, without values. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shapeOf);
  if (value === null || typeof value !== 'object') return typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shapeOf(inner)]));
}

describe('execution-apis', needsData(), () => {
  const path = mkdtempSync(join(tmpdir(), 'zkl1-test-'));
  let store: Store;
  let dispatch: Dispatch;
  const internal: unknown[] = [];

  before(async () => {
    const genesis = await parseGenesis('test', readJson('chains', 'execution-apis', 'tests', 'genesis.json'));
    const { network } = genesis;
    const chain = await openChain(path, genesis);
    store = chain.store;
    const { executor, importer, view } = chain;
    for (const rlp of blocksOfChainFile(join(folder, 'chain.rlp'))) {
      const block = executor.decodeBlock(rlp);
      if (block.header.number > 0n) await importer.importExecuted(block, new Uint8Array(0));
    }
    const head = view.head();
    const pool = new TransactionPool({
      common: () => rulesAt(network, { number: head.header.number + 1n, timestamp: head.header.timestamp + 1n }),
      gasLimit: () => head.header.gasLimit,
      account: async (address) => executor.account(head.header.stateRoot, address) ?? { nonce: 0n, balance: 0n },
      onAdded: () => {},
      now: Date.now,
    });
    const tables = { get: () => undefined, entries: async function* () {}, write: async () => {} };
    const proofs = proofPort({ network, tables, proving: undefined, verifier: new VerifierProcess() });
    const ports = rpcPorts({
      clientVersion: 'test',
      peering: undefined,
      importer,
      network,
      executor,
      view,
      pool,
      head: () => head,
      proofs,
      events: { listen: () => () => {} },
    });
    dispatch = dispatcher(rpcMethods(ports), DEFAULT_LIMITS, (_, error) => internal.push(error));
  });
  after(async () => {
    await store.close();
    rmSync(path, { recursive: true });
  });

  for (const method of METHODS) {
    for (const { name, specOnly, exchanges } of dataDir() === undefined ? [] : casesOf(method)) {
      test(`${name} → the response of the fixture`, { skip: EXCLUDED[name] ?? false }, async () => {
        for (const { request, response } of exchanges) {
          const answer = JSON.parse(
            (await dispatch(request, { origin: 'http://127.0.0.1:8545' })) ?? 'null',
          ) as Exchange['response'];
          assert.deepEqual(internal.splice(0), []);
          if (response.error !== undefined) assert.ok(answer.error, JSON.stringify(answer));
          else if (specOnly) assert.deepEqual(shapeOf(answer.result), shapeOf(response.result));
          else assert.deepEqual(answer.result, response.result);
        }
      });
    }
  }
});
