import { ExitCode } from '../errors.ts';
import type { Genesis } from '../execution/chain/genesis.ts';
import { knownNetwork, NETWORK_NAMES, networkByChainId } from '../execution/chain/known-networks.ts';
import { chainSpecOf, type Network } from '../execution/chain/network.ts';
import { privateGenesis } from '../node/private-genesis.ts';
import { chainSpecHash } from '../prover/guest/chain-spec.ts';
import type { Expected, Hash, VerifyResult } from '../prover/interface.ts';
import { wasmKernels } from '../prover/kernels/wasm-kernels.ts';
import { type ProofHeight, proofHeight } from '../prover/service/proof-height.ts';
import { ACCEPTED_KEYS } from '../prover/verifier/accepted-keys.ts';
import { CAPS } from '../prover/verifier/codec.ts';
import { acceptedKey } from '../prover/verifier/key.ts';
import { RevokedKeys } from '../prover/verifier/revoked-keys.ts';
import { verify } from '../prover/verifier/verify.ts';
import { defineCommand } from './command.ts';
import { inputSize, readInput } from './files.ts';
import { revokeOption } from './options.ts';
import { CliError, type Outcome } from './output.ts';

const ZERO_HASH = `0x${'00'.repeat(32)}`;

/** `zkl1-node verify`: whether a proof file proves a block of a known chain. */
export const verifyCommand = defineCommand({
  command: 'verify <proof>',
  describe: 'verify a proof file against this build’s keys and a known chain',
  examples: [
    ['$0 verify block.proof', 'a proof of a chain that this build knows'],
    ['$0 verify block.proof --genesis net.json --json', 'of a chain of your own'],
  ],
  positionals: {
    proof: { type: 'string', demandOption: true, describe: 'proof, as `prove` writes it' },
  },
  options: {
    'block-hash': { type: 'string', describe: 'accept only a proof of this block' },
    network: { choices: NETWORK_NAMES, describe: 'chain of the block; by default the known one of its chain id' },
    genesis: { type: 'string', describe: 'file with the chain’s genesis, as geth writes it' },
    revoke: revokeOption('revoke'),
  },
  run: async (args) => {
    const blockHash = args['block-hash']?.toLowerCase();
    if (blockHash !== undefined && !/^0x[0-9a-f]{64}$/.test(blockHash))
      throw new CliError('usage', `--block-hash: expected 0x and 64 hex digits, got ${args['block-hash']}`);
    const start = performance.now();
    const sizeBytes = inputSize(args.proof);
    if (sizeBytes > CAPS.fileBytes) {
      const detail = `expected a proof of at most ${CAPS.fileBytes} bytes, got ${sizeBytes}`;
      return outcome(args.proof, { ok: false, stage: 'decode', code: 'tooLarge', detail }, start);
    }
    const bytes = readInput(args.proof, CAPS.fileBytes);
    const revoked = new RevokedKeys(args.revoke).rejection(bytes);
    if (revoked !== undefined) return outcome(args.proof, revoked, start);
    const height = proofHeight(bytes);
    if (!height.ok) return outcome(args.proof, height, start);
    const { proofType } = height;
    const data = ACCEPTED_KEYS.find((k) => k.proofType === proofType);
    if (data === undefined) {
      const known = ACCEPTED_KEYS.map((k) => k.proofType).join(' or ');
      const detail = `expected proof type ${known}, got ${proofType}`;
      return outcome(args.proof, { ok: false, stage: 'statement', code: 'unknownProofType', detail }, start);
    }
    const expected = await expectedOf(height, args);
    if ('ok' in expected) return outcome(args.proof, expected, start);
    const wanted = { ...expected, ...(blockHash === undefined ? {} : { blockHash: blockHash as Hash }) };
    const kernels = wasmKernels();
    return outcome(args.proof, verify(acceptedKey(data, kernels), bytes, wanted, { kernels }), start);
  },
});

/** What this machine knows of the block's chain; the proof only says which chain and height to look at. */
async function expectedOf(
  height: ProofHeight,
  args: { readonly network?: (typeof NETWORK_NAMES)[number] | undefined; readonly genesis?: string | undefined },
): Promise<Expected | VerifyResult> {
  if (args.network !== undefined && args.genesis !== undefined)
    throw new CliError('usage', 'expected --network or --genesis, got both');
  let genesis: Genesis;
  try {
    if (args.genesis !== undefined) genesis = await privateGenesis(args.genesis);
    else if (args.network !== undefined) genesis = await knownNetwork(args.network);
    else genesis = await networkByChainId(height.chainId);
  } catch (error) {
    if (args.genesis !== undefined) throw error;
    const detail = `chain ${height.chainId} is not known: give --genesis FILE`;
    return { ok: false, stage: 'statement', code: 'unknownChain', detail };
  }
  const network: Network = genesis.network;
  const { chainId } = network.config;
  if (chainId !== height.chainId) {
    const asked = args.genesis === undefined ? `--network ${args.network}` : `--genesis ${args.genesis}`;
    const detail = `expected a proof of chain ${chainId} (${asked}), got one of chain ${height.chainId}`;
    return { ok: false, stage: 'statement', code: 'otherChain', detail };
  }
  return { chainId, chainSpecHash: chainSpecHash(chainSpecOf(network, height)) };
}

function outcome(path: string, result: VerifyResult, start: number): Outcome {
  const verifyMs = Math.round((performance.now() - start) * 10) / 10;
  if (!result.ok) {
    const { stage, code, detail } = result;
    return {
      exitCode: ExitCode.rejected,
      text: `${path} rejected (${stage}/${code}): ${detail}`,
      json: { ok: false, stage, code, detail, verifyMs },
    };
  }
  const { claim, profile, securityBits } = result;
  const scope = claim.newPayloadRequestRoot === ZERO_HASH ? 'pre-merge' : 'full';
  return {
    exitCode: ExitCode.ok,
    text: `valid, not known to be canonical: block ${claim.blockHash} of chain ${claim.chainId}, ${securityBits} bits (${profile}), scope ${scope}, verified in ${verifyMs} ms`,
    json: { ok: true, claim, profile, securityBits, scope, verifyMs },
  };
}
