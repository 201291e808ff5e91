/**
 * The compiled form of a chip: a hash-consed expression DAG in topological order.
 * Everything that evaluates constraints (row checker, CPU, WGSL, verifier) walks this and nothing else.
 */
export type NodeId = number;

/** Operands always have smaller ids than the node itself. */
export type DagNode =
  | { readonly op: 'const'; readonly value: number }
  | { readonly op: 'column'; readonly column: number }
  | { readonly op: 'public'; readonly index: number }
  | { readonly op: 'add' | 'sub' | 'mul'; readonly a: NodeId; readonly b: NodeId };

/**
 * Which commitment holds a column: `interface` columns are committed before the global challenge,
 * `main` after it, `fixed` are part of the verification key (closed form or committed once).
 */
export type Tree = 'interface' | 'main' | 'fixed';

/** A cell of every row. */
export type Column = {
  /** Cell name as documented, e.g. `isReal` or `a[2]`. */
  readonly name: string;
  readonly kind: 'bit' | 'u8' | 'u16' | 'field';
  readonly tree: Tree;
  readonly doc: string;
  /** One of the 64 cells of a lane: see `Slices`. */
  readonly sliced?: true;
};

/**
 * `lookup`: users' messages are in the provider's table; `permutation`: sent and received messages are the same multiset.
 */
export type BusKind = 'lookup' | 'permutation';
/** Where a bus balances: within a segment, or over all segments of a block. */
export type BusScope = 'local' | 'global';
/** A field of a message: one base element. */
export type BusField = {
  readonly name: string;
  /** Range the value is known to lie in, in words or as an interval. */
  readonly range: string;
  /** Who makes sure of it. */
  readonly guaranteedBy: 'sender' | 'receiver' | 'table';
};
/** Messages of one shape that must balance. */
export type Bus = {
  readonly id: string;
  /** Domain separation: non-zero, unique, < 2^16; the first term of every message. */
  readonly index: number;
  readonly kind: BusKind;
  readonly scope: BusScope;
  readonly fields: readonly BusField[];
};

/** A node that is zero on every row, of total degree `degree` in the cells. */
export type Constraint = { readonly label: string; readonly node: NodeId; readonly degree: number };

/**
 * One message per row with multiplicity `count`: `send` counts +count, `receive` −count.
 * On a lookup bus users send and the one provider receives.
 */
export type Interaction = {
  readonly label: string;
  readonly bus: Bus;
  readonly direction: 'send' | 'receive';
  readonly fields: readonly NodeId[];
  readonly count: NodeId;
  /** Bound on `count` over any row, as an integer; enters the overflow inequality of the bus. */
  readonly maxPerRow: number;
  readonly degree: number;
};

/** log2 of the cells of a lane. */
export const SLICE_LOG = 6;
export const SLICES = 2 ** SLICE_LOG;

/**
 * What an expression about slice z reads: cell (z + rotation) mod 64 of the lane that starts at `column`, or entry z of a
 * table of nodes of `rest`.
 */
export type SliceInput =
  | { readonly kind: 'cell'; readonly column: number; readonly rotation: number }
  | { readonly kind: 'table'; readonly nodes: readonly NodeId[] };

/** Limb l of a packed word is constant + Σ_j coefficients[j] · (the word's expression in slice l · n + j), n coefficients. */
export type Packing = { readonly coefficients: readonly number[]; readonly constant: number };

/**
 * Parts of a chip that are one expression in each of 64 slices. A lane is 64 columns, cell z of each belongs to slice z.
 * The chip's own constraints and message fields are these expressions written out; a verifier who has them here need not
 * know the value of every column: the chip's value is that of `rest` plus a sum over z.
 */
export type Slices = {
  /** First columns of the lanes. */
  readonly lanes: readonly number[];
  readonly inputs: readonly SliceInput[];
  /** Expressions about one slice; its columns are the inputs. */
  readonly nodes: readonly DagNode[];
  /** Largest degree of a node below, every input counted once. */
  readonly degree: number;
  /** Zero in every slice: constraint `first` + z of the chip is node in slice z. */
  readonly constraints: readonly { readonly node: NodeId; readonly first: number }[];
  readonly packings: readonly Packing[];
  /** Field `field` + l of a message is limb l of the node packed. */
  readonly packed: readonly {
    readonly node: NodeId;
    readonly packing: number;
    readonly interaction: number;
    readonly field: number;
  }[];
  /**
   * The chip without its lanes: the same columns, constraints and messages by number, zero for the constraints and the
   * packing's constant for the fields that stand above.
   */
  readonly rest: CompiledChip;
};

/** A chip as prover and verifier evaluate it: constraints and messages as nodes of one DAG over a row's cells. */
export type CompiledChip = {
  readonly id: string;
  readonly maxDegree: number;
  /** Names of the segment's public values that the chip reads, in `public` index order. */
  readonly publics: readonly string[];
  readonly columns: readonly Column[];
  readonly nodes: readonly DagNode[];
  readonly constraints: readonly Constraint[];
  readonly interactions: readonly Interaction[];
  /** Cells that no check binds, with the reason why that is harmless. */
  readonly freeCells: Readonly<Record<string, string>>;
  /** Only of chips that have lanes. */
  readonly slices?: Slices;
};

/**
 * One table of a segment: `rows` is row-major over **all** columns of the chip in declaration order,
 * canonical values, 2^logHeight rows of `chip.columns.length` cells.
 */
export type Instance = { readonly chip: CompiledChip; readonly logHeight: number; readonly rows: Uint32Array };
