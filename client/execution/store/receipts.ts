import { RLP } from '@ethereumjs/rlp';
import { encodeReceipt, type TxReceipt } from '@ethereumjs/vm';

export type Log = {
  readonly address: Uint8Array;
  readonly topics: readonly Uint8Array[];
  readonly data: Uint8Array;
};
/** A consensus receipt: what the receipts root commits to, nothing derived. */
export type Receipt = {
  /** EIP-2718 type, 0 for legacy */
  readonly type: number;
  /** 1 success, 0 failure; undefined before Byzantium */
  readonly status: 0 | 1 | undefined;
  /** intermediate state root; only before Byzantium */
  readonly stateRoot: Uint8Array | undefined;
  readonly cumulativeGasUsed: bigint;
  readonly bloom: Uint8Array;
  readonly logs: readonly Log[];
};

/** The stored form: rlp of the list that the receipts trie holds, typed receipts as byte strings. */
export function encodeReceipts(receipts: readonly TxReceipt[], types: readonly number[]): Uint8Array {
  return RLP.encode(receipts.map((receipt, i) => encodeReceipt(receipt, (types[i] ?? 0) as 0)));
}

/** The inverse of `encodeReceipts`. */
export function decodeReceipts(stored: Uint8Array): readonly Receipt[] {
  return (RLP.decode(stored) as Uint8Array[]).map(decodeReceipt);
}

function decodeReceipt(bytes: Uint8Array): Receipt {
  const first = bytes[0] ?? 0;
  const type = first < 0xc0 ? first : 0;
  const fields = RLP.decode(type === 0 ? bytes : bytes.subarray(1)) as [Uint8Array, Uint8Array, Uint8Array, RawLog[]];
  const [outcome, gas, bloom, logs] = fields;
  const isRoot = outcome.length === 32;
  return {
    type,
    status: isRoot ? undefined : outcome.length === 1 && outcome[0] === 1 ? 1 : 0,
    stateRoot: isRoot ? outcome : undefined,
    cumulativeGasUsed: gas.length === 0 ? 0n : BigInt(`0x${Buffer.from(gas).toString('hex')}`),
    bloom,
    logs: logs.map(([address, topics, data]) => ({ address, topics, data })),
  };
}

type RawLog = [address: Uint8Array, topics: Uint8Array[], data: Uint8Array];
