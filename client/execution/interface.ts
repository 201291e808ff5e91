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
  readonly changes: StateChanges;
};

export type AccountState = {
  readonly nonce: bigint;
  readonly balance: bigint;
  readonly codeHash: Uint8Array;
  readonly storageRoot: Uint8Array;
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
};
