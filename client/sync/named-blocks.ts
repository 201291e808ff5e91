/** Blocks as a peer names them, by headers that follow each other. */
import { ClientError } from '../errors.ts';
import type { HeaderRecord, ProofNetwork } from '../p2p/interface.ts';
import type { Hash } from '../prover/interface.ts';
import { hashOf } from './block-data.ts';

/** A header with what it says of its own place. */
export type NamedBlock = HeaderRecord & {
  readonly hash: Hash;
  readonly parentHash: Uint8Array;
  readonly number: bigint;
};

export type NamedBlockModules = {
  readonly network: Pick<ProofNetwork, 'charge'>;
  /** @throws ClientError `blockMalformed` */
  readonly readHeader: (rlp: Uint8Array) => {
    readonly hash: Uint8Array;
    readonly parentHash: Uint8Array;
    readonly number: bigint;
  };
};

/**
 * Reads headers that a peer has sent: that they have hashes that link up says nothing of their other fields.
 * @returns undefined where one is no header; the peer is charged then
 */
export function readNamed(
  { network, readHeader }: NamedBlockModules,
  records: readonly HeaderRecord[],
  from: string,
): NamedBlock[] | undefined {
  try {
    return records.map((record) => {
      const { hash, parentHash, number } = readHeader(record.headerRlp);
      return { ...record, hash: hashOf(hash), parentHash, number };
    });
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    network.charge(from, 'invalidHeader');
    return undefined;
  }
}
