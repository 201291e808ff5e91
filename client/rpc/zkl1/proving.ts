/** What this node proves, and proofs that it is asked to look at. */
import { ClientError } from '../../errors.ts';
import { bytesOf, claimJson, data, quantity } from '../eth/format.ts';
import type { RpcPorts } from '../interface.ts';
import { RpcError } from '../jsonrpc/errors.ts';
import { type Method, method } from '../jsonrpc/method.ts';
import * as p from '../jsonrpc/params.ts';

const expectation = p.withDefault(p.object({ blockHash: p.optional(p.hash32) }), { blockHash: undefined });

/** A proof that does not verify is an answer, `ok: false` with its reason; errors are about the call. */
export function provingMethods({ chain, proofs }: RpcPorts): readonly Method[] {
  return [
    method('zkl1_provingStatus', [], () => {
      const status = proofs.proving();
      if (status === undefined) return { enabled: false };
      const { profile, proofType, current, queued, resting, claimed, dropped, yielded } = status;
      return {
        enabled: true,
        profile,
        proofType: quantity(proofType),
        queued: quantity(queued),
        failed: quantity(resting),
        claimedByOthers: quantity(claimed),
        dropped: quantity(dropped),
        yielded: quantity(yielded),
        current:
          current === undefined
            ? null
            : {
                blockHash: data(current.blockHash),
                blockNumber: quantity(current.number),
                startedAt: quantity(current.startedAt),
                stage: current.progress?.stage ?? 'starting',
                percent: percentOf(current.progress),
              },
      };
    }),

    method('zkl1_proveBlock', [['hash', p.hash32]], async (hash) => {
      const block = chain.blockByHash(bytesOf(hash));
      if (block === undefined || block.header.number === 0n || !chain.isCanonical(block))
        throw new RpcError('resourceNotFound', 'no block of the canonical chain with this hash, or genesis');
      try {
        await proofs.request(block);
      } catch (error) {
        if (error instanceof ClientError) throw new RpcError('serverError', error.message);
        throw error;
      }
      return proofs.job(block.hash(), undefined);
    }),

    method(
      'zkl1_verifyBlockProof',
      [
        ['proof', p.bytes],
        ['options', expectation],
      ],
      async (proof, { blockHash }) => {
        const { result, ms } = await verified(proof, blockHash);
        const verifyMs = Math.round(ms * 10) / 10;
        if (!result.ok) return { ...result, verifyMs };
        const { claim, profile, securityBits } = result;
        const block = chain.blockByHash(bytesOf(claim.blockHash));
        // A proof shows that a block is valid, not that it is canonical: that is this node's own knowledge.
        const isCanonical = block !== undefined && chain.isCanonical(block);
        return { ok: true, claim: claimJson(claim), profile, securityBits, isCanonical, verifyMs };
      },
    ),
  ];

  async function verified(proof: Uint8Array, blockHash: p.Hex | undefined): ReturnType<typeof proofs.verify> {
    try {
      return await proofs.verify(proof, blockHash);
    } catch (error) {
      if (error instanceof ClientError) throw new RpcError('limitExceeded', error.message);
      throw error;
    }
  }
}

function percentOf(progress: { readonly done: number; readonly total: number } | undefined): number {
  return progress === undefined || progress.total === 0 ? 0 : Math.floor((100 * progress.done) / progress.total);
}
