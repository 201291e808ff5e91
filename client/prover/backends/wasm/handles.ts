import { ClientError } from '../../../errors.ts';
import type { Committed, Fractions, Handle, Matrix, MatrixShape, Opening } from '../interface.ts';
import type { Committed as CommittedTable } from './commit.ts';
import type { Layer } from './gkr-tables.ts';
import type { OpeningTable } from './opening.ts';
import type { KernelPool } from './pool.ts';

/** A table of canonical words that a commitment and openings share; freed with its last user. */
export type SharedTable = { readonly at: number; readonly words: number; users: number };

/** Every handle names the pool whose memory it refers to. */
type InPool = { readonly pool: KernelPool };

/** Row-major canonical words at byte `at`. */
export type WasmMatrix = Matrix & InPool & { readonly at: number; readonly shape: MatrixShape };
/** A codeword and its tree in the pool's memory. */
export type WasmCommitted = Committed &
  InPool & {
    /** Absent for a folded table, which its opening holds. */
    readonly table: SharedTable | undefined;
    readonly committed: CommittedTable;
  };
/** The leaves of GKR's tree. */
export type WasmFractions = Fractions & InPool & { readonly layer: Layer };
export type WasmOpening = Opening & InPool & { readonly state: OpeningTable };

/** What this backend put into a handle of the interface. */
export type OwnHandle<H extends Handle> = H extends Matrix
  ? WasmMatrix
  : H extends Committed
    ? WasmCommitted
    : H extends Fractions
      ? WasmFractions
      : WasmOpening;

/** A handle as what the backend of this pool put into it. */
export function ownHandle<H extends Handle>(pool: KernelPool, h: H): OwnHandle<H> {
  if (!('pool' in h) || h.pool !== pool)
    throw new ClientError('foreignHandle', `expected a ${h.kind} of this backend, got another backend's`);
  return h as unknown as OwnHandle<H>;
}
