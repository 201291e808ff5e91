import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Chip } from '../../../client/prover/air/chip.ts';
import type { Instance } from '../../../client/prover/air/dag.ts';
import { createReferenceBackend } from '../../../client/prover/backends/reference/backend.ts';
import { Fp } from '../../../client/prover/field/fp.ts';
import { type Ext, Fp5 } from '../../../client/prover/field/fp5.ts';
import { proveScopes } from '../../../client/prover/protocol/logup/prove.ts';
import { fractionLayout, logupChallenges } from '../../../client/prover/protocol/logup/shape.ts';
import { type GkrClaim, verifyGkr } from '../../../client/prover/protocol/logup/verify.ts';
import { SCOPES } from '../../../client/prover/protocol/zerocheck/form.ts';
import { proveZerocheck } from '../../../client/prover/protocol/zerocheck/prove.ts';
import { verifyZerocheck } from '../../../client/prover/protocol/zerocheck/verify.ts';
import { ProverTranscript } from '../../../client/prover/transcript/prover-transcript.ts';
import { Rejection } from '../../../client/prover/transcript/rejection.ts';
import { VerifierTranscript } from '../../../client/prover/transcript/verifier-transcript.ts';
import { PLAIN_KERNELS } from '../../../client/prover/verifier/plain-kernels.ts';
import { randomExt, seededRandom } from '../../support/random.ts';
import { boundary, CHIPS, honestToy } from '../../support/toy/machine.ts';

const [STEP, RANGE, , BOUNDARY] = honestToy().traces[0]! as [Instance, Instance, Instance, Instance];
const EPOCH = 7;
const MAX_DEGREE = 3;
const random = seededRandom(41);
const CHALLENGES = SCOPES.map(() => logupChallenges(randomExt(random), randomExt(random), 8));

const joined = <A, B>(a: readonly A[], b: readonly B[]): (A & B)[] => a.map((x, s) => ({ ...x, ...b[s]! }));

/** Proves GKR and zerocheck of these tables; `lie` changes what the verifier takes from GKR: what a false GKR would leave. */
async function verdict(
  tables: readonly Instance[],
  lie: (claims: readonly GkrClaim[]) => readonly GkrClaim[] = (claims) => claims,
): Promise<string> {
  const backend = createReferenceBackend();
  const chips = tables.map((t) => CHIPS.find((c) => c.compiled === t.chip) as Chip);
  const layouts = SCOPES.map((scope) => fractionLayout(tables, scope));
  const held = await Promise.all(
    tables.map(async ({ chip, rows, logHeight }) => ({
      chip,
      matrix: await backend.upload(rows, { width: chip.columns.length, logHeight }),
      publics: chip.publics.map(() => EPOCH),
    })),
  );
  const prover = new ProverTranscript();
  const scopes = layouts.map((layout, s) => ({ layout, challenges: CHALLENGES[s]! }));
  const proven = await proveScopes(backend, prover, held, scopes);
  const statement = { shapes: tables, maxDegree: MAX_DEGREE };
  const openings = await proveZerocheck(backend, prover, { ...statement, scopes: joined(scopes, proven) }, chips, held);

  const verifier = new VerifierTranscript(prover.bytes());
  const logs = layouts.map(({ log }) => log);
  const read = verifyGkr(verifier, logs);
  const publics = tables.map(({ chip }) => chip.publics.map(() => Fp5.from(EPOCH)));
  try {
    const result = verifyZerocheck(
      PLAIN_KERNELS,
      verifier,
      { ...statement, scopes: joined(scopes, lie(read)) },
      chips,
      publics,
    );
    verifier.end();
    assert.deepEqual(result.opened, openings.opened);
    return 'accepted';
  } catch (error) {
    if (error instanceof Rejection) return `${error.stage}/${error.code}`;
    throw error;
  }
}

const DELTA = randomExt(random);
const plus = (x: Ext): Ext => Fp5.add(x, DELTA);
const minus = (x: Ext): Ext => Fp5.sub(x, DELTA);

/** A copy of a table with `by` added to one cell. */
function changed(table: Instance, row: number, name: string, by: number): Instance {
  const rows = table.rows.slice();
  const at = row * table.chip.columns.length + table.chip.columns.findIndex((c) => c.name === name);
  rows[at] = Fp.add(rows[at]!, by);
  return { ...table, rows };
}

test('instances of several heights, one alone, without global and without any fractions → accepted', async () => {
  assert.equal(await verdict([STEP, RANGE, BOUNDARY]), 'accepted');
  assert.equal(await verdict([BOUNDARY]), 'accepted');
  assert.equal(await verdict([STEP, RANGE]), 'accepted');
  assert.equal(await verdict([RANGE]), 'accepted');
});

test('rejects claims of GKR whose errors cancel: of numerators and denominators, of local and global fractions', async () => {
  const lies: ((c: readonly GkrClaim[]) => readonly GkrClaim[])[] = [
    ([local, global]) => [{ ...local!, p: plus(local!.p) }, global!],
    ([local, global]) => [{ ...local!, p: plus(local!.p), q: minus(local!.q) }, global!],
    ([local, global]) => [
      { ...local!, p: plus(local!.p) },
      { ...global!, p: minus(global!.p) },
    ],
    ([local, global]) => [
      { ...local!, q: plus(local!.q) },
      { ...global!, q: minus(global!.q) },
    ],
  ];
  for (const lie of lies) assert.equal(await verdict([STEP, RANGE, BOUNDARY], lie), 'zerocheck/skipSum');
});

test('rejects a sum of global fractions other than 0/α where there are none', async () => {
  assert.equal(await verdict([STEP], ([l, g]) => [l!, { ...g!, p: plus(g!.p) }]), 'zerocheck/skipSum');
  assert.equal(await verdict([STEP], ([l, g]) => [l!, { ...g!, q: plus(g!.q) }]), 'zerocheck/skipSum');
});

test('two instances of one chip exchange their rows, messages and all → accepted: only their multiset counts', async () => {
  const other = changed(changed(BOUNDARY, 2, 'after', 5), 2, 'gain', 5);
  assert.equal(await verdict([BOUNDARY, other]), 'accepted');
  assert.equal(await verdict([other, BOUNDARY]), 'accepted');
});

test('rejects constraint errors of two instances that cancel', async () => {
  const lie = [changed(BOUNDARY, 3, 'gain', 1), changed(BOUNDARY, 3, 'gain', -1)];
  assert.ok(boundary.compiled.constraints.length > 0);
  assert.equal(await verdict(lie), 'zerocheck/skipSum');
});
