/** Provers that share work, over random schedules of blocks, delays, losses, restarts and provers that are stuck. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { ProverNetwork } from '../../support/prover-network.ts';
import { seededRandom } from '../../support/random.ts';

const SCHEDULES = 20;
const MAX_DELAY_MS = 1500;

type Schedule = {
  readonly seed: number;
  /** share of the messages that do not come, to one receiver each */
  readonly loss: number;
  /** a block comes to the last prover so long after the first one at most, in ms */
  readonly spread: number;
  /** provers that are killed and started again a while later, now and then */
  readonly restarts?: boolean;
  /** the first prover never ends what it begins */
  readonly isFirstStuck?: boolean;
};

/** Runs a schedule until every block is proven; fails where that takes more than `limitMs`. */
async function run(t: TestContext, o: Schedule, limitMs: number): Promise<ProverNetwork> {
  const random = seededRandom(o.seed);
  const unit = (): number => random() / 2 ** 32;
  // The generator's first numbers are alike for seeds that are.
  for (let i = 0; i < 8; i++) random();
  const network = new ProverNetwork(t, {
    delay: () => (unit() < o.loss ? undefined : 10 + unit() * (MAX_DELAY_MS - 10)),
  });
  const provers = Array.from({ length: 2 + Math.floor(unit() * 3) }, (_, i) => {
    const isStuck = o.isFirstStuck === true && i === 0;
    return network.add(() => (isStuck ? Number.POSITIVE_INFINITY : 15_000 + unit() * 60_000));
  });
  for (const prover of provers) await prover.start();
  const blocks = 1 + Math.floor(unit() * 4);
  for (let block = 1; block <= blocks; block++) {
    const at = unit() * 30_000;
    for (const prover of provers) setTimeout(() => prover.learn(block), at + unit() * o.spread);
  }
  if (o.restarts === true) {
    for (const prover of provers.slice(1)) {
      const at = unit() * 60_000;
      setTimeout(() => void prover.kill(), at);
      setTimeout(() => void prover.start(), at + 500 + unit() * 30_000);
    }
  }
  await network.pass(limitMs, () => network.provenAt.size === blocks);
  assert.equal(network.provenAt.size, blocks, `not all blocks are proven after ${limitMs} ms`);
  await network.stop();
  return network;
}

/** The longest time that two provers were at one block at once, and on which one. */
function worst(network: ProverNetwork): { readonly ms: number; readonly works: string } {
  const [block = 0, ms = 0] = [...network.overlaps()].sort((a, b) => b[1] - a[1])[0] ?? [];
  return { ms, works: JSON.stringify(network.works.filter((work) => work.block === block)) };
}

async function each(t: TestContext, o: Omit<Schedule, 'seed'>, limitMs: number, mostMs: number): Promise<void> {
  for (let seed = 1; seed <= SCHEDULES; seed++) {
    await t.test(`schedule ${seed}`, async (tt) => {
      const { ms, works } = worst(await run(tt, { ...o, seed }, limitMs));
      assert.ok(ms <= mostMs, `two provers at one block for ${ms} ms: ${works}`);
    });
  }
}

// Four blocks, one after the other by one prover, and whatever it had to wait for.
const ALL_MS = 400_000;
/** There and back, once more for an answer to be due, and the second in which nothing is begun. */
const EXCHANGED_MS = 2 * MAX_DELAY_MS;
/** Claims are said again after 3 and 6 seconds. */
const REPEATED_MS = 10_000;

test('blocks that come to all within seconds, simultaneous claims, claims before their block → one prover at each', async (t) => {
  await each(t, { loss: 0, spread: 3000 }, ALL_MS, EXCHANGED_MS);
});

test('blocks that come to some much later than to others → one prover at each: what came before its block is remembered', async (t) => {
  await each(t, { loss: 0, spread: 30_000 }, ALL_MS, EXCHANGED_MS);
});

test('every tenth message is lost → two at one block only until a claim is said again', async (t) => {
  await each(t, { loss: 0.1, spread: 5000 }, ALL_MS, REPEATED_MS);
});

test('provers that are killed and come back knowing nothing of the others’ claims → they leave what is being proven', async (t) => {
  await each(t, { loss: 0, spread: 5000, restarts: true }, ALL_MS, REPEATED_MS);
});

test('prover that never ends, and says so without end → overtaken within its three minutes, on each block', async (t) => {
  for (let seed = 1; seed <= SCHEDULES; seed++)
    await t.test(`schedule ${seed}`, async (tt) => {
      await run(tt, { seed, loss: 0, spread: 3000, isFirstStuck: true }, 600_000);
    });
});
