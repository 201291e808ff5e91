import { ClientError } from '../../../errors.ts';
import { EXT_WORDS } from '../../field/ext-vec.ts';
import type { Backend, Handle } from '../interface.ts';
import { commitTable, stackTable } from './commit.ts';
import { fractionsOf } from './fractions.ts';
import { runGkr } from './gkr.ts';
import { leastNonce } from './grind.ts';
import { plain } from './handles.ts';
import { pathOf } from './merkle.ts';
import { addWeight, evaluateBase, evaluateFolded, openTables, runFold } from './opening.ts';
import { runZerocheck } from './zerocheck.ts';

/**
 * Plain TypeScript, one thread: the oracle that other backends are compared with. It keeps a matrix's rows as they are
 * given; memory is the garbage collector's, so `free` only marks a handle as gone.
 */
export function createReferenceBackend(): Backend {
  const gone = new WeakSet<Handle>();
  const live = <H extends Handle>(h: H): H => {
    if (gone.has(h)) throw new ClientError('handleFreed', `the ${h.kind} was freed before`);
    return h;
  };
  return {
    id: 'reference',
    upload: async (rows, { width, logHeight }) => {
      if (rows.length !== width * 2 ** logHeight)
        throw new ClientError('matrixShape', `expected ${width} · 2^${logHeight} words, got ${rows.length}`);
      return { kind: 'matrix', rows, width, logHeight } as const;
    },
    allocate: ({ width, logHeight }) => {
      const rows = new Uint32Array(width * 2 ** logHeight);
      return { matrix: { kind: 'matrix', rows, width, logHeight } as const, rows };
    },
    commit: async (columns, shape) => {
      for (const c of columns) live(c.matrix);
      return commitTable(stackTable(columns, shape), 1, shape, true);
    },
    evaluatePower: async (of, y) => {
      if (of.kind === 'committed') return evaluateBase(plain.committed(live(of)).table, y);
      const o = plain.opening(live(of));
      return o.base === undefined ? evaluateFolded(o.folded, y) : evaluateBase(o.base, y);
    },
    fractions: async (tables, layout, challenges) => fractionsOf(tables, layout, challenges),
    gkr: async (vectors, labels, sponge) =>
      runGkr(
        vectors.map((f) => plain.fractions(live(f))),
        labels,
        sponge,
      ),
    zerocheck: async (spec, sponge) => {
      for (const t of spec.tables) live(t.matrix);
      return runZerocheck(spec, sponge);
    },
    startOpening: async (commitments, logSize, weights) =>
      openTables(
        commitments.map((c) => plain.committed(live(c))),
        logSize,
        weights,
      ),
    fold: async (o, spec, claim, sponge) => runFold(plain.opening(live(o)), spec, claim, sponge),
    addWeights: async (o, weights) => {
      for (const w of weights) addWeight(plain.opening(live(o)).weights, w);
    },
    commitFolded: async (o, code) => {
      const { folded } = plain.opening(live(o));
      const columns = folded.length / EXT_WORDS / 2 ** code.logRows;
      return commitTable(folded, EXT_WORDS, { ...code, columns, capLog: 0 }, false);
    },
    foldedTable: async (o) => plain.opening(live(o)).folded,
    openRows: async (c, indices) => {
      const { codeword, width, tree } = plain.committed(live(c));
      return indices.map((i) => ({ row: codeword.slice(i * width, (i + 1) * width), path: pathOf(tree, i) }));
    },
    grind: async (sponge, label, bits) => leastNonce(sponge, label, bits).nonce,
    free: (h) => {
      gone.add(h);
    },
    close: async () => {},
  };
}
