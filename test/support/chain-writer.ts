/**
 * Child process of the crash test: imports a chain of two sealers that fork at every third height, executed and proven
 * in turn, until it is killed; a line for each block that was reported as stored.
 */
import type { Block } from '@ethereumjs/block';
import { hexOf } from './bytes.ts';
import { devAddress } from './memory-chain.ts';
import { type BuiltBlock, SealedChain } from './sealed-chain.ts';
import { openChain } from './stored-chain.ts';

const chain = await SealedChain.create(2);
const { importer } = await openChain(process.argv[2] ?? '', chain.genesis);

async function take(built: BuiltBlock, isProven: boolean): Promise<void> {
  if (isProven) await importer.importProven(built.proven);
  else await importer.importExecuted(built.block, built.seal);
  process.stdout.write(`${hexOf(built.block.hash())}\n`);
}

// The same blocks in every process: those that are stored are built again and reported as known.
let parent: Block = chain.genesis.block;
for (let n = 0; ; n++) {
  const transfers = [{ from: 4, nonce: n, to: devAddress(5) }];
  if (n % 3 === 2) {
    // Out of turn first, then in turn: the head is reorged.
    const turn = (n + 1) % 2;
    await take(await chain.build(parent, { by: 1 - turn, transfers, after: 10n }), n % 2 === 0);
  }
  const built = await chain.build(parent, { transfers, after: 10n });
  await take(built, n % 2 === 1);
  parent = built.block;
}
