/** What the rest of the node may use of block execution. */
import type { Block, BlockHeader } from '@ethereumjs/block';
import type { TxReceipt, VM } from '@ethereumjs/vm';

/**
 * Everything that a block's execution reads from before the block, and nothing else. State and codes ascend by their
 * keccak256; headers are consecutive, ascend by number and end with the parent.
 */
export type ExecutionWitness = {
  /** rlp of trie nodes */
  readonly state: readonly Uint8Array[];
  readonly codes: readonly Uint8Array[];
  /** rlp of headers */
  readonly headers: readonly Uint8Array[];
};

/** Reads by keccak256. `undefined` means "not there"; what that implies is for the reader to say. */
export type ContentSource = {
  /** rlp of a trie node of any account or storage trie */
  readonly node: (hash: Uint8Array) => Uint8Array | undefined;
  readonly code: (hash: Uint8Array) => Uint8Array | undefined;
  /** rlp of a header */
  readonly header: (hash: Uint8Array) => Uint8Array | undefined;
};

/** New content that a block leaves, to be stored together; keys are keccak256 of the values. */
export type StateChanges = {
  readonly nodes: readonly (readonly [hash: Uint8Array, rlp: Uint8Array])[];
  readonly codes: readonly (readonly [hash: Uint8Array, code: Uint8Array])[];
};

/** What a valid block gives; every field of its header was checked against it. */
export type BlockExecution = {
  readonly stateRoot: Uint8Array;
  readonly gasUsed: bigint;
  readonly receipts: readonly TxReceipt[];
  /** EIP-7685: type byte and data of each non-empty request list; empty before Prague */
  readonly requests: readonly Uint8Array[];
  /** recorded by the run itself */
  readonly witness: ExecutionWitness;
  /** from the run itself; undefined before Cancun, and for the few changes that no diff can say (`WorldState.diff`) */
  readonly stateDiff: StateDiff | undefined;
  readonly changes: StateChanges;
};

export type AccountState = {
  readonly nonce: bigint;
  readonly balance: bigint;
  readonly codeHash: Uint8Array;
  readonly storageRoot: Uint8Array;
};

/** An account and some of its slots, with the trie nodes that show them or their absence (EIP-1186). */
export type AccountProof = {
  readonly account: AccountState | undefined;
  /** rlp, from the root down; a node of less than 32 bytes stands in its parent */
  readonly nodes: readonly Uint8Array[];
  /** in the order in which the slots were asked for; values of 32 bytes */
  readonly storage: readonly { readonly value: Uint8Array; readonly nodes: readonly Uint8Array[] }[];
};

/** Execution over a node's stored content. Nothing here writes: results are for the caller to store. */
export type ChainExecutor = {
  /**
   * Decodes a block; its rules are those of its number and timestamp.
   * @throws ClientError `blockMalformed`
   */
  readonly decodeBlock: (rlp: Uint8Array) => Block;
  /**
   * Runs a block once on its parent's state and checks every field of its header.
   * @throws ClientError with the rule that the block breaks; `missingNode`, `missingCode`, `missingHeader` for content
   *   that the source lacks
   */
  readonly execute: (block: Block) => Promise<BlockExecution>;
  /**
   * A VM over the state after a block, with the rules of another header (by default the same block's). Its changes
   * stay in memory and are lost with it.
   */
  readonly vmAfter: (
    after: BlockHeader,
    rules?: { readonly number: bigint; readonly timestamp: bigint },
  ) => Promise<VM>;
  /** `undefined` where the account does not exist at this state root. */
  readonly account: (stateRoot: Uint8Array, address: Uint8Array) => AccountState | undefined;
  readonly code: (stateRoot: Uint8Array, address: Uint8Array) => Uint8Array;
  /** 32 bytes; zero where the slot or the account does not exist */
  readonly storage: (stateRoot: Uint8Array, address: Uint8Array, slot: Uint8Array) => Uint8Array;
  /** @param slots 32 bytes each */
  readonly prove: (stateRoot: Uint8Array, address: Uint8Array, slots: readonly Uint8Array[]) => AccountProof;
};

/** What one account's fields and slots are after a block, where they differ from the parent's state. */
export type AccountDiff = {
  /** 20 bytes */
  readonly address: Uint8Array;
  /** u64 */
  readonly nonce?: bigint;
  /** u256, wei */
  readonly balance?: bigint;
  readonly code?: Uint8Array;
  /** ascending by slot; 32-byte words; a zero value deletes the slot */
  readonly storage: readonly (readonly [slot: Uint8Array, value: Uint8Array])[];
};
/**
 * The state after a block as its differences from the parent's, accounts ascending by address. Values after the block
 * only, none equal to the parent's; an account that is left empty (EIP-161) is deleted with its storage. Defined from
 * Cancun on.
 */
export type StateDiff = { readonly accounts: readonly AccountDiff[] };

/** A header and its sealer's signature, as they are stored, served and kept as evidence. */
export type SealedHeader = {
  /** rlp */
  readonly header: Uint8Array;
  /** r ‖ s ‖ y parity, 65 bytes; empty on networks without sealers */
  readonly seal: Uint8Array;
};
/** One sealer's seals of two blocks at one height; the first that were seen. */
export type SealerFault = {
  /** 20 bytes */
  readonly sealer: Uint8Array;
  readonly number: bigint;
  readonly blocks: readonly [SealedHeader, SealedHeader];
};

/** Who sealed a header that obeys every rule, and whether it was that sealer's turn. */
export type HeaderVerdict = {
  readonly header: BlockHeader;
  readonly hash: Uint8Array;
  /** undefined on networks without sealers */
  readonly sealer: Uint8Array | undefined;
  readonly isInTurn: boolean;
  /** whether the block is to be fetched and imported now; false where it is the second of its sealer's and cannot win */
  readonly isWanted: boolean;
};

/** How the canonical chain moved; both lists ascend by number. */
export type HeadChange = {
  readonly head: Block;
  /** canonical before, no longer */
  readonly reverted: readonly Block[];
  /** canonical now, the head last */
  readonly adopted: readonly Block[];
};
export type ImportResult =
  | { readonly kind: 'known' }
  /** stored, but another chain of the same or a larger height is preferred */
  | { readonly kind: 'side' }
  | { readonly kind: 'head'; readonly change: HeadChange };

/**
 * A proof that the caller has verified for exactly this block and parent on this chain: importing trusts it for the
 * header, and checks everything else against the header.
 */
export type VerifiedProof = {
  readonly proofType: number;
  readonly blockHash: Uint8Array;
  readonly parentHash: Uint8Array;
  /** the bytes of BlockProof, to be stored with the block */
  readonly bytes: Uint8Array;
};
/** All that stands in for executing a block. */
export type ProvenBlock = {
  readonly block: Block;
  readonly seal: Uint8Array;
  /** rlp(list of byte strings, each a receipt as the receipts trie holds it) */
  readonly receipts: Uint8Array;
  /** SSZ of `StateDiff` */
  readonly stateDiff: Uint8Array;
  readonly proof: VerifiedProof;
};

/** How many blocks this store got by running them, and how many by applying a diff; since it was created. */
export type ImportCounters = {
  readonly executed: bigint;
  readonly applied: bigint;
  /** since the start: how often a further block of a sealer at one height was turned away, by its header or itself */
  readonly siblingsRefused: bigint;
};

/**
 * The one way by which blocks enter the stored chain. Calls are served one after the other; each leaves everything or
 * nothing, and what it reports is on disk.
 */
export type ChainImporter = {
  readonly head: () => Block;
  /**
   * Every rule of a header and its seal against its stored parent, without its body. Also notes the seal: a second one
   * by the same sealer at the same height becomes a `SealerFault`.
   * @throws ClientError a header or seal rule; `unknownParent`, `timestampAhead`, `reorgTooDeep` and `siblingRefused` (the
   *   third or a later block of a sealer at one height) are no fault of the header's bytes and may pass later or elsewhere
   */
  readonly checkHeader: (sealed: SealedHeader) => Promise<HeaderVerdict>;
  /**
   * Whether blocks that were refused beside their siblings are to be taken after all, since a higher chain goes over
   * them (`sealing/README.md`). Those of them that it does are taken from then on.
   * @param branch headers, each the child of the one before; the first one's parent is stored
   */
  readonly admitBranch: (branch: readonly SealedHeader[]) => Promise<boolean>;
  /** Executes a block once and stores it. @throws as `checkHeader` and `ChainExecutor.execute` */
  readonly importExecuted: (
    block: Block,
    seal: Uint8Array,
  ) => Promise<{ readonly result: ImportResult; readonly execution: BlockExecution | undefined }>;
  /**
   * Stores a proven block without executing it: body against header, receipts against receipts root, bloom and gas,
   * diff against parent state and state root.
   * @throws as `checkHeader`; BlockError for the body; StateDiffError, ReceiptsError naming what the data breaks
   */
  readonly importProven: (proven: ProvenBlock) => Promise<ImportResult>;
  readonly counters: () => ImportCounters;
  readonly sealerFaults: () => AsyncIterable<SealerFault>;
};

/** Stored data as it is served to peers: bytes, unread. `undefined` where this node does not hold it. */
export type ChainData = {
  readonly canonicalHash: (number: bigint) => Uint8Array | undefined;
  readonly sealedHeader: (blockHash: Uint8Array) => SealedHeader | undefined;
  /** rlp([transactions, ommers, withdrawals?]) */
  readonly body: (blockHash: Uint8Array) => Uint8Array | undefined;
  readonly receipts: (blockHash: Uint8Array) => Uint8Array | undefined;
  /** SSZ of `StateDiff` */
  readonly stateDiff: (blockHash: Uint8Array) => Uint8Array | undefined;
  /** rlp([state, codes, headers]) of ExecutionWitness; only of blocks that this node executed */
  readonly witness: (blockHash: Uint8Array) => Uint8Array | undefined;
  readonly proof: (blockHash: Uint8Array, proofType: number) => Uint8Array | undefined;
  readonly code: (codeHash: Uint8Array) => Uint8Array | undefined;
};
