/** What this node serves of its chain, as the network asks for it. */
import type { ChainData } from '../execution/interface.ts';
import type {
  BlockDataKind,
  HeaderRange,
  HeaderRecord,
  NetworkPorts,
  ProofDescriptor,
  Served,
} from '../p2p/interface.ts';
import type { Hash } from '../prover/interface.ts';
import { bytesOf } from './block-data.ts';

export type ServeModules = {
  readonly data: ChainData;
  /** Height of a canonical block. */
  readonly canonicalNumber: (blockHash: Uint8Array) => bigint | undefined;
  readonly headNumber: () => bigint;
  /** The lowest block whose bodies, receipts, diffs and proofs are still kept. */
  readonly oldestBlock: () => bigint;
  readonly proofTypes: readonly number[];
  /** Name of a proof's bytes; the same bytes give the same name. */
  readonly describe: (proofType: number, proof: Uint8Array) => ProofDescriptor;
  /** rlp list of the codes that a block deployed. */
  readonly codesOf: (blockHash: Uint8Array) => Uint8Array | undefined;
  /** Data of a block that is not in the store, or not all of it. */
  readonly unstored: (kind: BlockDataKind, blockHash: Hash) => Uint8Array | undefined;
};

/** A request by an unknown name describes no more blocks than these: strangers' requests cost little. */
const MAX_SEARCHED = 32;
/** Proofs that one answer of headers names for the first time: each is read and hashed, while all else waits. */
const MAX_NEW_NAMES = 16;
/**
 * Proofs whose names are kept in memory, half a kilobyte each: more than a disk holds. With fewer a stranger could have
 * all of them read again and again.
 */
const MAX_DESCRIBED = 65_536;

/** Serves from the store; remembers the names of proofs that it has described, which peers then ask for. */
export class ChainServer {
  private readonly modules: ServeModules;
  /** By block and type, in order of use. */
  private readonly described = new Map<string, ProofDescriptor>();
  private readonly byProofHash = new Map<Hash, { readonly blockHash: Uint8Array; readonly proofType: number }>();
  /** how many proofs have been described */
  private newNames = 0;
  /** Canonical blocks up to this one have been described, for requests by a name that this node has not given. */
  private indexedTo = 0n;

  constructor(modules: ServeModules) {
    this.modules = modules;
  }

  ports(): NetworkPorts['serve'] {
    return {
      headers: async (range) => this.headers(range),
      proof: async (proofHash) => this.proof(proofHash),
      blockData: async (kind, blockHash) => {
        const { data, codesOf, unstored } = this.modules;
        const hash = bytesOf(blockHash);
        const stored = kind === 'codes' ? codesOf(hash) : data[kind](hash);
        return this.servedOr(hash, stored ?? unstored(kind, blockHash));
      },
    };
  }

  /** The names of the proofs of a block that this node holds. */
  proofsOf(blockHash: Uint8Array): ProofDescriptor[] {
    return this.modules.proofTypes.flatMap((proofType) => this.describe(blockHash, proofType) ?? []);
  }

  private headers({ from, count }: HeaderRange): HeaderRecord[] {
    const { data, canonicalNumber } = this.modules;
    if (typeof from === 'string') {
      const number = canonicalNumber(bytesOf(from));
      if (number === undefined) return this.recordOf(bytesOf(from));
      return this.headers({ from: number, count });
    }
    const records: HeaderRecord[] = [];
    const before = this.newNames;
    for (let number = from; records.length < count && this.newNames - before < MAX_NEW_NAMES; number++) {
      const hash = data.canonicalHash(number);
      if (hash === undefined) break;
      records.push(...this.recordOf(hash));
    }
    return records;
  }

  private recordOf(hash: Uint8Array): HeaderRecord[] {
    const sealed = this.modules.data.sealedHeader(hash);
    if (sealed === undefined) return [];
    return [{ headerRlp: sealed.header, seal: sealed.seal, proofs: this.proofsOf(hash) }];
  }

  private describe(blockHash: Uint8Array, proofType: number): ProofDescriptor | undefined {
    const key = `${Buffer.from(blockHash).toString('hex')}/${proofType}`;
    const known = this.described.get(key);
    if (known !== undefined) return known;
    const proof = this.modules.data.proof(blockHash, proofType);
    if (proof === undefined) return undefined;
    const descriptor = this.modules.describe(proofType, proof);
    this.newNames++;
    this.described.set(key, descriptor);
    this.byProofHash.set(descriptor.proofHash, { blockHash, proofType });
    if (this.described.size > MAX_DESCRIBED) this.forget();
    return descriptor;
  }

  private forget(): void {
    const [oldest, descriptor] = this.described.entries().next().value!;
    this.described.delete(oldest);
    this.byProofHash.delete(descriptor.proofHash);
  }

  private proof(proofHash: Hash): Served {
    const place = this.byProofHash.get(proofHash) ?? this.search(proofHash);
    if (place === undefined) return 'unknown';
    return this.servedOr(place.blockHash, this.modules.data.proof(place.blockHash, place.proofType));
  }

  /** Describes some canonical blocks that nobody has asked about yet, each once, until the name turns up. */
  private search(proofHash: Hash): { readonly blockHash: Uint8Array; readonly proofType: number } | undefined {
    const { data, headNumber } = this.modules;
    const end = this.indexedTo + BigInt(MAX_SEARCHED);
    for (; this.indexedTo < headNumber() && this.indexedTo < end; this.indexedTo++) {
      const hash = data.canonicalHash(this.indexedTo + 1n);
      if (hash === undefined) return undefined;
      if (this.proofsOf(hash).some((d) => d.proofHash === proofHash)) return this.byProofHash.get(proofHash);
    }
    return undefined;
  }

  private servedOr(blockHash: Uint8Array, bytes: Uint8Array | undefined): Served {
    if (bytes !== undefined) return bytes;
    const number = this.modules.canonicalNumber(blockHash);
    return number !== undefined && number < this.modules.oldestBlock() ? 'pruned' : 'unknown';
  }
}
