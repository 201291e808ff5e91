/** `hash_tree_root` of the consensus-specs `NewPayloadRequest` by the containers of `@chainsafe/ssz`. */
import { ByteListType, ByteVectorType, ContainerType, ListCompositeType, UintBigintType } from '@chainsafe/ssz';
import { RLP } from '@ethereumjs/rlp';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { hexOf } from './bytes.ts';
import { type DecodedBlock, quantityOf } from './real-blocks.ts';

const Bytes20 = new ByteVectorType(20);
const Bytes32 = new ByteVectorType(32);
const Uint64 = new UintBigintType(8);

const Withdrawal = new ContainerType({ index: Uint64, validatorIndex: Uint64, address: Bytes20, amount: Uint64 });

const bellatrix = {
  parentHash: Bytes32,
  feeRecipient: Bytes20,
  stateRoot: Bytes32,
  receiptsRoot: Bytes32,
  logsBloom: new ByteVectorType(256),
  prevRandao: Bytes32,
  blockNumber: Uint64,
  gasLimit: Uint64,
  gasUsed: Uint64,
  timestamp: Uint64,
  extraData: new ByteListType(32),
  baseFeePerGas: new UintBigintType(32),
  blockHash: Bytes32,
  transactions: new ListCompositeType(new ByteListType(2 ** 30), 2 ** 20),
};
const capella = { ...bellatrix, withdrawals: new ListCompositeType(Withdrawal, 16) };
const deneb = { ...capella, blobGasUsed: Uint64, excessBlobGas: Uint64 };

const VersionedHashes = new ListCompositeType(Bytes32, 4096);
const Bytes48 = new ByteVectorType(48);
const Bytes96 = new ByteVectorType(96);
const ExecutionRequests = new ContainerType({
  deposits: new ListCompositeType(
    new ContainerType({
      pubkey: Bytes48,
      withdrawalCredentials: Bytes32,
      amount: Uint64,
      signature: Bytes96,
      index: Uint64,
    }),
    8192,
  ),
  withdrawals: new ListCompositeType(
    new ContainerType({ sourceAddress: Bytes20, validatorPubkey: Bytes48, amount: Uint64 }),
    16,
  ),
  consolidations: new ListCompositeType(
    new ContainerType({ sourceAddress: Bytes20, sourcePubkey: Bytes48, targetPubkey: Bytes48 }),
    2,
  ),
});

const Requests = {
  bellatrix: new ContainerType({ executionPayload: new ContainerType(bellatrix) }),
  capella: new ContainerType({ executionPayload: new ContainerType(capella) }),
  deneb: new ContainerType({
    executionPayload: new ContainerType(deneb),
    versionedHashes: VersionedHashes,
    parentBeaconBlockRoot: Bytes32,
  }),
  electra: new ContainerType({
    executionPayload: new ContainerType(deneb),
    versionedHashes: VersionedHashes,
    parentBeaconBlockRoot: Bytes32,
    executionRequests: ExecutionRequests,
  }),
};

/**
 * @param block from Paris on
 * @param requests EIP-7685 requests of the block, type byte first
 */
export function payloadRequestRoot(block: DecodedBlock, requests: readonly Uint8Array[]): string {
  const [header, transactions, , withdrawals] = block;
  const at = (i: number): Uint8Array => header[i] ?? new Uint8Array(0);
  const base = {
    parentHash: at(0),
    feeRecipient: at(2),
    stateRoot: at(3),
    receiptsRoot: at(5),
    logsBloom: at(6),
    prevRandao: at(13),
    blockNumber: quantityOf(at(8)),
    gasLimit: quantityOf(at(9)),
    gasUsed: quantityOf(at(10)),
    timestamp: quantityOf(at(11)),
    extraData: at(12),
    baseFeePerGas: quantityOf(at(15)),
    blockHash: keccak_256(RLP.encode(header)),
    // A typed transaction is a string of the list, a legacy one a list whose RLP is its form.
    transactions: transactions.map((tx) => (tx instanceof Uint8Array ? tx : RLP.encode(tx as Uint8Array[]))),
  };
  if (withdrawals === undefined) return hexOf(Requests.bellatrix.hashTreeRoot({ executionPayload: base }));
  const withWithdrawals = {
    ...base,
    withdrawals: (withdrawals as Uint8Array[][]).map(([index, validatorIndex, address, amount]) => ({
      index: quantityOf(index),
      validatorIndex: quantityOf(validatorIndex),
      address: address ?? new Uint8Array(20),
      amount: quantityOf(amount),
    })),
  };
  if (header.length < 20) return hexOf(Requests.capella.hashTreeRoot({ executionPayload: withWithdrawals }));
  const cancun = {
    executionPayload: { ...withWithdrawals, blobGasUsed: quantityOf(at(17)), excessBlobGas: quantityOf(at(18)) },
    versionedHashes: transactions.flatMap(versionedHashesOf),
    parentBeaconBlockRoot: at(19),
  };
  if (header.length < 21) return hexOf(Requests.deneb.hashTreeRoot(cancun));
  const data = (type: number): Uint8Array => requests.find((r) => r[0] === type)?.slice(1) ?? new Uint8Array(0);
  const offsets = [data(0), data(1), data(2)];
  // The wire form of the requests is their SSZ: three offsets, then the lists.
  const serialized = new Uint8Array(12 + offsets.reduce((sum, bytes) => sum + bytes.length, 0));
  let end = 12;
  for (const [i, bytes] of offsets.entries()) {
    new DataView(serialized.buffer).setUint32(4 * i, end, true);
    serialized.set(bytes, end);
    end += bytes.length;
  }
  const executionRequests = ExecutionRequests.deserialize(serialized);
  return hexOf(Requests.electra.hashTreeRoot({ ...cancun, executionRequests }));
}

/** EIP-4844: the eleventh field of a type 3 transaction. */
function versionedHashesOf(transaction: unknown): Uint8Array[] {
  if (!(transaction instanceof Uint8Array) || transaction[0] !== 3) return [];
  return (RLP.decode(transaction.subarray(1)) as unknown as Uint8Array[][])[10] ?? [];
}
