import type { Block } from '@ethereumjs/block';
import type { ChainPort, ProofRecord, RpcPorts } from '../interface.ts';
import { RpcError } from '../jsonrpc/errors.ts';
import { type Method, method } from '../jsonrpc/method.ts';
import * as p from '../jsonrpc/params.ts';
import { findBlock } from './block-id.ts';
import { claimJson, data, quantity } from './format.ts';

/** Above this size a response holds a URL instead of the proof. */
export const MAX_INLINE_BYTES = 8 * 1024 * 1024;

const options = p.withDefault(
  p.object({ proofType: p.optional(p.uint8), encoding: p.withDefault(p.oneOf('hex', 'base64'), 'hex') }),
  { proofType: undefined, encoding: 'hex' },
);

/** `eth_getBlockProof`: the proofs of a block, or how far they are. */
export function proofMethods({ chain, proofs }: RpcPorts): readonly Method[] {
  return [
    method(
      'eth_getBlockProof',
      [
        ['block', p.blockId],
        ['options', options],
      ],
      (id, { proofType, encoding }, { origin }) => {
        const isPending = id.kind === 'tag' && id.tag === 'pending';
        const block = isPending ? undefined : findBlock(chain, id);
        if (block === undefined || block.header.number === 0n) {
          const what = isPending ? 'the pending block has no proof' : 'unknown block, or genesis';
          throw new RpcError('resourceNotFound', what);
        }
        const hash = block.hash();
        const found = proofs
          .proofs(hash)
          .filter((record) => proofType === undefined || record.proofType === proofType)
          .flatMap((record) => proofJson(hash, record, encoding, origin) ?? []);
        if (found.length === 0) {
          const job = proofs.job(hash, proofType);
          // A job without its proof: the proof was removed.
          const state = job.status === 'proved' ? ({ status: 'notRequested' } as const) : job;
          throw new RpcError('resourceUnavailable', `block not proven: ${state.status}`, state);
        }
        return { ...placeOf(chain, block), status: 'proved', proofs: found };
      },
    ),
  ];
}

/**
 * What `newBlockProofs` tells of a block: the answer of `eth_getBlockProof` without the proofs' bytes; undefined where
 * it has none.
 */
export function provenJson({ chain, proofs }: Pick<RpcPorts, 'chain' | 'proofs'>, block: Block): object | undefined {
  const found = proofs.proofs(block.hash()).map((record) => recordJson(record, {}));
  return found.length === 0 ? undefined : { ...placeOf(chain, block), status: 'proved', proofs: found };
}

function placeOf(chain: Pick<ChainPort, 'seal'>, block: Block): object {
  const seal = chain.seal(block.hash()) ?? new Uint8Array(0);
  return {
    blockHash: data(block.hash()),
    blockNumber: quantity(block.header.number),
    parentHash: data(block.header.parentHash),
    ...(seal.length === 0 ? {} : { seal: data(seal) }),
  };
}

/** Path under which the server offers a proof's bytes. */
export function proofPath(blockHash: Uint8Array, proofType: number): string {
  return `/proofs/${data(blockHash)}/${proofType}`;
}

/** What `proofPath` gives, taken apart. */
export function parseProofPath(path: string): { readonly blockHash: p.Hex; readonly proofType: number } | undefined {
  const match = /^\/proofs\/(0x[0-9a-f]{64})\/(0|[1-9]\d{0,2})$/.exec(path);
  return match === null ? undefined : { blockHash: match[1] as p.Hex, proofType: Number(match[2]) };
}

function proofJson(
  blockHash: Uint8Array,
  record: ProofRecord,
  encoding: 'hex' | 'base64',
  origin: string,
): object | undefined {
  const { proofType, proofSize } = record;
  let content: { readonly proofData: string } | { readonly proofUrl: string };
  if (proofSize > MAX_INLINE_BYTES) content = { proofUrl: `${origin}${proofPath(blockHash, proofType)}` };
  else {
    const bytes = record.bytes();
    if (bytes === undefined) return undefined;
    content = { proofData: encoding === 'hex' ? data(bytes) : Buffer.from(bytes).toString('base64') };
  }
  return recordJson(record, content);
}

function recordJson(record: ProofRecord, content: object): object {
  return {
    proofType: quantity(record.proofType),
    vkHash: record.vkHash,
    claim: claimJson(record.claim),
    ...content,
    proofHash: record.proofHash,
    proofSize: quantity(record.proofSize),
    ...madeJson(record.made),
  };
}

function madeJson(made: ProofRecord['made']): object {
  if (made === undefined) return {};
  const { provingTimeMs, provedAt, backend } = made;
  return { provingTimeMs: quantity(Math.round(provingTimeMs)), provedAt: quantity(provedAt), backend };
}
