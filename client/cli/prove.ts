import { ExitCode } from '../errors.ts';
import { hex } from '../execution/chain/block-error.ts';
import { BACKENDS, createBackend } from '../prover/backends/create.ts';
import { createGuestProver, proveGuest } from '../prover/engine/prove-guest.ts';
import { decodeClaim, encodeClaim } from '../prover/guest/claim.ts';
import { loadGuest } from '../prover/guest/load.ts';
import type { ProfileId } from '../prover/interface.ts';
import { createBlockCheck, guestInputOf } from '../prover/service/check.ts';
import { ACCEPTED_KEYS } from '../prover/verifier/accepted-keys.ts';
import { acceptedKey } from '../prover/verifier/key.ts';
import { verify } from '../prover/verifier/verify.ts';
import { readBlockFile } from './block-file.ts';
import { defineCommand } from './command.ts';
import { checkWritable, writeOutput } from './files.ts';
import { checkedBlock, decodeBlockOf, networkOf } from './input-block.ts';
import { CliError } from './output.ts';

const PROFILES: readonly ProfileId[] = ['P100', 'P128'];

/** `zkl1-node prove`: a validity proof of the block in a file. */
export const proveCommand = defineCommand({
  command: 'prove <block>',
  describe: 'prove the block in a block file',
  positionals: {
    block: { type: 'string', demandOption: true, describe: 'block and witness, as `export` writes them' },
  },
  options: {
    output: { type: 'string', alias: 'o', demandOption: true, describe: 'proof file to write' },
    profile: { choices: PROFILES, default: 'P100' as ProfileId, describe: 'bits of provable security' },
    backend: {
      choices: BACKENDS,
      default: 'auto' as const,
      describe: 'what computes the proof; auto takes the fastest there is',
    },
    threads: { type: 'number', describe: 'threads of the backend; default: all cores' },
  },
  run: async (args, context) => {
    const key = ACCEPTED_KEYS.find((k) => k.profile === args.profile);
    if (key === undefined)
      throw new CliError('usage', `this build has no verification key for profile ${args.profile}`);
    if (args.threads !== undefined && !(Number.isInteger(args.threads) && args.threads >= 1 && args.threads <= 256))
      throw new CliError('usage', `--threads: expected 1 to 256, got ${args.threads}`);
    checkWritable(args.output);
    const file = readBlockFile(args.block);
    const network = await networkOf(file);
    const block = decodeBlockOf(file, network);
    const checked = checkedBlock(file, network, block);
    const check = (await createBlockCheck())(checked);
    if (!check.ok)
      throw new CliError('blockRejected', `block ${block.header.number} cannot be proven: ${check.reason}`);

    const start = performance.now();
    const stages: Record<string, number> = {};
    let last = start;
    const onStep = (step: string): void => {
      const now = performance.now();
      stages[step] = Math.round((stages[step] ?? 0) + now - last);
      context.note(`${step}: ${((now - last) / 1000).toFixed(1)} s`);
      last = now;
    };
    const backend = createBackend({ backend: args.backend, threads: args.threads });
    const { profile } = args;
    const prover = await createGuestProver(loadGuest().wasm, { profile, proofType: key.proofType, backend });
    if (prover.key.digest !== key.digest)
      throw new Error(`the prover's key ${prover.key.digest} is not this build's ${key.digest}`);
    onStep('key');
    const result = await proveGuest(prover, guestInputOf(checked), () => block.header.serialize(), { onStep });
    if (!result.ok) throw new Error(`the machine traps where the guest does not: ${result.reason}`);
    const claim = decodeClaim(result.claim);
    if (hex(encodeClaim(check.claim)) !== hex(result.claim))
      throw new Error('the machine gives another claim than the guest');
    const provingMs = Math.round(performance.now() - start);
    const own = verify(acceptedKey(key), result.proof, { chainId: claim.chainId, chainSpecHash: claim.chainSpecHash });
    if (!own.ok) throw new Error(`the proof does not verify: ${own.stage}/${own.code}, ${own.detail}`);
    onStep('verify');
    await backend.close();
    writeOutput(args.output, result.proof);
    const json = {
      ok: true,
      blockHash: claim.blockHash,
      claim,
      proofBytes: result.proof.length,
      ...result.size,
      provingMs,
      stages,
      peakRssBytes: process.resourceUsage().maxRSS * 1024,
      backend: backend.id,
      profile: args.profile,
      file: args.output,
    };
    const seconds = (provingMs / 1000).toFixed(1);
    const text = `block ${block.header.number} ${claim.blockHash} proven in ${seconds} s: ${result.proof.length} bytes in ${args.output}`;
    return { exitCode: ExitCode.ok, text, json };
  },
});
