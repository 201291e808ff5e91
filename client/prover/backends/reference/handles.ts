import { ClientError } from '../../../errors.ts';
import type { ExtVec } from '../../field/ext-vec.ts';
import type { Committed, Fractions, Handle, Matrix, MatrixShape, Opening } from '../interface.ts';
import type { MerkleTree } from './merkle.ts';

/** Row-major canonical words. */
export type PlainMatrix = Matrix & MatrixShape & { readonly rows: Uint32Array };

/** A commitment as plain arrays of canonical words. */
export type PlainCommitted = Committed & {
  /** The base table behind the codeword; empty for a folded table, which its opening holds. */
  readonly table: Uint32Array;
  /** Words of a row of the codeword. */
  readonly width: number;
  /** Row-major, one row per point of the domain. */
  readonly codeword: Uint32Array;
  readonly tree: MerkleTree;
};

/** 2^log numerators and denominators. */
export type PlainFractions = Fractions & {
  readonly p: ExtVec;
  readonly q: ExtVec;
  readonly log: number;
};

/** An opening's table and weights, entry by entry; both halve in each round. */
export type PlainOpening = Opening & {
  /** The base table until the first fold. */
  base: Uint32Array | undefined;
  /** The folded table from then on. */
  folded: ExtVec;
  weights: ExtVec;
};

/** A handle as what this backend put into it. */
export const plain = {
  matrix: (h: Matrix): PlainMatrix => own<PlainMatrix>(h, 'rows'),
  committed: (h: Committed): PlainCommitted => own<PlainCommitted>(h, 'codeword'),
  fractions: (h: Fractions): PlainFractions => own<PlainFractions>(h, 'log'),
  opening: (h: Opening): PlainOpening => own<PlainOpening>(h, 'weights'),
};

function own<T extends Handle>(h: Handle, field: keyof T & string): T {
  if (!(field in h))
    throw new ClientError('foreignHandle', `expected a ${h.kind} of the reference backend, got another backend's`);
  return h as T;
}
