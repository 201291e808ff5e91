import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Block } from '@ethereumjs/block';
import { chainFolder } from '../config.ts';
import { ExitCode } from '../errors.ts';
import { decodeBlock } from '../execution/chain/block-codec.ts';
import { hex } from '../execution/chain/block-error.ts';
import { knownNetwork } from '../execution/chain/known-networks.ts';
import type { Network } from '../execution/chain/network.ts';
import { hardforkAt } from '../execution/chain/rules.ts';
import type { ExecutionWitness } from '../execution/interface.ts';
import { ContentMap } from '../execution/state/content-map.ts';
import { createChainExecutor } from '../execution/state/executor.ts';
import { getBlockRlp } from '../execution/store/blocks.ts';
import { ChainView } from '../execution/store/chain-view.ts';
import { damagedStore, StoreError } from '../execution/store/directory.ts';
import { Store } from '../execution/store/store.ts';
import { privateGenesis } from '../node/private-genesis.ts';
import { formatBlockFile } from './block-file.ts';
import { defineCommand } from './command.ts';
import { checkWritable, writeOutput } from './files.ts';
import { dataDirOption, wholeNumber } from './options.ts';
import { CliError } from './output.ts';

/** `zkl1-node export`: a stored block with its witness, as a file that `execute` takes. */
export const exportCommand = defineCommand({
  command: 'export',
  describe: 'write a block of the data directory and its execution witness to a file',
  examples: [['$0 export --block 1 -o block.json', 'block 1 of the development chain; its node must be stopped']],
  positionals: {},
  options: {
    block: {
      demandOption: true,
      coerce: wholeNumber('block', 0, Number.MAX_SAFE_INTEGER),
      describe: 'number of the block',
    },
    output: { type: 'string', alias: 'o', demandOption: true, describe: 'file to write' },
    datadir: dataDirOption,
    genesis: { type: 'string', describe: 'the chain’s genesis file; by default the development chain' },
  },
  run: async (args) => {
    const number = BigInt(args.block);
    const own = args.genesis === undefined ? undefined : await privateGenesis(args.genesis);
    const genesis = own ?? (await knownNetwork('dev'));
    const { network } = genesis;
    const folder = chainFolder({ dataDir: resolve(args.datadir), network: network.name });
    if (!existsSync(folder)) {
      const detail = { path: args.datadir, expected: network.name };
      throw new CliError('inputUnreadable', `data directory ${args.datadir} holds no chain ${network.name}`, detail);
    }
    checkWritable(args.output);
    const store = await Store.open(folder, genesis.block.hash());
    try {
      const view = new ChainView(store, (rlp) => decodeBlock(network.common, rlp));
      const head = view.head().header.number;
      if (number === 0n || number > head)
        throw new CliError(
          'inputUnreadable',
          `data directory ${store.path} has no block ${number} to export: expected 1 to ${head}`,
          { number, head },
        );
      const { block, blockRlp, witness } = await storedBlock(store, view, network, number);
      const { header } = block;
      const blockHash = hex(block.hash());
      const expected = {
        blockHash,
        stateRoot: hex(header.stateRoot),
        receiptsRoot: hex(header.receiptTrie),
        gasUsed: header.gasUsed,
      };
      const fork = hardforkAt(network.common, header.number, header.timestamp);
      const { chainId } = network.config;
      const file = { chainId, fork, number, blockRlp, witness, expected };
      // Whoever reads the file knows the development chain by its id, and private ones not.
      const chain = own === undefined ? {} : { genesis: own.file };
      writeOutput(args.output, formatBlockFile({ ...file, ...chain }, 'zkl1-node export'));
      const text = `block ${number} ${blockHash} with its witness written to ${args.output}`;
      return { exitCode: ExitCode.ok, text, json: { ok: true, number, blockHash, file: args.output } };
    } finally {
      await store.close();
    }
  },
});

type StoredBlock = { readonly block: Block; readonly blockRlp: Uint8Array; readonly witness: ExecutionWitness };

/**
 * A canonical block with its witness, which was run again: a file that is exported is one that `execute` accepts.
 * @throws CliError `inputUnreadable` where there is no witness; StoreError `storeDamaged`
 */
async function storedBlock(store: Store, view: ChainView, network: Network, number: bigint): Promise<StoredBlock> {
  try {
    const block = view.canonicalBlock(number);
    if (block === undefined) throw new Error('it is missing');
    const blockRlp = getBlockRlp(store, block.hash());
    const witness = view.witness(block.hash());
    if (blockRlp === undefined || witness === undefined)
      throw new CliError(
        'inputUnreadable',
        `data directory ${store.path} has no witness of block ${number}: this node has not executed it, or its files are damaged`,
      );
    await createChainExecutor(network, ContentMap.ofWitness(witness)).execute(block);
    return { block, blockRlp, witness };
  } catch (cause) {
    if (cause instanceof CliError || cause instanceof StoreError) throw cause;
    throw damagedStore(store.path, `block ${number}: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
}
