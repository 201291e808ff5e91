/** A chain in a store on disk, as a node has it, at its genesis. */
import type { TestContext } from 'node:test';
import type { Genesis } from '../../client/execution/chain/genesis.ts';
import type { ChainExecutor } from '../../client/execution/interface.ts';
import { createChainExecutor } from '../../client/execution/state/executor.ts';
import { ChainView } from '../../client/execution/store/chain-view.ts';
import { commitGenesis, contentSource } from '../../client/execution/store/commit.ts';
import { Importer, type ImporterModules } from '../../client/execution/store/importer.ts';
import { Store } from '../../client/execution/store/store.ts';
import { temporaryFolder } from './temporary.ts';

export type StoredChain = {
  readonly store: Store;
  readonly executor: ChainExecutor;
  readonly view: ChainView;
  readonly importer: Importer;
};

/** Opens the chain in a folder, beginning it where there is none. */
export async function openChain(
  path: string,
  { network, block, state }: Genesis,
  modules: Partial<ImporterModules> = {},
  reorgDepth = 64,
): Promise<StoredChain> {
  const store = await Store.open(path, block.hash());
  if (store.meta('head') === undefined) await commitGenesis(store, block, state ?? { nodes: [], codes: [] });
  const executor = createChainExecutor(network, contentSource(store));
  const view = new ChainView(store, executor.decodeBlock);
  const importer = new Importer({ reorgDepth }, { network, store, view, executor, now: Date.now, ...modules });
  return { store, executor, view, importer };
}

/** A chain in a folder of its own, which goes when the test ends. */
export async function storedChain(
  t: TestContext,
  genesis: Genesis,
  modules: Partial<ImporterModules> = {},
  reorgDepth = 64,
): Promise<StoredChain> {
  const chain = await openChain(temporaryFolder(t), genesis, modules, reorgDepth);
  t.after(() => chain.store.close());
  return chain;
}
