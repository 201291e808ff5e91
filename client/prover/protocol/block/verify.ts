import { Fp5 } from '../../field/fp5.ts';
import { DIGEST_WORDS } from '../../hash/blake3.ts';
import type { VerifierKernels } from '../../kernels/interface.ts';
import { profileGrinding } from '../../soundness/key.ts';
import { MAX_LOG_TABLE } from '../../soundness/profiles.ts';
import { Rejection } from '../../transcript/rejection.ts';
import type { TranscriptListener } from '../../transcript/transcript.ts';
import { VerifierTranscript } from '../../transcript/verifier-transcript.ts';
import { exceededLimit, overflowingBus } from '../bounds.ts';
import { publicFraction } from '../logup/verify.ts';
import type { BlockStatement, VerifyingKey } from '../machine.ts';
import { batchRuns } from '../segment/statement.ts';
import { verifySegment } from '../segment/verify.ts';
import { readOod, verifyOpening } from '../whir/verify.ts';
import { blockLayout, shapesOf } from './layout.ts';
import { absorbClosing, absorbShape, type BlockProof, closingClaims, sampleGlobal } from './statement.ts';

/**
 * Verifies a block: shapes, the block's commitment and the global challenge, every segment, the global sum, and the closing
 * that opens what the segments left open. Throws `Rejection` only.
 * @param kernels compute; nothing about the proof is decided there
 */
export function verifyBlock(
  kernels: VerifierKernels,
  vk: VerifyingKey,
  block: BlockStatement,
  proof: BlockProof,
  listener?: TranscriptListener,
): void {
  const { machine } = vk;
  for (const { index, instances } of block.segments)
    for (const { chip, logHeight } of instances)
      if (machine.chips[chip] === undefined || logHeight > MAX_LOG_TABLE)
        throw new Rejection(
          'shape',
          'unknownTable',
          `segment ${index}: no table ${chip} of 2^${logHeight} rows exists`,
        );
  const broken = machine.checkShape(block);
  if (broken !== undefined) throw new Rejection('shape', 'shapeMismatch', broken);
  const exceeded = exceededLimit(machine, block);
  if (exceeded !== undefined) throw new Rejection('shape', 'limitExceeded', exceeded);
  if (proof.segments.length !== block.segments.length)
    throw new Rejection(
      'shape',
      'segmentCount',
      `expected ${block.segments.length} segment proofs, got ${proof.segments.length}`,
    );
  const own = machine.globalMessages(block);
  const over = overflowingBus(
    block.segments.flatMap((s) => shapesOf(machine, s)),
    'global',
    own.length,
  );
  if (over !== undefined) throw new Rejection('shape', 'busOverflow', `bus ${over} may carry P or more messages`);

  const layout = blockLayout(machine, block);
  const { hashMany } = kernels;
  const tr = new VerifierTranscript(proof.commitment, listener, hashMany);
  const chain = absorbShape(tr, vk, block);
  const cap = tr.readWords('blockCap', layout.blockColumns === 0 ? 0 : DIGEST_WORDS);
  const ood = readOod(tr, layout.params.oodSamples, { point: 'blockOod', answer: 'blockAnswer' });
  tr.grind('globalGrind', profileGrinding(machine.profile).global);
  const global = sampleGlobal(tr, machine);
  tr.end();

  const segments = block.segments.map((segment, j) => {
    const result = verifySegment(kernels, new VerifierTranscript(proof.segments[j]!.bytes, listener, hashMany), {
      vk,
      block,
      segment,
      before: chain[j]!,
      after: chain[j + 1]!,
      globalSeed: global.seed,
      global: global.challenges,
      hasOwnTree: !layout.isWhole,
    });
    if (!Fp5.eq(result.globalSum, proof.segments[j]!.globalSum))
      throw new Rejection('block', 'globalSumMismatch', `segment ${j}: the stated global sum is not the proven one`);
    return result;
  });
  const rest = publicFraction(global.challenges, own);
  const total = segments.reduce((acc, s) => Fp5.add(acc, s.globalSum), Fp5.mul(rest.p, Fp5.inv(rest.q)));
  if (!Fp5.isZero(total)) throw new Rejection('block', 'globalImbalance', 'the global buses do not balance');

  const closing = new VerifierTranscript(proof.closing, listener, hashMany);
  absorbClosing(closing, vk, block, chain, global.seed, segments);
  const sigma = closing.sampleExt('sigma');
  const tau = closing.sampleExt('tau');
  const logSize = layout.table.logRows + layout.table.logColumns;
  const claims = closingClaims(machine, block, layout, segments, sigma);
  const { terms, claim } = batchRuns(tau, claims, ood, logSize);
  const commitments = [
    { cap: vk.fixedCap, columns: layout.fixedColumns },
    { cap, columns: layout.blockColumns },
  ].filter((c) => c.columns > 0);
  verifyOpening(kernels, closing, layout.params, logSize, commitments, terms, claim);
  closing.end();
}
