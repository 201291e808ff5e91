/**
 * The ports that JSON-RPC reads the node through: narrow functions over plain data, so that no method knows how
 * the node keeps a block, runs a call or proves.
 */
import type { Block } from '@ethereumjs/block';
import type { TypedTransaction } from '@ethereumjs/tx';
import type { AccountProof, HeadChange, SealerFault } from '../execution/interface.ts';
import type { ProofNetwork } from '../p2p/interface.ts';
import type { BlockClaim, Hash, ProfileId, Progress, VerifyResult } from '../prover/interface.ts';
import type { SyncStatus } from '../sync/interface.ts';

/** A consensus receipt. */
export type RpcReceipt = {
  readonly type: number;
  readonly status: 0 | 1 | undefined;
  readonly stateRoot: Uint8Array | undefined;
  readonly cumulativeGasUsed: bigint;
  readonly bloom: Uint8Array;
  readonly logs: readonly {
    readonly address: Uint8Array;
    readonly topics: readonly Uint8Array[];
    readonly data: Uint8Array;
  }[];
};

export type ChainPort = {
  readonly chainId: bigint;
  readonly head: () => Block;
  readonly genesis: () => Block;
  readonly canonicalBlock: (number: bigint) => Block | undefined;
  readonly blockByHash: (hash: Uint8Array) => Block | undefined;
  readonly isCanonical: (block: Block) => boolean;
  readonly receipts: (blockHash: Uint8Array) => readonly RpcReceipt[] | undefined;
  /** Who made the block, signed; empty on networks without sealers, undefined for a block that is not there. */
  readonly seal: (blockHash: Uint8Array) => Uint8Array | undefined;
  /** Only canonical transactions are found. */
  readonly findTransaction: (hash: Uint8Array) => { readonly block: Block; readonly index: number } | undefined;
  readonly witness: (blockHash: Uint8Array) =>
    | {
        readonly state: readonly Uint8Array[];
        readonly codes: readonly Uint8Array[];
        readonly headers: readonly Uint8Array[];
      }
    | undefined;
};

/** State after a block. */
export type StatePort = {
  readonly account: (
    block: Block,
    address: Uint8Array,
  ) => Promise<{ readonly nonce: bigint; readonly balance: bigint }>;
  readonly code: (block: Block, address: Uint8Array) => Promise<Uint8Array>;
  /** 32 bytes */
  readonly storage: (block: Block, address: Uint8Array, slot: Uint8Array) => Promise<Uint8Array>;
  /** @param slots 32 bytes each */
  readonly prove: (block: Block, address: Uint8Array, slots: readonly Uint8Array[]) => Promise<AccountProof>;
};

export type CallRequest = {
  readonly from: Uint8Array;
  /** undefined creates a contract */
  readonly to: Uint8Array | undefined;
  readonly gas: bigint | undefined;
  readonly gasPrice: bigint;
  readonly value: bigint;
  readonly data: Uint8Array;
  readonly accessList: readonly { readonly address: Uint8Array; readonly storageKeys: readonly Uint8Array[] }[];
  readonly authorizations: readonly {
    readonly chainId: bigint;
    readonly address: Uint8Array;
    readonly nonce: bigint;
    readonly yParity: bigint;
    readonly r: bigint;
    readonly s: bigint;
  }[];
  readonly blobHashes: readonly Uint8Array[];
};
export type CallResult =
  | { readonly kind: 'returned'; readonly data: Uint8Array; readonly gasUsed: bigint }
  | { readonly kind: 'reverted'; readonly data: Uint8Array }
  | { readonly kind: 'failed'; readonly reason: string };
export type CallPort = {
  /** Runs a call on the state after `block` and throws its changes away. */
  readonly call: (block: Block, request: CallRequest) => Promise<CallResult>;
  /** The smallest gas limit with which the call succeeds. */
  readonly estimateGas: (
    block: Block,
    request: CallRequest,
  ) => Promise<{ readonly kind: 'estimate'; readonly gas: bigint } | Exclude<CallResult, { kind: 'returned' }>>;
};

export type PoolPort = {
  /** Takes a raw transaction into the pool; returns its hash. @throws ClientError with the rule that it breaks */
  readonly submit: (raw: Uint8Array) => Promise<Uint8Array>;
  readonly find: (hash: Uint8Array) => TypedTransaction | undefined;
  /** The nonce after all of the sender's pooled transactions that follow its account's without a gap. */
  readonly nextNonce: (address: Uint8Array) => Promise<bigint>;
};

export type ProofRecord = {
  readonly proofType: number;
  readonly vkHash: Hash;
  readonly claim: BlockClaim;
  readonly proofHash: Hash;
  /** bytes */
  readonly proofSize: number;
  /** undefined for a proof that came from a peer */
  readonly made:
    | {
        readonly provingTimeMs: number;
        /** ms since 1970 */
        readonly provedAt: number;
        readonly backend: string;
      }
    | undefined;
  /** undefined where they are gone */
  readonly bytes: () => Uint8Array | undefined;
};
export type ProofJob =
  | { readonly status: 'queued' | 'proving' | 'proved' }
  | { readonly status: 'failed'; readonly reason: string }
  /** nothing asked for a proof of this block */
  | { readonly status: 'notRequested' };
export type ProvingStatus = {
  readonly profile: ProfileId;
  readonly proofType: number;
  readonly current:
    | {
        readonly blockHash: Uint8Array;
        readonly number: bigint;
        /** ms since 1970 */
        readonly startedAt: number;
        readonly progress: Progress | undefined;
      }
    | undefined;
  readonly queued: number;
  readonly resting: number;
  /** of the queued ones, those that other provers say they are proving */
  readonly claimed: number;
  /** since the start: jobs that another's proof made needless, and those left to a prover that had begun as well */
  readonly dropped: number;
  readonly yielded: number;
};
export type ProofPort = {
  /** Stored proofs of a block, all types that this release knows. */
  readonly proofs: (blockHash: Uint8Array) => readonly ProofRecord[];
  /** @param proofType undefined: the one that this node makes */
  readonly job: (blockHash: Uint8Array, proofType: number | undefined) => ProofJob;
  /** undefined: this node does not prove */
  readonly proving: () => ProvingStatus | undefined;
  /** Queues a canonical block; does nothing where it is queued or proven. @throws ClientError `notProving` */
  readonly request: (block: Block) => Promise<void>;
  /** Verifies a proof of a block of this node's chain. @throws ClientError `verifierBusy` */
  readonly verify: (
    proof: Uint8Array,
    blockHash: Hash | undefined,
  ) => Promise<{ readonly result: VerifyResult; readonly ms: number }>;
};

export type SealingPort = {
  /** Evidence of two seals by one sealer at one height, ascending by height. */
  readonly faults: () => AsyncIterable<SealerFault>;
};
/** The proof network as it is shown. */
export type NetworkPort = Pick<
  ProofNetwork,
  'peerId' | 'addresses' | 'peers' | 'banned' | 'faultCounts' | 'counters'
> & {
  readonly syncStatus: () => SyncStatus;
  /** that wait for a block here */
  readonly pooledTransactions: () => number;
};

export type ChainEvent =
  | { readonly kind: 'head'; readonly change: HeadChange }
  /** a proof of a canonical block is here from now on */
  | { readonly kind: 'proof'; readonly block: Block };
export type EventPort = {
  /** Tells `listener` of every event from now on; the result ends that. */
  readonly listen: (listener: (event: ChainEvent) => void) => () => void;
};

export type RpcPorts = {
  readonly clientVersion: string;
  readonly chain: ChainPort;
  readonly state: StatePort;
  readonly calls: CallPort;
  readonly pool: PoolPort;
  readonly proofs: ProofPort;
  readonly sealing: SealingPort;
  readonly events: EventPort;
  /** undefined: this node has no peers */
  readonly network: NetworkPort | undefined;
};
