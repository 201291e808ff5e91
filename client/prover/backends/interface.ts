import type { CompiledChip, Instance, NodeId } from '../air/dag.ts';
import type { Ext } from '../field/fp5.ts';
import type { Sponge } from '../hash/sponge.ts';

/**
 * What computes for the prover. A backend knows no protocol: it takes challenges, labels and a sponge state as plain data,
 * runs whole sumchecks and returns their messages; the protocol replays them and throws `backendDiverged` where
 * they are not what the state gives. All backends give the same words for the same input.
 *
 * Field elements are canonical outside; a vector of E has five words per element. Handles are freed explicitly,
 * in any order; a handle of another backend is a programming error.
 */
export type Backend = {
  /** `reference`, `wasm`, `webgpu`. */
  readonly id: string;

  /** Takes a row-major matrix of canonical words. The backend may keep `rows` itself: it is not changed afterwards. */
  upload(rows: Uint32Array, shape: MatrixShape): Promise<Matrix>;

  /**
   * A matrix of zeros, and its words where the backend keeps them: written by the caller before any other call takes the
   * matrix, canonical and row-major, and not touched afterwards.
   */
  allocate(shape: MatrixShape): PlacedMatrix;

  /**
   * Commits to the base table that holds `columns` at their offsets and zeros elsewhere: `shape.columns` columns of
   * 2^logRows coefficients one behind the other, each encoded at rate 2^−logInvRate. A leaf is a row of the codeword:
   * one word per column.
   */
  commit(columns: readonly StackedColumn[], shape: TableShape): Promise<Commitment>;

  /** Σ table[i] · y^i of a committed table, or of an opening's folded table. */
  evaluatePower(of: Committed | Opening, y: Ext): Promise<Ext>;

  /** Numerators and denominators of the rows of `tables` at the places that `layout` gives, 0 / α elsewhere. */
  fractions(tables: readonly Table[], layout: FractionLayout, challenges: LogupChallenges): Promise<Fractions>;

  /**
   * Reduces the sum of each vector of fractions to its value at one point, in common rounds as long as there are layers: in
   * a layer's sum vector v has the weight λ^(2v). A round sends its quadratic's difference of the values at 1 and 0, which a
   * layer's first round leaves out, and its leading coefficient. `point`: the points of all vectors one behind the other;
   * `values`: of each vector root p and q, then p and q at its point.
   */
  gkr(vectors: readonly Fractions[], labels: GkrLabels, sponge: Sponge): Promise<Run>;

  /**
   * The batched zerocheck: the values of each scope's sum at `skipNodes`, then a round per variable. `point`: r_0 and
   * the rounds' challenges. `values`: every column of every table, in order, at its part of the point.
   */
  zerocheck(spec: ZerocheckSpec, sponge: Sponge): Promise<Run>;

  /**
   * Starts an opening: the tables of `commitments` one behind the other, zero-padded to 2^logSize entries, and the
   * weights' sum. The commitments stay usable.
   */
  startOpening(commitments: readonly Committed[], logSize: number, weights: readonly Weight[]): Promise<Opening>;

  /**
   * Sumcheck rounds of Σ weight · table from `claim`, each binding the top variable: two values at 0 and 2, a nonce where
   * bits are ground, a challenge. `values`: the claim that is left.
   */
  fold(o: Opening, spec: FoldSpec, claim: Ext, sponge: Sponge): Promise<Run>;

  /** Adds weights over the variables that are not bound yet. */
  addWeights(o: Opening, weights: readonly Weight[]): Promise<void>;

  /** Commits to the folded table as columns of 2^logRows extension elements: five words per column in a leaf, by its root. */
  commitFolded(o: Opening, code: CodeShape): Promise<Commitment>;

  /** The folded table, canonical: five words per entry. */
  foldedTable(o: Opening): Promise<Uint32Array>;

  /** Rows of a codeword with their Merkle paths, in the order of `indices`, repeated ones included. */
  openRows(c: Committed, indices: readonly number[]): Promise<readonly OpenedRow[]>;

  /** The smallest nonce whose absorption under `label` ends in `bits` zero bits. */
  grind(sponge: Sponge, label: number, bits: number): Promise<number>;

  free(h: Handle): void;

  /** Gives threads and memory back; nothing may be used afterwards. */
  close(): Promise<void>;
};

/** Opaque: what a backend puts in is its own. */
export type Matrix = { readonly kind: 'matrix' };
/** A committed table: what openings and opened rows are taken from. */
export type Committed = { readonly kind: 'committed' };
/** A vector of fractions, which GKR sums up. */
export type Fractions = { readonly kind: 'fractions' };
/** A table and its weights while rounds fold them. */
export type Opening = { readonly kind: 'opening' };
/** Whatever `free` takes. */
export type Handle = Matrix | Committed | Fractions | Opening;

/** A matrix in the backend's memory and its words, row-major and canonical, for the caller to fill in place. */
export type PlacedMatrix = { readonly matrix: Matrix; readonly rows: Uint32Array };
/** A table that may lie in a backend already. */
export type PlacedInstance = Instance & { readonly matrix?: Matrix };
/** Where tables are made: a backend's memory. */
export type Placement = Pick<Backend, 'allocate' | 'free'>;

/** 2^logHeight rows of `width` words. */
export type MatrixShape = { readonly width: number; readonly logHeight: number };

/** 2^logRows coefficients, encoded on 2^(logRows + logInvRate) points. */
export type CodeShape = { readonly logRows: number; readonly logInvRate: number };
/** 2^capLog: digests that the commitment consists of; a lower tree is committed by its leaves. */
export type TableShape = CodeShape & { readonly columns: number; readonly capLog: number };

/** A matrix's column at an entry of a table; the places of different columns are disjoint. */
export type StackedColumn = { readonly matrix: Matrix; readonly column: number; readonly offset: number };

/** `cap`: digests of the nodes that the commitment consists of, 8 words each. */
export type Commitment = { readonly cap: Uint32Array; readonly data: Committed };

/** A leaf's words, and the siblings from the bottom up to below the cap, 8 words each. */
export type OpenedRow = { readonly row: Uint32Array; readonly path: Uint32Array };

/** The rows of one chip, with the values of the chip's publics in their order. */
export type Table = { readonly chip: CompiledChip; readonly matrix: Matrix; readonly publics: readonly number[] };

/** An interaction's fractions: one aligned block of as many entries as the table has rows. */
export type FractionBlock = { readonly instance: number; readonly interaction: number; readonly offset: number };
/** Blocks in a vector of 2^log entries. */
export type FractionLayout = { readonly blocks: readonly FractionBlock[]; readonly log: number };

/** Numerator ±count (receive is negative), denominator α + bus index + Σ betas[k] · field_k. */
export type LogupChallenges = { readonly alpha: Ext; readonly betas: readonly Ext[] };

/** constant + Σ weight · value of a node. */
export type LinearForm = {
  readonly constant: Ext;
  readonly terms: readonly { readonly node: NodeId; readonly weight: Ext }[];
};

/**
 * Scope s sums h_s(z) = Σ_x Σ_i idle_i · eq(points[s]'s part for table i, x) · forms_i[s](x, z), where z stands for the four
 * lowest row bits, x for the others; what is proven is Σ_z Σ_s E_s(z) · h_s(z), E_s being eq of points[s]'s last four
 * coordinates, interpolated over D. Table i of 2^n rows has the points' last n coordinates, less the last four.
 */
export type ZerocheckSpec = {
  readonly tables: readonly (Table & { readonly forms: readonly LinearForm[] })[];
  /** Per scope, as many coordinates as the tallest table has row bits. */
  readonly points: readonly (readonly Ext[])[];
  /** Base points at which the first round gives each scope's h_s. */
  readonly skipNodes: readonly number[];
  /** Degree of the later rounds' polynomials: their values at 0, 2, 3, …, degree are sent. */
  readonly degree: number;
  readonly labels: ZerocheckLabels;
};

/**
 * `column`: the entries from `offset` on, as L ⊗ eq(high), L on the four lowest bits; `power`: entry i by y^i. All times
 * `by`.
 */
export type Weight = { readonly by: Ext } & (
  | {
      readonly kind: 'column';
      readonly offset: number;
      readonly lagrange: readonly Ext[];
      readonly high: readonly Ext[];
    }
  | { readonly kind: 'power'; readonly y: Ext }
);

/** Rounds of an opening: each binds one variable. */
export type FoldSpec = {
  readonly rounds: number;
  /** Ground in each round between its message and its challenge. */
  readonly grindBits: number;
  readonly labels: RoundLabels & { readonly grind: number };
};

/** Numbers that are hashed with messages and challenges. */
export type RoundLabels = { readonly message: number; readonly challenge: number };
/** Labels of GKR's messages and challenges. */
export type GkrLabels = {
  readonly root: number;
  readonly lambda: number;
  readonly round: RoundLabels;
  readonly children: number;
  readonly child: number;
};
/** Labels of the first round, which binds four variables, and of the later ones. */
export type ZerocheckLabels = { readonly skip: number; readonly skipPoint: number; readonly round: RoundLabels };

/**
 * What a run of rounds sent, and where it ended: all messages one behind the other as they are absorbed, nonces
 * included; challenges are what the sponge gave.
 */
export type Run = {
  readonly messages: Uint32Array;
  readonly point: readonly Ext[];
  readonly values: readonly Ext[];
  readonly sponge: Sponge;
};
