import type { Chip } from '../../air/chip.ts';
import type { CompiledChip, Instance } from '../../air/dag.ts';
import {
  addInto,
  addScaledInto,
  EXT_WORDS,
  type ExtVec,
  extVec,
  getExt,
  mulExtInto,
  mulInto,
  packExt,
  setExt,
  subInto,
} from '../../field/ext-vec.ts';
import { Fp } from '../../field/fp.ts';
import { type Ext, Fp5 } from '../../field/fp5.ts';
import { eqTable, foldTop } from '../../poly/eq.ts';
import {
  interpolateAt,
  lagrangeAt,
  SKIP_LOG,
  SKIP_SIZE,
  skipDomain,
  skipLagrange,
  skipNodes,
} from '../../poly/interpolate.ts';
import type { ProverTranscript } from '../../transcript/transcript.ts';
import { nextClaim, sentNodes } from '../sumcheck/verify.ts';
import { formDegree, instanceForms, instanceHigh, type LinearForm } from './form.ts';
import { type ColumnOpenings, eqSkip, isSent, sampleBatch, skipCount, type ZerocheckStatement } from './verify.ts';

/** The prover's side of `verifyZerocheck`. `publics` are base values by instance. */
export function proveZerocheck(
  tr: ProverTranscript,
  statement: ZerocheckStatement,
  chips: readonly Chip[],
  instances: readonly Instance[],
  publics: readonly (readonly number[])[],
): ColumnOpenings {
  const batch = sampleBatch(tr, statement);
  const { scopes, maxDegree } = statement;
  const count = skipCount(maxDegree);
  const states = instances.map(
    (instance, i) =>
      new InstanceSumcheck(
        instance,
        publics[i]!,
        instanceForms(instance, i, batch.lambda, batch.mu, scopes),
        batch.points.map((point) => eqTable(instanceHigh(point, instance.logHeight))),
      ),
  );
  const sent = scopes.map(() => extVec(count));
  for (const state of states) state.addSkip(sent, maxDegree);
  for (const h of sent) tr.send('skip', h);
  const skipPoint = tr.sampleExt('skipPoint');
  const lagrange = skipLagrange(skipPoint);
  const eqs = batch.points.map((point) => eqSkip(point, lagrange));
  const nodes = skipNodes(count);
  let claim = Fp5.ZERO;
  sent.forEach((h, s) => {
    const values = Array.from({ length: count }, (_, k) => getExt(h, k));
    claim = Fp5.add(claim, Fp5.mul(eqs[s]!, interpolateAt(nodes, values, skipPoint)));
  });
  for (const state of states) state.bindSkip(skipPoint, lagrange, eqs);
  const point: Ext[] = [];
  const rounds = batch.maxLog - SKIP_LOG;
  const degree = maxDegree + 1;
  for (let j = 0; j < rounds; j++) {
    const sums = extVec(degree + 1);
    for (const state of states) state.addRound(sums, rounds - j, degree);
    const values = sentNodes(degree).map((z) => getExt(sums, z));
    tr.sendExts('zerocheckRound', values);
    const r = tr.sampleExt('zerocheckChallenge');
    claim = nextClaim(claim, values, r);
    for (const state of states) state.bind(r, rounds - j);
    point.push(r);
  }
  const values = states.map((state) => state.openings());
  tr.sendExts(
    'openings',
    values.flatMap((v, i) => v.filter((_, c) => isSent(chips[i]!, c))),
  );
  return { skipPoint, lagrange, point, values };
}

/** Rows evaluated together: one value per node and row of the chunk is kept. */
const CHUNK = 64;

/** One instance's part of the batched sumcheck. */
class InstanceSumcheck {
  private readonly chip: CompiledChip;
  private readonly instance: Instance;
  private readonly publics: readonly number[];
  private readonly forms: readonly LinearForm[];
  /** eq of the point's high bits, per scope. */
  private eqs: ExtVec[];
  private weights: readonly Ext[] = [];
  /** h_s of this instance alone, by interpolation from the first round. */
  private skipSums: ((z: Ext) => Ext)[] = [];
  /** Folded columns, from the skip on. */
  private columns: ExtVec[] = [];
  /** Variables still to bind. */
  private left: number;
  private idleClaim: Ext = Fp5.ZERO;
  private idleScale: Ext = Fp5.ONE;

  constructor(instance: Instance, publics: readonly number[], forms: readonly LinearForm[], eqs: ExtVec[]) {
    this.chip = instance.chip;
    this.instance = instance;
    this.publics = publics;
    this.forms = forms;
    this.eqs = eqs;
    this.left = instance.logHeight - SKIP_LOG;
  }

  /**
   * Adds h_s(z) = Σ_x eq_s(x) · form_s(x, z) for every node z of the first round. The sum has degree
   * 15 · (degree of the form), so it is computed at as many nodes as that needs and extended to the others.
   */
  addSkip(sums: readonly ExtVec[], maxDegree: number): void {
    const total = skipCount(maxDegree);
    const nodes = skipNodes(total);
    const used = this.forms.map((form) => skipCount(Math.max(1, formDegree(this.chip, form))));
    const count = Math.max(...used);
    const values = this.forms.map(() => extVec(count));
    const rows = 2 ** this.left;
    const width = this.chip.columns.length;
    const buffer = new Uint32Array(this.chip.nodes.length * CHUNK);
    for (let k = 0; k < count; k++) {
      const lagrange = lagrangeAt(skipDomain(), Fp5.from(nodes[k]!)).map((l) => l[0]);
      for (let start = 0; start < rows; start += CHUNK) {
        const n = Math.min(CHUNK, rows - start);
        const cell = (column: number, out: number): void => {
          for (let x = 0; x < n; x++) {
            let sum = 0;
            let at = (start + x) * SKIP_SIZE * width + column;
            for (let b = 0; b < SKIP_SIZE; b++, at += width) {
              const v = this.instance.rows[at]!;
              if (v !== 0) sum = Fp.add(sum, Fp.mul(lagrange[b]!, v));
            }
            buffer[out + x] = sum;
          }
        };
        evaluateChunk(this.chip, this.publics, buffer, n, cell);
        this.forms.forEach((form, s) => {
          if (k < used[s]!) addFormSum(values[s]!, k, form, this.eqs[s]!, start, n, buffer);
        });
      }
    }
    this.skipSums = this.forms.map((form, s) => {
      if (form.terms.length === 0) return () => Fp5.ZERO;
      const known = Array.from({ length: used[s]! }, (_, k) => getExt(values[s]!, k));
      const knownNodes = nodes.slice(0, used[s]!);
      for (let k = 0; k < total; k++) {
        const v = k < used[s]! ? known[k]! : interpolateAt(knownNodes, known, Fp5.from(nodes[k]!));
        setExt(sums[s]!, k, Fp5.add(getExt(sums[s]!, k), v));
      }
      return (z) => interpolateAt(knownNodes, known, z);
    });
  }

  /** Binds the skip variable: columns become vectors of E over the high row bits. */
  bindSkip(skipPoint: Ext, lagrange: readonly Ext[], eqs: readonly Ext[]): void {
    const rows = 2 ** this.left;
    const width = this.chip.columns.length;
    const basis = packExt(lagrange);
    this.weights = eqs;
    this.columns = this.chip.columns.map((_, c) => {
      const column = extVec(rows);
      for (let x = 0; x < rows; x++)
        for (let k = 0; k < SKIP_SIZE; k++) {
          const v = this.instance.rows[(x * SKIP_SIZE + k) * width + c]!;
          if (v !== 0) addScaledInto(column, x, basis, k, v);
        }
      return column;
    });
    this.idleClaim = this.skipSums.reduce((acc, sums, s) => Fp5.add(acc, Fp5.mul(eqs[s]!, sums(skipPoint))), Fp5.ZERO);
  }

  /** Adds the round polynomial's values at 0, …, degree; `left` is the number of variables not yet bound. */
  addRound(sums: ExtVec, left: number, degree: number): void {
    if (this.left < left) {
      for (let z = 0; z <= degree; z++) setExt(sums, z, Fp5.add(getExt(sums, z), Fp5.scale(this.idleClaim, z)));
      return;
    }
    const half = 2 ** (this.left - 1);
    const at = extVec(this.columns.length);
    const step = extVec(this.columns.length);
    const nodes = extVec(this.chip.nodes.length);
    const eqAtZ = this.eqs.map(() => extVec(1));
    const eqStep = this.eqs.map(() => extVec(1));
    const t = extVec(1);
    for (let x = 0; x < half; x++) {
      this.columns.forEach((column, c) => {
        at.set(column.subarray(EXT_WORDS * x, EXT_WORDS * (x + 1)), EXT_WORDS * c);
        subInto(step, c, column, half + x, column, x);
      });
      this.eqs.forEach((eq, s) => {
        eqAtZ[s]!.set(eq.subarray(EXT_WORDS * x, EXT_WORDS * (x + 1)));
        subInto(eqStep[s]!, 0, eq, half + x, eq, x);
      });
      for (let z = 0; z <= degree; z++) {
        if (z > 0) {
          for (let c = 0; c < this.columns.length; c++) addInto(at, c, at, c, step, c);
          for (let s = 0; s < this.eqs.length; s++) addInto(eqAtZ[s]!, 0, eqAtZ[s]!, 0, eqStep[s]!, 0);
        }
        if (z === 1) continue;
        evaluateNodes(this.chip, this.publics, at, nodes);
        this.forms.forEach((form, s) => {
          if (form.terms.length === 0) return;
          const value = Fp5.mul(this.formValue(form, nodes), Fp5.mul(this.weights[s]!, this.idleScale));
          mulExtInto(t, 0, value, eqAtZ[s]!, 0);
          addInto(sums, z, sums, z, t, 0);
        });
      }
    }
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

  private formValue(form: LinearForm, nodes: ExtVec): Ext {
    let sum = form.constant;
    for (const { node, weight } of form.terms) sum = Fp5.add(sum, Fp5.mul(weight, getExt(nodes, node)));
    return sum;
  }
}

/** Values of all nodes for `n` rows: node id's values are buffer[id·CHUNK …]. */
export function evaluateChunk(
  chip: CompiledChip,
  publics: readonly number[],
  buffer: Uint32Array,
  n: number,
  cell: (column: number, out: number) => void,
): void {
  chip.nodes.forEach((node, id) => {
    const out = id * CHUNK;
    switch (node.op) {
      case 'const':
        buffer.fill(node.value, out, out + n);
        return;
      case 'public':
        buffer.fill(publics[node.index]!, out, out + n);
        return;
      case 'column':
        cell(node.column, out);
        return;
      default: {
        const a = node.a * CHUNK;
        const b = node.b * CHUNK;
        if (node.op === 'mul') for (let x = 0; x < n; x++) buffer[out + x] = Fp.mul(buffer[a + x]!, buffer[b + x]!);
        else if (node.op === 'add')
          for (let x = 0; x < n; x++) buffer[out + x] = Fp.add(buffer[a + x]!, buffer[b + x]!);
        else for (let x = 0; x < n; x++) buffer[out + x] = Fp.sub(buffer[a + x]!, buffer[b + x]!);
      }
    }
  });
}

export const CHUNK_ROWS = CHUNK;

/** sums[k] += Σ_x eq[start + x] · form on row x of the chunk. */
function addFormSum(
  sums: ExtVec,
  k: number,
  form: LinearForm,
  eq: ExtVec,
  start: number,
  n: number,
  buffer: Uint32Array,
): void {
  if (form.terms.length === 0) return;
  let total = Fp5.ZERO;
  const dot = extVec(1);
  for (const { node, weight } of form.terms) {
    dot.fill(0);
    for (let x = 0; x < n; x++) {
      const v = buffer[node * CHUNK + x]!;
      if (v !== 0) addScaledInto(dot, 0, eq, start + x, v);
    }
    total = Fp5.add(total, Fp5.mul(weight, getExt(dot, 0)));
  }
  if (!Fp5.isZero(form.constant))
    for (let x = 0; x < n; x++) total = Fp5.add(total, Fp5.mul(form.constant, getExt(eq, start + x)));
  setExt(sums, k, Fp5.add(getExt(sums, k), total));
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
