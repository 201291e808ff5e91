import type { AccountProof } from '../../execution/interface.ts';
import type { RpcPorts } from '../interface.ts';
import { type Method, method } from '../jsonrpc/method.ts';
import * as p from '../jsonrpc/params.ts';
import { requireBlock } from './block-id.ts';
import { bytesOf, data, quantity } from './format.ts';

/** As geth. */
const MAX_SLOTS = 1024;

/** Merkle proofs of single accounts and slots (EIP-1186), for those who have only a header. */
export function accountProofMethods({ chain, state }: RpcPorts): readonly Method[] {
  return [
    method(
      'eth_getProof',
      [
        ['address', p.address],
        ['slots', p.listOf(p.storageKey, MAX_SLOTS)],
        ['block', p.withDefault(p.blockId, { kind: 'tag', tag: 'latest' })],
      ],
      async (address, slots, id) => {
        const words = slots.map((slot) => bytesOf(`0x${slot.slice(2).padStart(64, '0')}`));
        const proof = await state.prove(requireBlock(chain, id), bytesOf(address), words);
        return accountProofJson(address, slots, proof);
      },
    ),
  ];
}

function accountProofJson(address: p.Hex, slots: readonly p.Hex[], { account, nodes, storage }: AccountProof): object {
  return {
    address,
    accountProof: nodes.map(data),
    balance: quantity(account?.balance ?? 0n),
    codeHash: data(account?.codeHash ?? new Uint8Array(32)),
    nonce: quantity(account?.nonce ?? 0n),
    storageHash: data(account?.storageRoot ?? new Uint8Array(32)),
    storageProof: storage.map(({ value, nodes: path }, i) => ({
      key: keyJson(slots[i] ?? '0x0'),
      value: quantity(BigInt(data(value))),
      proof: path.map(data),
    })),
  };
}

/** As it was asked for: 32 bytes, or a quantity. */
function keyJson(slot: p.Hex): p.Hex {
  return slot.length === 66 ? slot : quantity(BigInt(slot === '0x' ? 0 : slot));
}
