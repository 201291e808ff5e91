import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blake3 } from '@noble/hashes/blake3.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { SKIP_SIZE } from '../../../client/prover/poly/interpolate.ts';
import { argumentRounds, logupGrinding, SKIP_DEGREE } from '../../../client/prover/soundness/argument.ts';
import {
  LIMITS,
  limitExceeded,
  neededGrinding,
  profileBits,
  profileGrinding,
  profileRounds,
} from '../../../client/prover/soundness/key.ts';
import { CHALLENGE_BITS, log2Add, log2Sum } from '../../../client/prover/soundness/log2.ts';
import {
  closingParams,
  closingShapes,
  isClosingShape,
  logSlotDegree,
  MAX_LOG_TABLE,
  MIN_LOG_TABLE,
  PROFILES,
  type SoundnessProfile,
  whirParams,
} from '../../../client/prover/soundness/profiles.ts';
import { johnsonProximity, uniqueProximity } from '../../../client/prover/soundness/proximity.ts';
import { protocolBits, roundBits, weakestRound } from '../../../client/prover/soundness/round.ts';
import { whirProofBytes } from '../../../client/prover/soundness/size.ts';
import { type WhirParams, whirLayers, whirRounds } from '../../../client/prover/soundness/whir.ts';
import { seededRandom } from '../../support/random.ts';

const IDS = Object.keys(PROFILES) as SoundnessProfile[];
const bitsOf = (id: SoundnessProfile, params: WhirParams, m: number): number =>
  protocolBits(whirRounds(PROFILES[id].regime, params, m, logSlotDegree(m)));
const queriesOf = (params: WhirParams): number[] => [...params.rounds.map((r) => r.queries), params.finalQueries];

test('log2Add and log2Sum → sums of powers of two', () => {
  assert.equal(log2Add(3, 3), 4);
  assert.equal(log2Add(Number.NEGATIVE_INFINITY, 5), 5);
  assert.equal(log2Sum([0, 0, 1, 2]), 3);
  assert.equal(log2Sum([-100, -100]), -99);
});

test('CHALLENGE_BITS → the 154.9 bits of the field, less the sampling bias', () => {
  const field = 5 * Math.log2(2130706433);
  assert.ok(CHALLENGE_BITS < field && CHALLENGE_BITS > field - 1e-4);
});

test('weakestRound credits each round with its own grinding only', () => {
  const rounds = [
    { name: 'a', logError: -90, grindBits: 20 },
    { name: 'b', logError: -95, grindBits: 0 },
  ];
  assert.equal(weakestRound(rounds).name, 'b');
  assert.equal(protocolBits(rounds), 95);
});

for (const id of IDS) {
  const { targetBits } = PROFILES[id];

  test(`${id}, every challenge of a block proof at all table sizes → at least ${targetBits} bits`, () => {
    for (const round of profileRounds(id)) assert.ok(roundBits(round) >= targetBits, round.name);
    assert.equal(profileBits(id), targetBits);
  });

  test(`${id}, shapes for every table size → folds add up, domains exist, the last table has at most 2^8 entries`, () => {
    for (let m = MIN_LOG_TABLE; m <= MAX_LOG_TABLE; m++) {
      const params = whirParams(id, m);
      const layers = whirLayers(params, m);
      assert.equal(
        layers.reduce((sum, l) => sum + l.logColumns, params.finalLogSize),
        m,
      );
      assert.ok(params.finalLogSize <= 8);
      for (const [i, layer] of layers.entries()) {
        assert.ok(layer.logRows >= 1 && layer.logRows + layer.logInvRate <= 24, 'within the two-adic domain');
        assert.ok(layer.grindFoldBits <= PROFILES[id].maxGrindFoldBits);
        const next = layers[i + 1];
        if (next === undefined) continue;
        assert.equal(next.logRows + next.logColumns, layer.logRows, 'a layer holds what the one before folds to');
        assert.ok(next.logInvRate > layer.logInvRate);
      }
    }
  });

  test(`${id}, one query or one folding grind bit less on any layer → below the target`, () => {
    for (const m of [18, 21, 24, 26]) {
      const params = whirParams(id, m);
      const worse = (change: Partial<WhirParams>): void =>
        assert.ok(bitsOf(id, { ...params, ...change }, m) < targetBits, `m = ${m} ${JSON.stringify(change)}`);
      worse({ finalQueries: params.finalQueries - 1 });
      if (params.grindInitialBits > 0) worse({ grindInitialBits: params.grindInitialBits - 1 });
      params.rounds.forEach((round, i) => {
        const replaced = (changed: Partial<typeof round>): WhirParams['rounds'] =>
          params.rounds.map((r, j) => (i === j ? { ...r, ...changed } : r));
        worse({ rounds: replaced({ queries: round.queries - 1 }) });
        if (round.grindFoldBits > 0) worse({ rounds: replaced({ grindFoldBits: round.grindFoldBits - 1 }) });
      });
    }
  });
}

test('whirParams without out-of-domain samples in the Johnson regime → below the target', () => {
  for (const id of ['P100', 'P128'] as const)
    for (const m of [18, 26]) {
      const params = whirParams(id, m);
      assert.ok(bitsOf(id, { ...params, oodSamples: params.oodSamples - 1 }, m) < PROFILES[id].targetBits);
    }
});

test('query counts at 2^24 and 2^26 → the table of docs/protocol.md', () => {
  const expected: Readonly<Record<SoundnessProfile, readonly [readonly number[], readonly number[]]>> = {
    P100: [
      [81, 42, 24, 17],
      [81, 42, 24, 17],
    ],
    P100Half: [
      [170, 57, 29, 19],
      [170, 57, 29, 19],
    ],
    P128: [
      [114, 56, 32, 23],
      [116, 57, 33, 23],
    ],
    P100Unique: [
      [203, 102, 86, 85],
      [203, 102, 86, 85],
    ],
  };
  for (const id of IDS)
    assert.deepEqual(
      [24, 26].map((m) => queriesOf(whirParams(id, m))),
      expected[id],
      id,
    );
});

test('parameters of all profiles and sizes → unchanged, since they decide the bytes of every proof', () => {
  const all = IDS.map((id) =>
    Array.from({ length: MAX_LOG_TABLE - MIN_LOG_TABLE + 1 }, (_, i) => whirParams(id, MIN_LOG_TABLE + i)),
  );
  const digest = bytesToHex(blake3(new TextEncoder().encode(JSON.stringify(all))));
  assert.equal(digest, '1dc6cc81e8444be786cc9c748288d6e626195ea3eafd1196746bf159e7440249');
});

test('proof size of P100 at 2^24 and 2^26 → what a segment of at most 200 KB leaves for the opening', () => {
  const tree = [{ columns: 64, capLog: 0 }];
  assert.ok(whirProofBytes(whirParams('P100', 24), 24, tree) < 113 * 1024);
  assert.ok(whirProofBytes(whirParams('P100', 26), 26, tree) < 128 * 1024);
});

test('closingParams of every shape of a closing → at least the target, codes within the two-adic domain', () => {
  for (const id of IDS)
    for (const table of closingShapes()) {
      const params = closingParams(id, table);
      const m = table.logRows + table.logColumns;
      assert.ok(bitsOf(id, params, m) >= PROFILES[id].targetBits, `${table.logRows} + ${table.logColumns}`);
      for (const { logRows, logInvRate } of whirLayers(params, m)) assert.ok(logRows + logInvRate <= 24);
    }
});

test('closingParams of a table that no closing has → rejected', () => {
  for (const table of [
    { logRows: 5, logColumns: 8 },
    { logRows: 22, logColumns: 2 },
    { logRows: 10, logColumns: 11 },
    { logRows: 20, logColumns: 7 },
    { logRows: 10, logColumns: 1 },
    { logRows: Number.NaN, logColumns: 4 },
  ]) {
    assert.ok(!isClosingShape(table));
    assert.throws(() => closingParams('P100', table), { name: 'ClientError', code: 'logTableOutOfRange' });
  }
});

test('whirParams outside 2^6 to 2^26 → rejected with the range', () => {
  for (const m of [5, 27, Number.NaN])
    assert.throws(() => whirParams('P100', m), { name: 'ClientError', code: 'logTableOutOfRange' });
});

test('johnsonProximity → between unique decoding and 1 − √ρ, list and exceptions growing with the multiplicity', () => {
  for (const logInvRate of [1, 2, 4, 7]) {
    const code = { logRows: 16, logInvRate };
    let before = johnsonProximity(code, 4)!;
    for (const multiplicity of [8, 20, 100]) {
      const p = johnsonProximity(code, multiplicity)!;
      assert.ok(p.logAgreement > -logInvRate / 2 - 1e-3, 'not beyond the Johnson bound');
      assert.ok(p.logAgreement < before.logAgreement);
      assert.ok(p.logListSize > before.logListSize && p.logExceptional > before.logExceptional);
      before = p;
    }
    assert.ok(before.logAgreement < uniqueProximity(code).logAgreement);
  }
});

test('johnsonProximity list size on a tiny code → no word has a longer list, and some have more than one codeword', () => {
  const p = 17;
  const points = [1, 2, 4, 8, 16, 15, 13, 9];
  const { logAgreement, logListSize } = johnsonProximity({ logRows: 1, logInvRate: 2 }, 3)!;
  const needed = Math.ceil(2 ** logAgreement * points.length);
  const listSize = (word: readonly number[]): number => {
    let near = 0;
    for (let a = 0; a < p; a++)
      for (let b = 0; b < p; b++) if (points.filter((x, i) => (a + b * x) % p === word[i]).length >= needed) near++;
    return near;
  };
  const random = seededRandom(41);
  const line = (): number[] => {
    const [a, b] = [random() % p, random() % p];
    return points.map((x) => (a + b * x) % p);
  };
  let largest = 0;
  for (let trial = 0; trial < 300; trial++) {
    const mixed = [line(), line(), line()];
    largest = Math.max(largest, listSize(points.map((_, i) => mixed[(i + (random() % 2)) % 3]![i]!)));
    const halves = [line(), line()];
    largest = Math.max(largest, listSize(points.map((_, i) => halves[i % 2]![i]!)));
  }
  assert.ok(largest >= 2);
  assert.ok(largest <= 2 ** logListSize);
});

test('the accounting’s skip degree → that of the subgroup in use', () => {
  assert.equal(SKIP_DEGREE, SKIP_SIZE - 1);
});

test('argumentRounds grow with the messages, and logupGrinding makes up for what is missing', () => {
  const shape = { ...LIMITS, logLocalFractions: 40 };
  const weak = argumentRounds(shape, { local: 0, global: 0 }, 5).find((r) => r.name === 'logup.local')!;
  assert.ok(roundBits(weak) < 110);
  const grind = logupGrinding(shape, 128, 5);
  const strong = argumentRounds(shape, grind, 5).find((r) => r.name === 'logup.local')!;
  assert.ok(roundBits(strong) >= 128 && roundBits(strong) < 129);
});

test('limitExceeded one beyond any limit, or not a number → its name; at the limits → undefined', () => {
  assert.equal(limitExceeded(LIMITS), undefined);
  assert.equal(limitExceeded({}), undefined);
  for (const name of Object.keys(LIMITS) as (keyof typeof LIMITS)[]) {
    assert.equal(limitExceeded({ ...LIMITS, [name]: LIMITS[name] + 1 }), name);
    assert.equal(limitExceeded({ [name]: Number.NaN }), name);
  }
});

test('a looser limit → fewer bits somewhere, so that every limit counts', () => {
  const errorsOf = (shape: typeof LIMITS): string =>
    JSON.stringify(argumentRounds(shape, { local: 0, global: 0 }, 5).map((r) => r.logError));
  for (const name of Object.keys(LIMITS) as (keyof typeof LIMITS)[])
    if (name !== 'maxSegments')
      assert.notEqual(errorsOf({ ...LIMITS, [name]: 2 * LIMITS[name] }), errorsOf(LIMITS), name);
});

test('profileGrinding → exactly what the limits need: nothing at 100 bits, some before both LogUp challenges at 128', () => {
  for (const id of IDS) assert.deepEqual(profileGrinding(id), neededGrinding(id), id);
  assert.deepEqual(profileGrinding('P100'), { local: 0, global: 0 });
  const { local, global } = profileGrinding('P128');
  assert.ok(local > 0 && global > local && global <= PROFILES.P128.grindQueryBits);
});
