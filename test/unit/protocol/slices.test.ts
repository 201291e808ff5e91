import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineBus } from '../../../client/prover/air/bus.ts';
import { defineChip } from '../../../client/prover/air/chip.ts';
import { array, bit, field, inInterface, lanes } from '../../../client/prover/air/columns.ts';
import { type CompiledChip, SLICES } from '../../../client/prover/air/dag.ts';
import { evaluateInExt } from '../../../client/prover/air/evaluate.ts';
import { keccakRound } from '../../../client/prover/chips/keccak/round.ts';
import { dotExt, getExt, packExt } from '../../../client/prover/field/ext-vec.ts';
import { type Ext, Fp5 } from '../../../client/prover/field/fp5.ts';
import { fractionLayout, logupChallenges } from '../../../client/prover/protocol/logup/shape.ts';
import { batchClaims, batchRuns, mainClaims } from '../../../client/prover/protocol/segment/statement.ts';
import { slotsOf, stackColumns } from '../../../client/prover/protocol/shape.ts';
import { type SliceSum, sliceSums, sliceValue } from '../../../client/prover/protocol/slices/form.ts';
import { proveSlices } from '../../../client/prover/protocol/slices/prove.ts';
import { type LaneClaim, verifySlices } from '../../../client/prover/protocol/slices/verify.ts';
import { termsAt } from '../../../client/prover/protocol/whir/shape.ts';
import { formValues, muPowers, SCOPES, scopePlaces } from '../../../client/prover/protocol/zerocheck/form.ts';
import { columnOpenings } from '../../../client/prover/protocol/zerocheck/verify.ts';
import type { Label } from '../../../client/prover/transcript/labels.ts';
import { Rejection } from '../../../client/prover/transcript/rejection.ts';
import { VerifierTranscript } from '../../../client/prover/transcript/verifier-transcript.ts';
import { honest, LyingTranscript } from '../../support/lying-transcript.ts';
import { randomExt, seededRandom } from '../../support/random.ts';

const random = seededRandom(53);
const exts = (n: number): Ext[] => Array.from({ length: n }, () => randomExt(random));

const free = { range: 'any', guaranteedBy: 'sender' } as const;
const fields = (n: number) => Object.fromEntries(Array.from({ length: n }, (_, i) => [`f${i}`, free]));
const WORDS = defineBus({ id: 'WORDS', index: 1, kind: 'permutation', scope: 'local', fields: fields(13) });
const OUTSIDE = defineBus({ id: 'OUTSIDE', index: 2, kind: 'permutation', scope: 'global', fields: fields(1) });

const HALVES = { coefficients: Array.from({ length: 32 }, (_, j) => 3 + j), constant: 11 };
const BYTES = { coefficients: [1, 2, 4, 8, 16, 32, 64, 128], constant: 0 };

/** Lanes of bits and of field elements, two packings, a table of public and plain values, messages of both scopes. */
const turner = defineChip({
  id: 'turner',
  maxDegree: 3,
  publics: ['epoch'],
  columns: {
    isReal: inInterface(bit('1 on rows with a word')),
    low: lanes(bit('bits'), 1),
    shift: array(field('plain'), 3),
    wide: lanes(field('elements'), 2),
  },
  fillRow: () => {},
  constrain: (c, row) => {
    const { slices } = c;
    const x = slices.cell(row.low, 0);
    const turned = slices.cell(row.wide, 1, 17);
    const table = slices.table((z) => (z % 3 === 0 ? c.public('epoch').mul(row.shift[z % 2]!) : z));
    slices.assertZero('product', turned.mul(x).sub(slices.cell(row.wide, 0, -5).mul(x)));
    c.assertZero('plain', row.shift[0]!.mul(row.isReal));
    slices.assertZero('with a table', turned.mul(table).mul(x));
    const word = slices.pack(turned.mul(x), HALVES);
    c.send(WORDS, [row.shift[1]!, ...word, ...slices.pack(slices.cell(row.wide, 0), BYTES), ...word], row.isReal, {
      maxPerRow: 1,
    });
    c.receive(OUTSIDE, [row.isReal], row.isReal, { maxPerRow: 1 });
  },
});

const CHIPS: readonly CompiledChip[] = [turner.compiled, keccakRound.compiled, turner.compiled];
const SHAPES = CHIPS.map((chip, i) => ({ chip, logHeight: 4 + i }));

/** Random challenges, weights and column values: what the zerocheck may leave. */
function setting() {
  const [lambda, alpha, beta] = exts(3) as [Ext, Ext, Ext];
  const mu = exts(muPowers(SHAPES.length));
  const scopes = SCOPES.map((scope) => {
    const layout = fractionLayout(SHAPES, scope);
    const point = exts(layout.log);
    const [p, q] = exts(2) as [Ext, Ext];
    return { layout, point, p, q, challenges: logupChallenges(alpha, beta, 128) };
  });
  const factors = SHAPES.map(() => exts(SCOPES.length));
  const values = CHIPS.map((chip) => exts(chip.columns.length));
  const publics = CHIPS.map((chip) => exts(chip.publics.length));
  const sums = sliceSums({ shapes: SHAPES, scopes }, { lambda, mu, factors }, (i) =>
    evaluateInExt(CHIPS[i]!.slices!.rest, packExt(values[i]!), publics[i]!),
  );
  /** Σ factor · form of an instance, where `chip` stands for its chip. */
  const formsOf = (i: number, chip: CompiledChip): Ext => {
    const nodes = evaluateInExt(chip, packExt(values[i]!), publics[i]!);
    return formValues({ ...SHAPES[i]!, chip }, i, lambda, mu, scopes.map(scopePlaces), nodes).reduce(
      (acc, value, s) => Fp5.add(acc, Fp5.mul(factors[i]![s]!, value)),
      Fp5.ZERO,
    );
  };
  return { values, sums, formsOf };
}

/** The sum over all slices, each from the cells by definition. */
const bySlices = (sum: SliceSum, values: readonly Ext[]): Ext =>
  Array.from({ length: SLICES }, (_, z) => {
    const inputs = sum.slices.inputs.map((input, k) =>
      input.kind === 'cell' ? values[input.column + ((z + input.rotation) % SLICES)]! : getExt(sum.tables[k]!, z),
    );
    return sliceValue(
      sum,
      inputs,
      sum.parts.map(({ pattern }) => getExt(pattern, z)),
    );
  }).reduce((acc, x) => Fp5.add(acc, x), Fp5.ZERO);

test('forms of chips with lanes at random values → those of the rest plus the sum over slices', () => {
  const { values, sums, formsOf } = setting();
  assert.equal(sums.length, CHIPS.length);
  CHIPS.forEach((chip, i) => {
    const sliced = bySlices(sums[i]!, values[i]!);
    assert.deepEqual(formsOf(i, chip), Fp5.add(formsOf(i, chip.slices!.rest), sliced), chip.id);
    assert.ok(!Fp5.isZero(sliced));
  });
});

test('keccak_round → 11 plain columns and 59 cells stand for 1931 columns', () => {
  const { columns, slices } = keccakRound.compiled;
  assert.equal(columns.filter((c) => c.sliced === undefined).length, 11);
  assert.equal(slices!.inputs.filter((i) => i.kind === 'cell').length, 59);
  assert.equal(slices!.degree, 4);
});

/** Proves the sums and verifies them against a claim: the claims about columns that are left, or why not. */
function run(
  { sums, values }: ReturnType<typeof setting>,
  lie: (label: Label, xs: readonly Ext[]) => readonly Ext[] = honest,
  delta: Ext = Fp5.ZERO,
): LaneClaim[][] | string {
  const prover = new LyingTranscript(lie);
  proveSlices(prover, sums, values);
  const claim = sums.reduce((acc, sum, i) => Fp5.add(acc, bySlices(sum, values[i]!)), delta);
  const verifier = new VerifierTranscript(prover.bytes());
  try {
    const claims = verifySlices(verifier, sums, claim);
    verifier.end();
    return claims;
  } catch (error) {
    if (error instanceof Rejection) return `${error.stage}/${error.code}`;
    throw error;
  }
}

const holds = ({ lane, weights, value }: LaneClaim, values: readonly Ext[]): boolean =>
  Fp5.eq(dotExt(weights, packExt(values.slice(lane, lane + SLICES))), value);

const own = setting();

test('proveSlices of three instances → claims that the columns satisfy', () => {
  const claims = run(own);
  assert.ok(typeof claims !== 'string');
  assert.deepEqual(
    claims.map((c) => c.length),
    CHIPS.map((chip) => chip.slices!.inputs.filter((i) => i.kind === 'cell').length),
  );
  for (const [i, list] of claims.entries()) assert.ok(list.every((c) => holds(c, own.values[i]!)));
});

test('rejects another claim, any other round, any other cell → zerocheck/sliceValue', () => {
  assert.equal(run(own, honest, Fp5.ONE), 'zerocheck/sliceValue');
  for (let round = 0; round < 6; round++)
    for (let k = 0; k < 5; k++) {
      let n = 0;
      const lie = (label: Label, xs: readonly Ext[]) =>
        label === 'sliceRound' && n++ === round ? xs.map((x, i) => (i === k ? Fp5.add(x, Fp5.ONE) : x)) : xs;
      assert.equal(run(own, lie), 'zerocheck/sliceValue', `round ${round}, value ${k}`);
    }
  const count = CHIPS.reduce((n, chip) => n + chip.slices!.inputs.filter((i) => i.kind === 'cell').length, 0);
  for (let k = 0; k < count; k++) {
    const lie = (label: Label, xs: readonly Ext[]) =>
      label === 'sliceCells' ? xs.map((x, i) => (i === k ? Fp5.add(x, Fp5.ONE) : x)) : xs;
    assert.equal(run(own, lie), 'zerocheck/sliceValue', `cell ${k}`);
  }
});

const claims = run(own);
assert.ok(typeof claims !== 'string');

/** What a segment opens of these lanes, and what the columns come to under its joint weight. */
function batch(of: readonly (readonly LaneClaim[])[]): { readonly claim: Ext; readonly actual: Ext } {
  const opened = columnOpenings(SHAPES, own.values.map(packExt), own.sums, of);
  const highs = SHAPES.map(({ logHeight }) => exts(logHeight - 4));
  const high = (logHeight: number) => highs[logHeight - 4]!;
  const openings = { skipPoint: Fp5.ONE, lagrange: exts(16), point: [], high, opened };
  const { stack, size } = stackColumns(SHAPES, 'main');
  const slots = slotsOf(stack);
  const logSize = Math.ceil(Math.log2(size));
  const tau = randomExt(random);
  const placed = mainClaims({ stack }, openings);
  const { terms, claim } = batchClaims(tau, placed, [], logSize);
  const bound = exts(logSize);
  const verifiers = batchRuns(tau, placed, [], logSize);
  assert.deepEqual(verifiers.claim, claim);
  assert.deepEqual(termsAt(verifiers.terms, bound), termsAt(terms, bound));
  const valueAt = new Map(slots.map((s) => [s.offset, own.values[s.instance]![s.column]!]));
  assert.equal(terms.length, slots.length, 'a term per column');
  let actual = Fp5.ZERO;
  for (const { weight, by } of terms) {
    assert.ok(weight.kind === 'column' && !Fp5.isZero(by));
    actual = Fp5.add(actual, Fp5.mul(by, valueAt.get(weight.offset)!));
    assert.ok(valueAt.delete(weight.offset), 'one term per column');
  }
  return { claim, actual };
}

test('mainClaims of lanes → every column once with a weight, and the claim that the columns’ values give', () => {
  const { claim, actual } = batch(claims);
  assert.deepEqual(claim, actual);
});

test('cells that fit the last round but not the columns → claims that their batch shows to be false', () => {
  for (const list of claims.keys())
    for (const k of claims[list]!.keys()) {
      const lie = claims.map((l, i) =>
        l.map((c, j) => (i === list && j === k ? { ...c, value: Fp5.add(c.value, Fp5.ONE) } : c)),
      );
      const { claim, actual } = batch(lie);
      assert.notDeepEqual(claim, actual, `instance ${list}, cell ${k}`);
    }
});

test('two false cells of one lane whose errors are opposite → a false batch: each has its own power of τ', () => {
  const [first, , second] = claims[0]!;
  const lie = claims.map((l, i) =>
    l.map((c, j) => {
      if (i !== 0 || (j !== 0 && j !== 2)) return c;
      return { ...c, value: j === 0 ? Fp5.add(first!.value, Fp5.ONE) : Fp5.sub(second!.value, Fp5.ONE) };
    }),
  );
  const { claim, actual } = batch(lie);
  assert.notDeepEqual(claim, actual);
});
