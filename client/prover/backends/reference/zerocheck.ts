import type { CompiledChip, NodeId } from '../../air/dag.ts';
import { EVALUATED_ROWS, RowEvaluator } from '../../air/evaluate-rows.ts';
import {
  addInto,
  addScaledInto,
  EXT_WORDS,
  type ExtVec,
  extVec,
  getExt,
  mulAddInto,
  mulInto,
  packExt,
  setExt,
  subInto,
} from '../../field/ext-vec.ts';
import { Fp } from '../../field/fp.ts';
import { type Ext, Fp5 } from '../../field/fp5.ts';
import type { Sponge } from '../../hash/sponge.ts';
import { eqTable, foldTop } from '../../poly/eq.ts';
import { interpolateAt, lagrangeAt, SKIP_LOG, SKIP_SIZE, skipDomain, skipLagrange } from '../../poly/interpolate.ts';
import type { LinearForm, Run, ZerocheckSpec } from '../interface.ts';
import { line } from './gkr.ts';
import { plain } from './handles.ts';
import { RunRecorder } from './run.ts';

/** The batched zerocheck over all tables: the round over D, then a round per variable, most significant first. */
export function runZerocheck(spec: ZerocheckSpec, sponge: Sponge): Run {
  const { points, skipNodes, degree, labels } = spec;
  const run = new RunRecorder(sponge);
  const tables = spec.tables.map((_, i) => new TableSumcheck(spec, i));
  const sums = points.map(() => extVec(skipNodes.length));
  for (const table of tables) table.addSkip(sums, skipNodes);
  for (const h of sums) run.send(labels.skip, h);
  const skipPoint = run.sampleExt(labels.skipPoint);
  const lagrange = skipLagrange(skipPoint);
  const scopeWeights = points.map((point) => {
    const eq = eqTable(point.slice(point.length - SKIP_LOG));
    return lagrange.reduce((acc, l, k) => Fp5.add(acc, Fp5.mul(l, getExt(eq, k))), Fp5.ZERO);
  });
  for (const table of tables) table.bindSkip(skipPoint, lagrange, scopeWeights);
  const point = [skipPoint];
  for (let left = points[0]!.length - SKIP_LOG; left > 0; left--) {
    const values = extVec(degree + 1);
    for (const table of tables) table.addRound(values, left);
    const sent = [0, ...Array.from({ length: degree - 1 }, (_, i) => i + 2)];
    run.sendExts(
      labels.round.message,
      sent.map((z) => getExt(values, z)),
    );
    const r = run.sampleExt(labels.round.challenge);
    for (const table of tables) table.bind(r, left);
    point.push(r);
  }
  return run.finish(
    point,
    tables.flatMap((table) => table.openings()),
  );
}

/** A form over the nodes that it uses. */
type PackedForm = { readonly constant: Ext; readonly nodes: readonly NodeId[]; readonly weights: ExtVec };

/** Degree in the columns of the highest node that a form uses. */
function formDegree(chip: CompiledChip, form: LinearForm): number {
  const degrees: number[] = [];
  for (const node of chip.nodes) {
    if (node.op === 'mul') degrees.push(degrees[node.a]! + degrees[node.b]!);
    else if (node.op === 'add' || node.op === 'sub') degrees.push(Math.max(degrees[node.a]!, degrees[node.b]!));
    else degrees.push(node.op === 'column' ? 1 : 0);
  }
  return Math.max(0, ...form.terms.map(({ node }) => degrees[node]!));
}

const isZeroForm = (form: LinearForm): boolean => form.terms.length === 0 && Fp5.isZero(form.constant);

/** One table's part of the batched sumcheck. */
class TableSumcheck {
  private readonly chip: CompiledChip;
  private readonly rows: Uint32Array;
  private readonly publics: readonly number[];
  private readonly forms: readonly PackedForm[];
  private readonly used: readonly boolean[];
  /** Values of h_s that determine it, per scope. */
  private readonly skipCounts: readonly number[];
  /** eq of the point's high coordinates, per scope. */
  private eqs: ExtVec[];
  private scopeWeights: readonly Ext[] = [];
  /** h_s of this table alone, by interpolation from the first round. */
  private skipSums: ((z: Ext) => Ext)[] = [];
  /** Columns over the high row bits, from the skip on. */
  private columns: ExtVec[] = [];
  /** Variables still to bind. */
  private left: number;
  private idleClaim: Ext = Fp5.ZERO;
  private idleScale: Ext = Fp5.ONE;

  constructor({ tables, points }: ZerocheckSpec, index: number) {
    const { chip, matrix, publics, forms } = tables[index]!;
    const { rows, logHeight } = plain.matrix(matrix);
    this.chip = chip;
    this.rows = rows;
    this.publics = publics;
    this.forms = forms.map(({ constant, terms }) => ({
      constant,
      nodes: terms.map((t) => t.node),
      weights: packExt(terms.map((t) => t.weight)),
    }));
    this.used = forms.map((form) => !isZeroForm(form));
    this.skipCounts = forms.map((form) => (SKIP_SIZE - 1) * formDegree(chip, form) + 1);
    this.eqs = points.map((p) => eqTable(p.slice(p.length - logHeight, p.length - SKIP_LOG)));
    this.left = logHeight - SKIP_LOG;
  }

  /**
   * Adds h_s(z) = Σ_x eq_s(x) · form_s(x, z) for every z of `nodes`, computed at as many of them as its degree needs and
   * interpolated to the others.
   */
  addSkip(sums: readonly ExtVec[], nodes: readonly number[]): void {
    const values = this.evaluateSkip(nodes);
    this.skipSums = this.forms.map((_, s) => {
      if (!this.used[s]) return () => Fp5.ZERO;
      const count = this.skipCounts[s]!;
      const known = Array.from({ length: count }, (_, k) => getExt(values[s]!, k));
      const knownNodes = nodes.slice(0, count);
      const at = (z: Ext): Ext => interpolateAt(knownNodes, known, z);
      nodes.forEach((node, k) => {
        setExt(sums[s]!, k, Fp5.add(getExt(sums[s]!, k), known[k] ?? at(Fp5.from(node))));
      });
      return at;
    });
  }

  private evaluateSkip(nodes: readonly number[]): ExtVec[] {
    const count = Math.max(...this.skipCounts.filter((_, s) => this.used[s]), 0);
    const values = this.forms.map(() => extVec(count));
    const groups = 2 ** this.left;
    const width = this.chip.columns.length;
    const wanted = this.forms.flatMap((form) => form.nodes);
    const evaluator = new RowEvaluator(this.chip, this.publics, wanted);
    const bases = nodes.slice(0, count).map((z) => lagrangeAt(skipDomain(), Fp5.from(z)).map((l) => l[0]));
    const rows = new Uint32Array(EVALUATED_ROWS * width);
    for (let start = 0; start < groups; start += EVALUATED_ROWS) {
      const n = Math.min(EVALUATED_ROWS, groups - start);
      bases.forEach((basis, k) => {
        interpolateRows(rows, this.rows, width, start, n, basis);
        evaluator.load({ chip: this.chip, logHeight: 0, rows }, 0, n);
        this.forms.forEach((form, s) => {
          if (this.used[s] && k < this.skipCounts[s]!)
            addFormSum(values[s]!, k, form, this.eqs[s]!, start, n, evaluator);
        });
      });
    }
    return values;
  }

  /** Binds the skip variable: columns become vectors of E over the high row bits. */
  bindSkip(skipPoint: Ext, lagrange: readonly Ext[], scopeWeights: readonly Ext[]): void {
    const groups = 2 ** this.left;
    const width = this.chip.columns.length;
    const basis = packExt(lagrange);
    this.scopeWeights = scopeWeights;
    this.columns = this.chip.columns.map(() => extVec(groups));
    for (let x = 0, at = 0; x < groups; x++)
      for (let k = 0; k < SKIP_SIZE; k++)
        for (let c = 0; c < width; c++, at++) {
          const v = this.rows[at]!;
          if (v !== 0) addScaledInto(this.columns[c]!, x, basis, k, v);
        }
    this.idleClaim = this.skipSums.reduce(
      (acc, h, s) => Fp5.add(acc, Fp5.mul(scopeWeights[s]!, h(skipPoint))),
      Fp5.ZERO,
    );
  }

  /** Adds the round polynomial's values at 0, …; `left` is the number of variables not yet bound. */
  addRound(sums: ExtVec, left: number): void {
    const degree = sums.length / EXT_WORDS - 1;
    if (this.left < left) {
      for (let z = 0; z <= degree; z++) setExt(sums, z, Fp5.add(getExt(sums, z), Fp5.scale(this.idleClaim, z)));
      return;
    }
    const { columns, eqs, forms, chip } = this;
    const half = 2 ** (this.left - 1);
    const width = columns.length;
    const cells = extVec(width);
    const step = extVec(width);
    const nodes = extVec(chip.nodes.length);
    const constants = packExt(forms.map((form) => form.constant));
    const factors = packExt(this.scopeWeights.map((w) => Fp5.mul(w, this.idleScale)));
    const eq = extVec(eqs.length);
    const eqStep = extVec(eqs.length);
    const own = forms.map(() => extVec(degree + 1));
    const t = extVec(1);
    for (let x = 0; x < half; x++) {
      for (let c = 0; c < width; c++) line(cells, step, c, columns[c]!, x, half + x);
      for (let s = 0; s < eqs.length; s++) line(eq, eqStep, s, eqs[s]!, x, half + x);
      for (let z = 0; z <= degree; z++) {
        if (z > 0) {
          for (let c = 0; c < width; c++) addInto(cells, c, cells, c, step, c);
          for (let s = 0; s < eqs.length; s++) addInto(eq, s, eq, s, eqStep, s);
        }
        if (z === 1) continue;
        evaluateNodes(chip, this.publics, cells, nodes);
        for (let s = 0; s < forms.length; s++) {
          if (!this.used[s]) continue;
          const { nodes: ids, weights } = forms[s]!;
          for (let w = 0; w < EXT_WORDS; w++) t[w] = constants[EXT_WORDS * s + w]!;
          for (let k = 0; k < ids.length; k++) mulAddInto(t, 0, t, 0, weights, k, nodes, ids[k]!);
          mulAddInto(own[s]!, z, own[s]!, z, t, 0, eq, s);
        }
      }
    }
    own.forEach((values, s) => {
      for (let z = 0; z <= degree; z++) mulAddInto(sums, z, sums, z, values, z, factors, s);
    });
  }

  bind(r: Ext, left: number): void {
    if (this.left < left) {
      this.idleClaim = Fp5.mul(this.idleClaim, r);
      this.idleScale = Fp5.mul(this.idleScale, r);
      return;
    }
    this.columns = this.columns.map((c) => foldTop(c, r));
    this.eqs = this.eqs.map((e) => foldTop(e, r));
    this.left--;
  }

  openings(): Ext[] {
    return this.columns.map((c) => getExt(c, 0));
  }
}

/** out: for `count` groups of 16 rows from `start` on, Σ_k basis[k] · row k of the group. */
function interpolateRows(
  out: Uint32Array,
  rows: Uint32Array,
  width: number,
  start: number,
  count: number,
  basis: readonly number[],
): void {
  out.fill(0, 0, count * width);
  let at = start * SKIP_SIZE * width;
  for (let x = 0; x < count; x++)
    for (let k = 0; k < SKIP_SIZE; k++) {
      const b = basis[k]!;
      for (let c = x * width; c < (x + 1) * width; c++, at++) {
        const v = rows[at]!;
        if (v !== 0) out[c] = Fp.add(out[c]!, Fp.mul(b, v));
      }
    }
}

/** sums[k] += Σ_x eq[start + x] · form on the evaluator's row x. */
function addFormSum(
  sums: ExtVec,
  k: number,
  form: PackedForm,
  eq: ExtVec,
  start: number,
  count: number,
  evaluator: RowEvaluator,
): void {
  const dot = extVec(1);
  const t = extVec(1);
  for (let i = 0; i < form.nodes.length; i++) {
    const values = evaluator.values(form.nodes[i]!);
    dot.fill(0);
    for (let x = 0; x < count; x++) if (values[x] !== 0) addScaledInto(dot, 0, eq, start + x, values[x]!);
    mulAddInto(sums, k, sums, k, form.weights, i, dot, 0);
  }
  if (Fp5.isZero(form.constant)) return;
  setExt(t, 0, form.constant);
  for (let x = 0; x < count; x++) mulAddInto(sums, k, sums, k, t, 0, eq, start + x);
}

/** Values of all nodes for one row of extension cells. */
function evaluateNodes(chip: CompiledChip, publics: readonly number[], cells: ExtVec, out: ExtVec): void {
  const nodes = chip.nodes;
  for (let id = 0; id < nodes.length; id++) {
    const node = nodes[id]!;
    switch (node.op) {
      case 'const':
        setExt(out, id, Fp5.from(node.value));
        break;
      case 'public':
        setExt(out, id, Fp5.from(publics[node.index]!));
        break;
      case 'column': {
        const from = EXT_WORDS * node.column;
        for (let w = 0; w < EXT_WORDS; w++) out[EXT_WORDS * id + w] = cells[from + w]!;
        break;
      }
      case 'mul':
        mulInto(out, id, out, node.a, out, node.b);
        break;
      case 'add':
        addInto(out, id, out, node.a, out, node.b);
        break;
      default:
        subInto(out, id, out, node.a, out, node.b);
    }
  }
}
