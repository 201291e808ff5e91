/** A sealed chain with real proofs, as a peer has it: everything that the protocols serve of it, and what may be changed. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { RLP } from '@ethereumjs/rlp';
import { chainSpecOf, type Network } from '../../../client/execution/chain/network.ts';
import type { ByteStream } from '../../../client/p2p/host/byte-stream.ts';
import type { HeaderRecord, NetworkStatus, ProofAnnouncement, ProofDescriptor } from '../../../client/p2p/interface.ts';
import { describeProof } from '../../../client/p2p/proofs/descriptor.ts';
import { forkSchedule } from '../../../client/p2p/proofs/fork-hash.ts';
import { FrameKind } from '../../../client/p2p/proofs/framing.ts';
import {
  type DataKind,
  decodeHeadersRequest,
  encodeHeaderRecord,
  encodeStatus,
} from '../../../client/p2p/proofs/messages.ts';
import type { BlockClaim, Hash } from '../../../client/prover/interface.ts';
import { type CheckedBlock, createBlockCheck, guestInputOf } from '../../../client/prover/service/check.ts';
import { memoryPlan } from '../../../client/prover/service/memory.ts';
import { ProverProcess } from '../../../client/prover/service/prover-process.ts';
import { ACCEPTED_KEYS } from '../../../client/prover/verifier/accepted-keys.ts';
import { acceptedKey, type KeyData } from '../../../client/prover/verifier/key.ts';
import { verify } from '../../../client/prover/verifier/verify.ts';
import { hashOf } from '../../../client/sync/block-data.ts';
import { repoRoot } from '../data.ts';
import type { BuiltBlock } from '../sealed-chain.ts';
import { answer, frame, type Misbehaviours, serving } from './adversary.ts';

const P100 = ACCEPTED_KEYS[0]!;
const PROVER_MIB = 4096;

/** A block with all that a peer serves of it. */
export type ServedBlock = {
  readonly built: BuiltBlock;
  readonly hash: Hash;
  readonly headerRlp: Uint8Array;
  readonly seal: Uint8Array;
  readonly claim: BlockClaim;
  readonly proof: Uint8Array;
  readonly descriptor: ProofDescriptor;
  readonly data: Readonly<Record<Exclude<DataKind, 'proof'>, Uint8Array>>;
};

/**
 * Proves blocks, one after the other. The same blocks come out of each run of a test: their proofs are kept in `.cache`,
 * under the key's digest, and verified when they are taken from there.
 */
export async function provenBlocks(
  blocks: readonly (readonly [Network, BuiltBlock])[],
  key: KeyData = P100,
): Promise<readonly ServedBlock[]> {
  const prover = new ProverProcess({
    backend: 'auto',
    threads: availableParallelism(),
    memory: memoryPlan(PROVER_MIB),
    isBackground: false,
  });
  try {
    const served: ServedBlock[] = [];
    for (const [network, built] of blocks) served.push(await provenBlock(network, built, key, prover));
    return served;
  } finally {
    await prover.close();
  }
}

async function provenBlock(
  network: Network,
  built: BuiltBlock,
  key: KeyData,
  prover: ProverProcess,
): Promise<ServedBlock> {
  const { block, seal, execution, proven } = built;
  const headerRlp = block.header.serialize();
  const checked: CheckedBlock = {
    chainSpec: chainSpecOf(network, block.header),
    parentHash: hashOf(block.header.parentHash),
    blockHash: hashOf(block.hash()),
    blockRlp: block.serialize(),
    witness: execution.witness,
  };
  const check = (await createBlockCheck())(checked);
  if (!check.ok) throw new Error(check.reason);
  const { claim } = check;
  const path = join(repoRoot(), '.cache', 'test-proofs', key.digest, `${hashOf(block.hash())}-${claim.chainId}.proof`);
  let proof = keptProof(path, key, claim);
  if (proof === undefined) {
    const job = { input: guestInputOf(checked), headerRlp, expected: claim, profile: key.profile };
    const result = await prover.prove(job, { signal: new AbortController().signal });
    if (!result.ok) throw new Error(result.detail);
    proof = result.proof;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(`${path}.${process.pid}`, proof);
    renameSync(`${path}.${process.pid}`, path);
  }
  const { state, codes, headers } = execution.witness;
  return {
    ...{ built, headerRlp, seal, claim, proof, hash: hashOf(block.hash()) },
    descriptor: describeProof(key.proofType, proof),
    data: {
      body: RLP.encode(block.raw().slice(1) as never),
      receipts: proven.receipts,
      stateDiff: proven.stateDiff,
      codes: RLP.encode([]),
      witness: RLP.encode([[...state], [...codes], [...headers]]),
    },
  };
}

function keptProof(
  path: string,
  key: KeyData,
  { chainId, chainSpecHash, blockHash }: BlockClaim,
): Uint8Array | undefined {
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(readFileSync(path));
  } catch {
    return undefined;
  }
  return verify(acceptedKey(key), bytes, { chainId, chainSpecHash, blockHash }).ok ? bytes : undefined;
}

/** EIP-2124 hashes of a network's forks, from genesis on. */
export function forkHashesOf(network: Network): readonly string[] {
  const times = network.config.forks.filter(({ by }) => by === 'time').map(({ activation }) => activation);
  return forkSchedule({ hash: network.genesisHash, timestamp: 0n }, [], times).hashes;
}

export const announcementOf = (block: ServedBlock, proof = block.descriptor): ProofAnnouncement => ({
  ...{ headerRlp: block.headerRlp, seal: block.seal, claim: block.claim, proof },
});

/** What a peer changes of what it relays; by default nothing. */
export type Changes = {
  readonly status?: (status: NetworkStatus) => NetworkStatus;
  readonly record?: (record: HeaderRecord, block: ServedBlock) => HeaderRecord;
  /** undefined: it says that it has none */
  readonly object?: (kind: DataKind, bytes: Uint8Array, block: ServedBlock) => Uint8Array | undefined;
  /** objects of its own, by `proofHash` */
  readonly proofs?: ReadonlyMap<Hash, Uint8Array>;
};

/** A peer that serves a chain from its first block on, with some changes. */
export function relaying(network: Network, blocks: readonly ServedBlock[], changes: Changes = {}): Misbehaviours {
  const { status = (s) => s, record = (r) => r, object = (_, bytes) => bytes, proofs } = changes;
  const head = blocks.at(-1)!;
  const unknown = async (stream: ByteStream): Promise<void> => {
    await stream.write(frame(FrameKind.unknown, new Uint8Array(0)), AbortSignal.timeout(10_000));
    await stream.closeWrite(AbortSignal.timeout(10_000));
  };
  return {
    status: (stream) => {
      const [forkHash] = forkHashesOf(network);
      const { number } = head.built.block.header;
      const honest = {
        ...{ genesisHash: network.genesisHash, forkHash: forkHash!, headHash: head.hash, headNumber: number },
        ...{
          provenNumber: number,
          oldestBlock: 0n,
          oldestProof: 0n,
          acceptedProofTypes: [head.descriptor.proofType],
          agent: 'relay',
        },
      };
      return answer(stream, [encodeStatus(status(honest))]);
    },
    headers: (stream, request) => {
      const { from, count } = decodeHeadersRequest(request);
      const first = blocks.findIndex(({ hash, built }) => from === hash || from === built.block.header.number);
      if (first < 0) return unknown(stream);
      const records = blocks.slice(first, first + count).map((block) => {
        const { headerRlp, seal, descriptor } = block;
        return encodeHeaderRecord(record({ headerRlp, seal, proofs: [descriptor] }, block));
      });
      return answer(stream, records);
    },
    peers: (stream) => answer(stream, []),
    data: serving(({ kind, hash }) => {
      const own = kind === 'proof' ? proofs?.get(hash) : undefined;
      if (own !== undefined) return own;
      const block = blocks.find((each) => (kind === 'proof' ? each.descriptor.proofHash : each.hash) === hash);
      if (block === undefined) return undefined;
      return object(kind, kind === 'proof' ? block.proof : block.data[kind], block);
    }),
  };
}
