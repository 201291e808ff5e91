import type { Block } from '@ethereumjs/block';
import { keccak_256 } from '@noble/hashes/sha3.js';
import type { ProofRecord, RpcPorts } from '../interface.ts';
import { RpcError } from '../jsonrpc/errors.ts';
import { type Method, method } from '../jsonrpc/method.ts';
import * as p from '../jsonrpc/params.ts';
import { findBlock } from './block-id.ts';
import { data, quantity } from './format.ts';

/** Above this size a proof is not put into a response. */
const MAX_INLINE_BYTES = 8 * 1024 * 1024;

const options = p.withDefault(
  p.object({ proofType: p.optional(p.uint64), encoding: p.withDefault(p.oneOf('hex', 'base64'), 'hex') }),
  { proofType: undefined, encoding: 'hex' },
);

/** `eth_getBlockProof`: the proof of a block, or how far it is. */
export function proofMethods({ chain, proofs }: RpcPorts): readonly Method[] {
  return [
    method(
      'eth_getBlockProof',
      [
        ['block', p.blockId],
        ['options', options],
      ],
      (id, { proofType, encoding }) => {
        const isPending = id.kind === 'tag' && id.tag === 'pending';
        const block = isPending ? undefined : findBlock(chain, id);
        if (block === undefined || block.header.number === 0n) {
          throw new RpcError(
            'resourceNotFound',
            isPending ? 'the pending block has no proof' : 'unknown block, or genesis',
          );
        }
        const found = proofs.status(block.hash());
        const wanted =
          found.status === 'proved'
            ? found.proofs.filter((r) => proofType === undefined || BigInt(r.proofType) === proofType)
            : [];
        if (found.status !== 'proved' || wanted.length === 0) {
          const status = found.status === 'proved' ? 'notRequested' : found.status;
          const reason = found.status === 'failed' ? { reason: found.reason } : {};
          throw new RpcError('resourceUnavailable', `block not proven: ${status}`, { status, ...reason });
        }
        return { ...placeOf(block), status: 'proved', proofs: wanted.map((record) => proofJson(record, encoding)) };
      },
    ),
  ];
}

function placeOf(block: Block): object {
  return {
    blockHash: data(block.hash()),
    blockNumber: quantity(block.header.number),
    parentHash: data(block.header.parentHash),
  };
}

function proofJson(record: ProofRecord, encoding: 'hex' | 'base64'): object {
  if (record.proof.length > MAX_INLINE_BYTES) {
    throw new RpcError(
      'limitExceeded',
      `the proof has ${record.proof.length} bytes, at most ${MAX_INLINE_BYTES} are sent`,
    );
  }
  const { claim } = record;
  return {
    proofType: quantity(record.proofType),
    vkHash: record.vkHash,
    claim: { ...claim, schemaId: quantity(claim.schemaId), chainId: quantity(claim.chainId) },
    proofData: encoding === 'hex' ? data(record.proof) : Buffer.from(record.proof).toString('base64'),
    proofHash: data(keccak_256(record.proof)),
    proofSize: quantity(record.proof.length),
    provingTimeMs: quantity(Math.round(record.provingTimeMs)),
    provedAt: quantity(record.provedAt),
    backend: record.backend,
  };
}
