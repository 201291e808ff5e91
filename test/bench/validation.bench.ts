import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkedBlock } from '../../client/cli/input-block.ts';
import { chainSpecHash } from '../../client/prover/guest/chain-spec.ts';
import { createBlockCheck } from '../../client/prover/service/check.ts';
import { proofHeight } from '../../client/prover/service/proof-height.ts';
import { ACCEPTED_KEYS } from '../../client/prover/verifier/accepted-keys.ts';
import { acceptedKey } from '../../client/prover/verifier/key.ts';
import { verify } from '../../client/prover/verifier/verify.ts';
import { median, reportBench } from '../support/bench.ts';
import { benchBlocks, proofOf } from '../support/bench-proofs.ts';
import { executeOpened, openedBlockFile } from '../support/block-files.ts';
import { WASM_KERNELS } from '../support/verifier-kernels.ts';

/**
 * The three ways to know that a block is valid, for the same blocks in one process: verify its proof, execute it in
 * `@ethereumjs/vm`, execute it in the guest in V8; the latter two from its witness. Proofs are made first, by the
 * command line, or taken from the folder that `PROOFS` names. Arguments: blocks by name.
 */
const BLOCKS = ['mainnet-1', 'mainnet-2675001', 'mainnet-21688509'];
const RUNS = 7;
/** Rounds between the first one and the measured ones: V8 goes on optimising the guest for about so many. */
const WARM_UP = 20;

const folder = mkdtempSync(join(tmpdir(), 'zkl1-bench-'));
try {
  const check = await createBlockCheck();
  for (const { name, file } of benchBlocks(BLOCKS)) {
    const proof = proofOf(name, file, folder);
    const height = proofHeight(proof);
    const data = ACCEPTED_KEYS.find((key) => height.ok && key.proofType === height.proofType);
    if (!height.ok || data === undefined) throw new Error(`the proof of ${name} has no key of this build`);
    const key = acceptedKey(data);
    const opened = await openedBlockFile(name);
    const checked = checkedBlock(opened.file, opened.network, opened.block);
    const { chainId } = checked.chainSpec;
    const expected = { chainId, chainSpecHash: chainSpecHash(checked.chainSpec), blockHash: checked.blockHash };
    const ways = {
      verify: () => {
        const result = verify(key, proof, expected, { kernels: WASM_KERNELS });
        if (!result.ok) throw new Error(`${name}: ${result.code}`);
      },
      execute: () => executeOpened(opened),
      guest: () => {
        const result = check(checked);
        if (!result.ok) throw new Error(`${name}: ${result.reason}`);
      },
    };
    const times: Record<keyof typeof ways, number[]> = { verify: [], execute: [], guest: [] };
    // Alternating, so that all see the same machine; the first of each is a figure of its own: V8 has not optimised yet.
    for (let run = 0; run < 1 + WARM_UP + RUNS; run++) {
      for (const way of ['verify', 'execute', 'guest'] as const) {
        const start = performance.now();
        await ways[way]();
        if (run === 0 || run > WARM_UP) times[way].push(performance.now() - start);
      }
    }
    const rounded = (ms: number): number => Math.round(ms * 10) / 10;
    const figures = Object.entries(times).flatMap(([way, [first = 0, ...rest]]) => [
      [`${way}FirstMs`, rounded(first)],
      [`${way}Ms`, rounded(median(rest))],
    ]);
    reportBench(
      'validation',
      { block: name, profile: data.profile, runs: RUNS },
      {
        ...Object.fromEntries(figures),
        warmUpRuns: 1 + WARM_UP,
        proofBytes: proof.length,
        gasUsed: Number(opened.file.expected.gasUsed),
      },
    );
  }
} finally {
  rmSync(folder, { recursive: true });
}
