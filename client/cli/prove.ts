import { availableParallelism } from 'node:os';
import { ExitCode } from '../errors.ts';
import { BACKENDS } from '../prover/backends/create.ts';
import type { ProfileId, ProveErrorCode, ProveResult } from '../prover/interface.ts';
import { wasmKernels } from '../prover/kernels/wasm-kernels.ts';
import { createBlockCheck, guestInputOf } from '../prover/service/check.ts';
import { foregroundMemoryMiB, MIN_MEMORY_MIB, memoryPlan } from '../prover/service/memory.ts';
import { ProverProcess } from '../prover/service/prover-process.ts';
import { ACCEPTED_KEYS } from '../prover/verifier/accepted-keys.ts';
import { acceptedKey } from '../prover/verifier/key.ts';
import { verify } from '../prover/verifier/verify.ts';
import { type CommandContext, defineCommand } from './command.ts';
import { checkWritable, writeOutput } from './files.ts';
import { checkedBlock, openBlockFile } from './input-block.ts';
import { MAX_MEMORY_MIB, MAX_THREADS, PROFILES, wholeNumber } from './options.ts';
import { CliError, type CliErrorCode } from './output.ts';
import { progressBar } from './status-line.ts';

/** `zkl1-node prove`: a validity proof of the block in a file. */
export const proveCommand = defineCommand({
  command: 'prove <block>',
  describe: 'prove the block in a block file',
  examples: [
    ['$0 prove block.json -o block.proof', 'a proof with 100 bits of security'],
    ['$0 prove block.json -o block.proof --profile P128 --max-memory 4096', '128 bits, within 4 GiB'],
  ],
  positionals: {
    block: { type: 'string', demandOption: true, describe: 'block and witness, as `export` writes them' },
  },
  options: {
    output: { type: 'string', alias: 'o', demandOption: true, describe: 'proof file to write' },
    profile: { choices: PROFILES, default: 'P100' as ProfileId, describe: 'bits of provable security' },
    backend: {
      choices: BACKENDS,
      default: 'auto' as const,
      describe: 'what computes the proof: auto takes the fastest there is, reference is plain and ten times slower',
    },
    threads: {
      coerce: wholeNumber('threads', 1, MAX_THREADS),
      default: String(availableParallelism()),
      defaultDescription: 'all cores',
      describe: 'threads of the wasm backend',
    },
    'max-memory': {
      coerce: wholeNumber('max-memory', MIN_MEMORY_MIB, MAX_MEMORY_MIB),
      default: String(foregroundMemoryMiB()),
      defaultDescription: 'nine tenths of this machine’s',
      describe: 'MiB that the prover may take; smaller limits make more segments',
    },
  },
  run: async (args, context) => {
    const key = ACCEPTED_KEYS.find((k) => k.profile === args.profile);
    if (key === undefined)
      throw new CliError('usage', `this build has no verification key for profile ${args.profile}`);
    checkWritable(args.output);
    const { file, network, block } = await openBlockFile(args.block);
    const checked = checkedBlock(file, network, block);
    const check = (await createBlockCheck())(checked);
    if (!check.ok)
      throw new CliError('blockRejected', `block ${block.header.number} cannot be proven: ${check.reason}`);

    const { claim } = check;
    const prover = new ProverProcess({
      backend: args.backend,
      threads: args.threads,
      memory: memoryPlan(args['max-memory']),
      isBackground: false,
    });
    const job = {
      input: guestInputOf(checked),
      headerRlp: block.header.serialize(),
      expected: claim,
      profile: args.profile,
    };
    let result: ProveResult;
    try {
      result = await prover.prove(job, { signal: context.signal, onProgress: progressIn(context) });
    } finally {
      context.status();
      await prover.close();
    }
    if (!result.ok)
      throw new CliError(ERRORS[result.code], `block ${block.header.number} not proven: ${result.detail}`);
    const { proof, stats } = result;
    const start = performance.now();
    const own = verify(
      acceptedKey(key),
      proof,
      { chainId: claim.chainId, chainSpecHash: claim.chainSpecHash },
      { kernels: wasmKernels() },
    );
    const verifyMs = Math.round(performance.now() - start);
    if (!own.ok) throw new Error(`the proof does not verify: ${own.stage}/${own.code}, ${own.detail}`);
    writeOutput(args.output, proof);
    const { provingMs, stages, ...rest } = stats;
    const json = {
      ok: true,
      blockHash: claim.blockHash,
      claim,
      proofBytes: proof.length,
      ...rest,
      provingMs,
      stages: { ...stages, verify: verifyMs },
      profile: args.profile,
      file: args.output,
    };
    const seconds = (provingMs / 1000).toFixed(1);
    const text = `block ${block.header.number} ${claim.blockHash} proven in ${seconds} s: ${proof.length} bytes in ${args.output}, verified in ${verifyMs} ms`;
    return { exitCode: ExitCode.ok, text, json };
  },
});

/** How a failed proof ends the command: what the block or the machine lacks is no defect of this client. */
const ERRORS: Readonly<Record<ProveErrorCode, CliErrorCode>> = {
  guestTrap: 'proverFailed',
  claimMismatch: 'proverFailed',
  backendDiverged: 'proverFailed',
  crashed: 'proverFailed',
  internal: 'proverFailed',
  tooLarge: 'blockTooLarge',
  outOfMemory: 'outOfMemory',
  aborted: 'interrupted',
};

function progressIn({ status }: CommandContext): (p: { stage: string; done: number; total: number }) => void {
  const start = performance.now();
  return ({ stage, done, total }) => {
    const seconds = ((performance.now() - start) / 1000).toFixed(0);
    status(progressBar(done, total, `${stage}, ${seconds} s`));
  };
}
