import { RLP } from '@ethereumjs/rlp';
import { ExitCode } from '../errors.ts';
import { type Genesis, parseGenesis } from '../execution/chain/genesis.ts';
import { knownNetwork, NETWORK_NAMES, networkByChainId } from '../execution/chain/known-networks.ts';
import { chainSpecOf, type Network } from '../execution/chain/network.ts';
import { chainSpecHash } from '../prover/guest/chain-spec.ts';
import { decodeClaim } from '../prover/guest/claim.ts';
import type { Expected, Hash, VerifyResult } from '../prover/interface.ts';
import { ACCEPTED_KEYS } from '../prover/verifier/accepted-keys.ts';
import { CAPS, type EncodedProof, tryDecodeProof } from '../prover/verifier/codec.ts';
import { acceptedKey } from '../prover/verifier/key.ts';
import { verify } from '../prover/verifier/verify.ts';
import { defineCommand } from './command.ts';
import { readInput } from './files.ts';
import { CliError, type Outcome } from './output.ts';

const MAX_GENESIS_BYTES = 64 * 2 ** 20;
/** Places of number and timestamp in a header's list. */
const [NUMBER, TIMESTAMP] = [8, 11];
const ZERO_HASH = `0x${'00'.repeat(32)}`;

/** `zkl1-node verify`: whether a proof file proves a block of a known chain. */
export const verifyCommand = defineCommand({
  command: 'verify <proof>',
  describe: 'verify a proof file against this build’s keys and a known chain',
  positionals: {
    proof: { type: 'string', demandOption: true, describe: 'proof, as `prove` writes it' },
  },
  options: {
    'block-hash': { type: 'string', describe: 'accept only a proof of this block' },
    network: { choices: NETWORK_NAMES, describe: 'chain of the block; by default the known one of its chain id' },
    genesis: { type: 'string', describe: 'file with the chain’s genesis, as geth writes it' },
  },
  run: async (args) => {
    const blockHash = args['block-hash']?.toLowerCase();
    if (blockHash !== undefined && !/^0x[0-9a-f]{64}$/.test(blockHash))
      throw new CliError('usage', `--block-hash: expected 0x and 64 hex digits, got ${args['block-hash']}`);
    const bytes = readInput(args.proof, CAPS.fileBytes);
    const start = performance.now();
    const decoded = tryDecodeProof(bytes);
    if (!decoded.ok) return outcome(decoded, start);
    const { proof } = decoded;
    const data = ACCEPTED_KEYS.find((k) => k.proofType === proof.proofType);
    if (data === undefined)
      return outcome(
        rejected('statement', 'unknownProofType', `no key of this build has proof type ${proof.proofType}`),
        start,
      );
    const expected = await expectedOf(proof, args);
    if ('ok' in expected) return outcome(expected, start);
    const wanted = { ...expected, ...(blockHash === undefined ? {} : { blockHash: blockHash as Hash }) };
    return outcome(verify(acceptedKey(data), bytes, wanted), start);
  },
});

const rejected = (stage: string, code: string, detail: string): VerifyResult => ({ ok: false, stage, code, detail });

/** What this machine knows of the block's chain; the proof only says which chain and height to look at. */
async function expectedOf(
  proof: EncodedProof,
  args: { readonly network?: (typeof NETWORK_NAMES)[number] | undefined; readonly genesis?: string | undefined },
): Promise<Expected | VerifyResult> {
  if (args.network !== undefined && args.genesis !== undefined)
    throw new CliError('usage', 'expected --network or --genesis, got both');
  let claimed: bigint;
  let height: { readonly number: bigint; readonly timestamp: bigint };
  try {
    claimed = decodeClaim(proof.claim).chainId;
    height = heightOf(proof.headerRlp);
  } catch {
    return rejected('statement', 'headerMalformed', 'the proof’s claim or header does not decode');
  }
  let genesis: Genesis;
  try {
    if (args.genesis !== undefined)
      genesis = await parseGenesis('genesis', JSON.parse(readInput(args.genesis, MAX_GENESIS_BYTES).toString('utf8')));
    else genesis = args.network === undefined ? await networkByChainId(claimed) : await knownNetwork(args.network);
  } catch (error) {
    if (args.genesis !== undefined) throw error;
    return rejected('statement', 'unknownChain', `chain ${claimed} is not known: give --genesis FILE`);
  }
  const network: Network = genesis.network;
  const spec = chainSpecHash(chainSpecOf(network, height));
  return { chainId: BigInt(network.config.chainId), chainSpecHash: spec };
}

function heightOf(headerRlp: Uint8Array): { readonly number: bigint; readonly timestamp: bigint } {
  const fields = RLP.decode(headerRlp) as unknown as Uint8Array[];
  const quantity = (k: number): bigint => {
    const bytes = fields[k];
    if (!(bytes instanceof Uint8Array) || bytes.length > 8) throw new RangeError('not a quantity');
    return bytes.reduce((acc, b) => acc * 256n + BigInt(b), 0n);
  };
  return { number: quantity(NUMBER), timestamp: quantity(TIMESTAMP) };
}

function outcome(result: VerifyResult, start: number): Outcome {
  const verifyMs = Math.round((performance.now() - start) * 10) / 10;
  if (!result.ok) {
    const { stage, code, detail } = result;
    return {
      exitCode: ExitCode.rejected,
      text: `rejected (${stage}/${code}): ${detail}`,
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
