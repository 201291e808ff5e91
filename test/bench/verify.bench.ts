import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeClaim } from '../../client/prover/guest/claim.ts';
import type { VerifierKernels } from '../../client/prover/kernels/interface.ts';
import type { Label } from '../../client/prover/transcript/labels.ts';
import { ACCEPTED_KEYS } from '../../client/prover/verifier/accepted-keys.ts';
import { decodeProof } from '../../client/prover/verifier/codec.ts';
import { acceptedKey } from '../../client/prover/verifier/key.ts';
import { verify } from '../../client/prover/verifier/verify.ts';
import { median, reportBench } from '../support/bench.ts';
import { benchBlocks, proofOf } from '../support/bench-proofs.ts';
import { ALL_KERNELS } from '../support/verifier-kernels.ts';

/**
 * What a verification costs: the key's set-up, the first proof while V8 has not optimised yet, and later ones, as a whole,
 * by segment and by stage, with plain TypeScript's kernels and with those in WebAssembly. The time up to a message belongs to the stage of the message before. Proofs are made first,
 * by the command line, or taken from the folder that `PROOFS` names. Arguments: blocks by name. A first
 * run is that of a fresh process where the first block and the first kernels are meant; name a block and put the kernels'
 * name into KERNELS to have its own.
 */
const BLOCKS = ['mainnet-2675001', 'mainnet-1', 'mainnet-21688509'];
const RUNS = 60;
/** V8 still compiles during these, which count for nothing but the first. */
const WARM_UP = 20;

const STAGES = ['decode', 'shape', 'logup', 'zerocheck', 'open', 'closing'] as const;
type Stage = (typeof STAGES)[number];

/** Messages that begin a stage. */
const FIRST_OF: Readonly<Partial<Record<Label, Stage>>> = {
  shape: 'shape',
  segmentStatement: 'shape',
  alpha: 'logup',
  lambda: 'zerocheck',
  tau: 'open',
  statement: 'closing',
};

type Run = { readonly ms: number; readonly stages: Readonly<Record<Stage, number>> };

/** The kernels to measure: all, or the one that KERNELS names. */
const measured = ALL_KERNELS.filter(({ name }) => (process.env.KERNELS ?? name) === name);

const rounded = (ms: number): number => Math.round(ms * 100) / 100;

const folder = mkdtempSync(join(tmpdir(), 'zkl1-bench-'));
try {
  for (const { name, file } of benchBlocks(BLOCKS)) {
    const proof = proofOf(name, file, folder);
    const decoded = decodeProof(proof);
    const data = ACCEPTED_KEYS.find((key) => key.proofType === decoded.proofType);
    if (data === undefined) throw new Error(`the proof of ${name} has no key of this build`);
    const { chainId, chainSpecHash } = decodeClaim(decoded.claim);
    const keyStart = performance.now();
    const key = acceptedKey(data);
    const keyMs = performance.now() - keyStart;

    const run = (kernels: VerifierKernels): Run => {
      const stages = { decode: 0, shape: 0, logup: 0, zerocheck: 0, open: 0, closing: 0 };
      let stage: Stage = 'decode';
      const start = performance.now();
      let last = start;
      const enter = (next: Stage): void => {
        const now = performance.now();
        stages[stage] += now - last;
        [stage, last] = [next, now];
      };
      const result = verify(
        key,
        proof,
        { chainId, chainSpecHash },
        {
          kernels,
          listener: ({ label }) => {
            const next = stage === 'closing' ? undefined : FIRST_OF[label];
            if (next !== undefined && next !== stage) enter(next);
          },
        },
      );
      enter(stage);
      if (!result.ok) throw new Error(`${name}: ${result.code}`);
      return { ms: last - start, stages };
    };
    for (const kernels of measured) {
      const all = Array.from({ length: RUNS }, () => run(kernels));
      const [first, later] = [all[0]!, all.slice(WARM_UP)];
      const verifyMs = median(later.map((r) => r.ms));
      const segments = decoded.segments.length;
      reportBench(
        'verify',
        { block: name, profile: data.profile, kernels: kernels.name, runs: RUNS },
        {
          keyMs: rounded(keyMs),
          firstMs: rounded(first.ms),
          verifyMs: rounded(verifyMs),
          bestMs: rounded(Math.min(...later.map((r) => r.ms))),
          segments,
          perSegmentMs: rounded(verifyMs / segments),
          stages: Object.fromEntries(STAGES.map((s) => [s, rounded(median(later.map((r) => r.stages[s])))])),
          proofBytes: proof.length,
        },
      );
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
