/**
 * The network's ports: what p2p asks of the node (`NetworkPorts`), and what the node gets (`ProofNetwork`).
 * Everything from a peer is bytes until a port of the node has judged it; everything that p2p serves is bytes too.
 */
import type { BlockClaim, Hash } from '../prover/interface.ts';

/** A header with what makes it canonical. */
export type SealedHeader = {
  readonly headerRlp: Uint8Array;
  /** as the chain encodes it, at most 128 bytes; empty where headers have no seals */
  readonly seal: Uint8Array;
};

/** One proof's bytes, named so that each MiB of them can be checked on its own. */
export type ProofDescriptor = {
  readonly proofType: number;
  /** sha256 of the chunk hashes, one after the other */
  readonly proofHash: Hash;
  /** 1 … 256 MiB */
  readonly sizeBytes: number;
  /** sha256 of each MiB of the bytes, the last one shorter */
  readonly chunkHashes: readonly Uint8Array[];
};

export type ProofAnnouncement = SealedHeader & { readonly claim: BlockClaim; readonly proof: ProofDescriptor };
export type BlockAnnouncement = SealedHeader & {
  /** bytes of the body: rlp([transactions, ommers, withdrawals?]) */
  readonly bodySize: number;
  /** present up to 512 KiB */
  readonly body?: Uint8Array;
};
/** So long a claim counts, from its arrival on. */
export const CLAIM_SECONDS = 45;
/** "I am proving this block": a hint that saves work, never a right. */
export type ProvingClaim = {
  readonly blockHash: Hash;
  readonly proofType: number;
  /** Unix seconds by the prover's own clock, `CLAIM_SECONDS` after it was made */
  readonly expiresAt: number;
};

/** What a peer serves of a header range: header, seal, and the proofs that it holds. */
export type HeaderRecord = SealedHeader & { readonly proofs: readonly ProofDescriptor[] };
export type HeaderRange = {
  /** the first block, by number or by hash */
  readonly from: bigint | Hash;
  /** 1 … 192, ascending along the canonical chain; by hash, the block itself and its canonical descendants */
  readonly count: number;
};

/**
 * Data of one block, by its hash: `bodies` rlp([transactions, ommers, withdrawals?]), `receipts` rlp list of consensus
 * encodings, `stateDiff` SSZ, `codes` rlp list, `witness` the guest input's sections headers, codes, state.
 */
export const BLOCK_DATA_KINDS = ['body', 'receipts', 'stateDiff', 'codes', 'witness'] as const;
export type BlockDataKind = (typeof BLOCK_DATA_KINDS)[number];

export type NetworkStatus = {
  readonly genesisHash: Hash;
  /** EIP-2124 hash of the rules at the head, 4 bytes in hex without prefix */
  readonly forkHash: string;
  readonly headHash: Hash;
  readonly headNumber: bigint;
  /** the highest block with a verified proof; the head's ancestor or the head */
  readonly provenNumber: bigint;
  /** the lowest block of which bodies, receipts and diffs, and of which proofs are still served */
  readonly oldestBlock: bigint;
  readonly oldestProof: bigint;
  readonly acceptedProofTypes: readonly number[];
  /** e.g. `zkl1-node/v0.1.0/linux-x64/node20.20.2`; at most 128 bytes */
  readonly agent: string;
};

/**
 * What a rule says of a peer's message. `ignore`: not the peer's fault, or not to be known now (an unknown parent, a
 * fork not followed); with a `fault` where the message is true and its sender did not do what goes with it. `reject`: an honest peer never sends it. `code` names the rule; `fault` what the sender is charged
 * with, where it is not the step's own (header rules: `invalidHeader`).
 */
export type Judgement =
  | { readonly verdict: 'accept' }
  | { readonly verdict: 'ignore'; readonly code: string; readonly fault?: ReportableFault }
  | { readonly verdict: 'reject'; readonly code: string; readonly fault?: ReportableFault };

export type ByteRange = { readonly offset: number; readonly length: number };
/** One object's bytes: all of them, or only the range that was asked for; else why it is not served. */
export type Served = Uint8Array | { readonly totalBytes: number; readonly bytes: Uint8Array } | 'unknown' | 'pruned';

/** Functions of the node; each may run many times at once, and a thrown error counts as the node's own fault. */
export type NetworkPorts = {
  readonly status: () => NetworkStatus;
  /** EIP-2124 hashes of all forks that the chain's configuration has, ascending */
  readonly forkHashes: readonly string[];
  /** EIP-2124 hash of the rules of a header's block; undefined where it lies in no known fork */
  readonly forkHashOf: (headerRlp: Uint8Array) => string | undefined;
  /** The header's own rules against its parent, then seal or forkchoice. Reads no more than the header and its parent. */
  readonly judgeHeader: (header: SealedHeader) => Promise<Judgement>;
  /** The body against the header's roots; does not execute. */
  readonly judgeBody: (header: SealedHeader, body: Uint8Array) => Promise<Judgement>;
  /** Whether the claim fits the header and chain, the type is accepted, and no proof of that type is held. */
  readonly wantsProof: (announcement: ProofAnnouncement) => Promise<Judgement>;
  /** The verifier. `ignore` where it could not run (shut down, out of memory): this is no attempt. */
  readonly verifyProof: (announcement: ProofAnnouncement, proof: Uint8Array, signal: AbortSignal) => Promise<Judgement>;
  /**
   * Takes a verified proof. `accept` once everything is stored that this node must serve of it (body, receipts, diff):
   * only then is the announcement forwarded.
   */
  readonly adoptProof: (announcement: ProofAnnouncement, proof: Uint8Array, from: string) => Promise<Judgement>;
  /** A block that passed `judgeHeader` and, where inline, `judgeBody`; it is forwarded whatever becomes of it. */
  readonly onBlock: (block: BlockAnnouncement, from: string) => void;
  /**
   * A peer announces a block that follows nothing that is stored here: its chain has gone another way, or further. Its
   * body, where it came along, is not checked.
   * @returns whether it will be asked for what lies between; otherwise its status is
   */
  readonly onOrphan: (block: SealedHeader & { readonly body?: Uint8Array }, from: string) => boolean;
  /** A peer's status names a head that it did not name before. */
  readonly onPeerHead: (peer: string) => void;
  /** Whether a transaction waits for a block here. */
  readonly hasTransaction: (hash: Hash) => boolean;
  /** Takes a raw transaction into the pool; `ignore` where the rule it breaks depends on this node's head or pool. */
  readonly takeTransaction: (raw: Uint8Array) => Promise<Judgement>;
  /** A transaction that waits for a block, raw; undefined once it has been included, replaced or has expired. */
  readonly waitingTransaction: (hash: Hash) => Uint8Array | undefined;
  /** Whether a block is worth claiming: known, canonical, without a proof. */
  readonly isProvable: (blockHash: Hash) => boolean;
  readonly serve: {
    readonly headers: (range: HeaderRange) => Promise<readonly HeaderRecord[]>;
    /** By `proofHash`. Ranges start at whole MiB; those that pass the end are cut. */
    readonly proof: (proofHash: Hash, range: ByteRange) => Promise<Served>;
    readonly blockData: (kind: BlockDataKind, blockHash: Hash, range: ByteRange) => Promise<Served>;
  };
};

export type PeerInfo = {
  readonly id: string;
  readonly addresses: readonly string[];
  readonly direction: 'inbound' | 'outbound';
  /** as the peer last said */
  readonly status: NetworkStatus | undefined;
  /** 0 for a peer that did nothing wrong lately; below -100 it is dropped and banned for a while */
  readonly score: number;
  /** how often each fault was charged to it */
  readonly faults: Readonly<Record<string, number>>;
};
export type BannedPeer = {
  readonly id: string;
  /** the fault that crossed the line */
  readonly reason: string;
  /** Unix milliseconds */
  readonly until: number;
};

/** What a fetch ends with; `unavailable`: every connected peer was asked and none gave it. */
export type FetchFailure = 'unavailable' | 'aborted';
export type FetchedData =
  | { readonly ok: true; readonly value: Uint8Array; readonly servers: readonly string[] }
  | { readonly ok: false; readonly code: FetchFailure };
export type Fetched<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly code: FetchFailure };

/** Since the start, `pending` aside. */
export type NetworkCounters = {
  /** announcements and blocks by verdict */
  readonly accepted: number;
  readonly ignored: number;
  readonly rejected: number;
  /** verifications that ran, and those of them that failed */
  readonly verified: number;
  readonly verifiedFalse: number;
  /** announcements that wait for their verdict now */
  readonly pending: number;
  /** messages of this node that no peer took */
  readonly publishedToNobody: number;
  readonly peersDropped: number;
  readonly transactions: TransactionCounters;
  /** blocks that others say they are proving now */
  readonly claims: number;
};
/** Transactions, not messages; since the start, `announcing` aside. */
export type TransactionCounters = {
  /** from peers: taken, known already, not to be had now, breaking a rule, beyond a peer's budget */
  readonly taken: number;
  readonly known: number;
  readonly ignored: number;
  readonly rejected: number;
  readonly unread: number;
  /** to peers, repetitions included */
  readonly announced: number;
  /** those that are said again until they are included or expire */
  readonly announcing: number;
};

/** The network as the node uses it: `sync` fetches and announces, `rpc` shows. */
export type ProofNetwork = {
  readonly peerId: string;
  /** multiaddresses with this node's id */
  readonly addresses: () => readonly string[];
  readonly peers: () => readonly PeerInfo[];
  readonly banned: () => readonly BannedPeer[];
  /** faults by code, charged to anyone since the start */
  readonly faultCounts: () => Readonly<Record<string, number>>;
  readonly counters: () => NetworkCounters;

  /** @returns how many peers took it; 0 is counted, and no error: a node may be alone */
  readonly announceProof: (announcement: ProofAnnouncement) => Promise<number>;
  readonly announceBlock: (block: BlockAnnouncement) => Promise<number>;
  /** Tells others that this node proves a block; renew before it expires. */
  readonly claimProving: (claim: ProvingClaim) => Promise<number>;
  /** Tells peers of a transaction in the pool, and again at growing intervals for as long as it waits there. */
  readonly announceTransaction: (hash: Hash) => void;
  /** To be called when the head has changed: topics follow its fork, peers are told when they ask. */
  readonly onHead: () => void;
  /** Until when another prover says it works on this block, or undefined; Unix seconds. */
  readonly claimedUntil: (blockHash: Hash, proofType: number) => number | undefined;
  /** Whether this node goes on where it and another prover have claimed a block at the same time; both know the answer. */
  readonly isOwnClaimFirst: (blockHash: Hash, proofType: number) => boolean;

  /**
   * Headers of one peer's chain. Consecutive by number, each the next one's parent, and the first as asked for; seals are
   * for the caller to judge. `unknown`: it says that it has none of them; `unavailable`: it is no peer of this chain now,
   * or its answer was none (and it has been charged).
   */
  readonly headers: (
    range: HeaderRange,
    o: { readonly signal: AbortSignal; readonly peer: string },
  ) => Promise<Fetched<readonly HeaderRecord[]> | { readonly ok: false; readonly code: 'unknown' }>;
  /** A proof's bytes, checked against its descriptor: from several peers at once, each charged for its own bytes. */
  readonly proof: (descriptor: ProofDescriptor, o: FetchOptions) => Promise<Fetched<Uint8Array>>;
  /**
   * Data of a block from any peer that has it, resumed from others after a failure.
   * @param o.check whether these are the bytes; peers whose bytes do not pass are charged
   * @param o.oneServer all bytes from one peer: where only the caller finds out, later, whether they are true
   * @returns the bytes, and who served them
   */
  readonly blockData: (
    kind: BlockDataKind,
    blockHash: Hash,
    o: FetchOptions & {
      readonly maxBytes: number;
      readonly oneServer?: boolean;
      readonly check: (bytes: Uint8Array) => boolean | Promise<boolean>;
    },
  ) => Promise<FetchedData>;
  /** Charges a peer for what only the caller could see: a seal that is none, a proof that does not verify. */
  readonly charge: (peer: string, fault: ReportableFault) => void;
  readonly stop: () => Promise<void>;
};
export type FetchOptions = {
  readonly signal: AbortSignal;
  /** peers that are asked first */
  readonly prefer?: readonly string[];
};
export type ReportableFault =
  | 'invalidHeader'
  | 'invalidSeal'
  | 'invalidProof'
  | 'revokedKey'
  | 'invalidDiff'
  | 'farFuture'
  | 'withheldData'
  | 'invalidTransaction';

/** `--libp2p.*` */
export type NetworkConfig = {
  /** TCP (`--libp2p.port`); 0 takes a free port */
  readonly port: number;
  /** WebSocket, for browsers (`--libp2p.ws-port`); undefined: none */
  readonly wsPort?: number;
  /** what to listen on (`--libp2p.addr`) */
  readonly address: string;
  /** what to tell others, where it differs from what is listened on (`--libp2p.announce`): multiaddresses */
  readonly announce: readonly string[];
  /** file of the node's identity, made where it is absent (`--libp2p.key`) */
  readonly keyFile: string;
  /** multiaddresses with peer ids (`--libp2p.bootnodes`) */
  readonly bootnodes: readonly string[];
  /** connections, in and out (`--libp2p.max-peers`) */
  readonly maxPeers: number;
};

export const NETWORK_DEFAULTS = {
  port: 9600,
  address: '0.0.0.0',
  announce: [],
  bootnodes: [],
  maxPeers: 50,
} as const satisfies Omit<NetworkConfig, 'keyFile'>;
