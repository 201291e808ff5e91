import {
  addInto,
  EXT_WORDS,
  type ExtVec,
  extVec,
  getExt,
  mulExtInto,
  mulInto,
  setExt,
  subInto,
} from '../../field/ext-vec.ts';
import { type Ext, Fp5 } from '../../field/fp5.ts';
import { eqTable, foldTop } from '../../poly/eq.ts';
import type { ProverTranscript } from '../../transcript/transcript.ts';
import { nextClaim, sentNodes } from '../sumcheck/verify.ts';
import type { GkrClaim } from './verify.ts';

/** Numerators and denominators, 2^log of each. */
export type Fractions = { readonly p: ExtVec; readonly q: ExtVec; readonly log: number };

/** The layer above: p0·q1 + p1·q0 over q0·q1 for children in the lower and the upper half. */
function parentLayer({ p, q, log }: Fractions): Fractions {
  const half = 2 ** (log - 1);
  const out = { p: extVec(half), q: extVec(half), log: log - 1 };
  const t = extVec(1);
  for (let i = 0; i < half; i++) {
    mulInto(out.p, i, p, i, q, half + i);
    mulInto(t, 0, p, half + i, q, i);
    addInto(out.p, i, out.p, i, t, 0);
    mulInto(out.q, i, q, i, q, half + i);
  }
  return out;
}

/** The prover's side of `verifyGkr`. */
export function proveGkr(tr: ProverTranscript, fractions: Fractions): GkrClaim {
  const layers: Fractions[] = [fractions];
  while (layers[0]!.log > 0) layers.unshift(parentLayer(layers[0]!));
  const root = { p: getExt(layers[0]!.p, 0), q: getExt(layers[0]!.q, 0) };
  tr.sendExts('gkrRoot', [root.p, root.q]);
  let { p, q } = root;
  let point: readonly Ext[] = [];
  for (let k = 0; k < fractions.log; k++) {
    const lambda = tr.sampleExt('gkrLambda');
    const layer = new LayerSumcheck(layers[k + 1]!, point, lambda, Fp5.add(p, Fp5.mul(lambda, q)));
    for (let j = 0; j < k; j++) {
      tr.sendExts('gkrRound', layer.round());
      layer.bind(tr.sampleExt('gkrPoint'));
    }
    const { p0, p1, q0, q1 } = layer.children();
    tr.sendExts('gkrChildren', [p0, p1, q0, q1]);
    const s = tr.sampleExt('gkrChild');
    p = Fp5.add(p0, Fp5.mul(s, Fp5.sub(p1, p0)));
    q = Fp5.add(q0, Fp5.mul(s, Fp5.sub(q1, q0)));
    point = [s, ...layer.point];
  }
  return { root, point, p, q };
}

/**
 * Σ_x eq(point, x) · ((p0 + λ q0)·q1 + p1·q0)(x): folding λ into the numerator once per layer leaves three products
 * per row and node.
 */
class LayerSumcheck {
  readonly point: Ext[] = [];
  private readonly lambda: Ext;
  private claim: Ext;
  private sent: readonly Ext[] = [];
  private eq: ExtVec;
  /** p0 + λ q0. */
  private a: ExtVec;
  private p1: ExtVec;
  private q0: ExtVec;
  private q1: ExtVec;

  constructor({ p, q, log }: Fractions, point: readonly Ext[], lambda: Ext, claim: Ext) {
    const words = EXT_WORDS * 2 ** (log - 1);
    this.lambda = lambda;
    this.claim = claim;
    this.eq = eqTable(point);
    this.a = p.slice(0, words);
    this.p1 = p.subarray(words);
    this.q0 = q.subarray(0, words);
    this.q1 = q.subarray(words);
    const t = extVec(1);
    for (let i = 0; i < words / EXT_WORDS; i++) {
      mulExtInto(t, 0, lambda, this.q0, i);
      addInto(this.a, i, this.a, i, t, 0);
    }
  }

  round(): Ext[] {
    const half = this.eq.length / EXT_WORDS / 2;
    const nodes = sentNodes(3);
    const sums = extVec(nodes.length);
    const tables = [this.a, this.q1, this.p1, this.q0, this.eq] as const;
    const at = tables.map(() => extVec(1)) as [ExtVec, ExtVec, ExtVec, ExtVec, ExtVec];
    const step = tables.map(() => extVec(1)) as [ExtVec, ExtVec, ExtVec, ExtVec, ExtVec];
    const t = extVec(2);
    for (let i = 0; i < half; i++) {
      for (let k = 0; k < 5; k++) {
        at[k]!.set(tables[k]!.subarray(EXT_WORDS * i, EXT_WORDS * (i + 1)));
        subInto(step[k]!, 0, tables[k]!, half + i, tables[k]!, i);
      }
      for (let node = 0; node <= 3; node++) {
        if (node > 0) for (let k = 0; k < 5; k++) addInto(at[k]!, 0, at[k]!, 0, step[k]!, 0);
        if (node === 1) continue;
        mulInto(t, 0, at[0], 0, at[1], 0);
        mulInto(t, 1, at[2], 0, at[3], 0);
        addInto(t, 0, t, 0, t, 1);
        mulInto(t, 0, t, 0, at[4], 0);
        const k = node === 0 ? 0 : node - 1;
        addInto(sums, k, sums, k, t, 0);
      }
    }
    this.sent = nodes.map((_, k) => getExt(sums, k));
    return [...this.sent];
  }

  bind(r: Ext): void {
    this.claim = nextClaim(this.claim, this.sent, r);
    this.point.push(r);
    this.a = foldTop(this.a, r);
    this.p1 = foldTop(this.p1, r);
    this.q0 = foldTop(this.q0, r);
    this.q1 = foldTop(this.q1, r);
    this.eq = foldTop(this.eq, r);
  }

  children(): { p0: Ext; p1: Ext; q0: Ext; q1: Ext } {
    const q0 = getExt(this.q0, 0);
    return {
      p0: Fp5.sub(getExt(this.a, 0), Fp5.mul(this.lambda, q0)),
      p1: getExt(this.p1, 0),
      q0,
      q1: getExt(this.q1, 0),
    };
  }
}

/** A fraction vector of padding fractions 0/α. */
export function paddingFractions(log: number, alpha: Ext): Fractions {
  const fractions = { p: extVec(2 ** log), q: extVec(2 ** log), log };
  for (let i = 0; i < 2 ** log; i++) setExt(fractions.q, i, alpha);
  return fractions;
}
