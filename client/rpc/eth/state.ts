import type { CallPort, CallRequest, CallResult, RpcPorts } from '../interface.ts';
import { RpcError } from '../jsonrpc/errors.ts';
import { type Method, method } from '../jsonrpc/method.ts';
import * as p from '../jsonrpc/params.ts';
import { requireBlock } from './block-id.ts';
import { bytesOf, data, quantity } from './format.ts';

const LATEST: p.BlockId = { kind: 'tag', tag: 'latest' };
const block = p.withDefault(p.blockId, LATEST);

const accessListItem = p.object({ address: p.address, storageKeys: p.listOf(p.hash32, 1000) });
/** r and s come as quantities, and from some clients as 32 bytes. */
const scalar: p.Param<bigint> = { ...p.uint256, read: (value, where) => BigInt(p.storageKey.read(value, where)) };
const authorization = p.object({
  chainId: p.uint256,
  address: p.address,
  nonce: p.uint64,
  yParity: p.uint64,
  r: scalar,
  s: scalar,
});
/** The transaction object of `eth_call`; fields that only matter to a signed transaction are read and unused. */
const callObject = p.object({
  from: p.optional(p.address),
  to: p.optional(p.address),
  gas: p.optional(p.uint64),
  gasPrice: p.optional(p.uint256),
  maxFeePerGas: p.optional(p.uint256),
  maxPriorityFeePerGas: p.optional(p.uint256),
  value: p.withDefault(p.uint256, 0n),
  data: p.optional(p.data),
  input: p.optional(p.data),
  nonce: p.optional(p.uint64),
  type: p.optional(p.uint64),
  chainId: p.optional(p.uint64),
  accessList: p.withDefault(p.listOf(accessListItem, 1000), []),
  authorizationList: p.withDefault(p.listOf(authorization, 100), []),
  blobVersionedHashes: p.withDefault(p.listOf(p.hash32, 100), []),
  maxFeePerBlobGas: p.optional(p.uint256),
});
type CallObject = ReturnType<typeof callObject.read>;

/** Accounts, storage, and calls on the state after a block. */
export function stateMethods({ chain, state, calls, pool }: RpcPorts): readonly Method[] {
  return [
    method(
      'eth_getBalance',
      [
        ['address', p.address],
        ['block', block],
      ],
      async (address, id) => quantity((await state.account(requireBlock(chain, id), bytesOf(address))).balance),
    ),
    method(
      'eth_getTransactionCount',
      [
        ['address', p.address],
        ['block', block],
      ],
      async (address, id) => {
        if (id.kind === 'tag' && id.tag === 'pending') return quantity(await pool.nextNonce(bytesOf(address)));
        return quantity((await state.account(requireBlock(chain, id), bytesOf(address))).nonce);
      },
    ),
    method(
      'eth_getCode',
      [
        ['address', p.address],
        ['block', block],
      ],
      async (address, id) => data(await state.code(requireBlock(chain, id), bytesOf(address))),
    ),
    method(
      'eth_getStorageAt',
      [
        ['address', p.address],
        ['slot', p.storageKey],
        ['block', block],
      ],
      async (address, slot, id) =>
        data(
          await state.storage(
            requireBlock(chain, id),
            bytesOf(address),
            bytesOf(`0x${slot.slice(2).padStart(64, '0')}`),
          ),
        ),
    ),
    method(
      'eth_call',
      [
        ['transaction', callObject],
        ['block', block],
      ],
      async (call, id) => {
        const result = await calls.call(requireBlock(chain, id), requestOf(call));
        if (result.kind === 'returned') return data(result.data);
        throw callError(result);
      },
    ),
    method(
      'eth_estimateGas',
      [
        ['transaction', callObject],
        ['block', block],
      ],
      async (call, id) => {
        const result = await calls.estimateGas(requireBlock(chain, id), requestOf(call));
        if (result.kind === 'estimate') return quantity(result.gas);
        throw callError(result);
      },
    ),
  ];
}

function requestOf(call: CallObject): CallRequest {
  if (call.data !== undefined && call.input !== undefined && call.data !== call.input) {
    throw new RpcError('invalidParams', 'invalid params: transaction: data and input differ');
  }
  return {
    from: call.from === undefined ? new Uint8Array(20) : bytesOf(call.from),
    to: call.to === undefined ? undefined : bytesOf(call.to),
    gas: call.gas,
    gasPrice: call.maxFeePerGas ?? call.gasPrice ?? 0n,
    value: call.value,
    data: bytesOf(call.input ?? call.data ?? '0x'),
    accessList: call.accessList.map((item) => ({
      address: bytesOf(item.address),
      storageKeys: item.storageKeys.map(bytesOf),
    })),
    authorizations: call.authorizationList.map((a) => ({ ...a, address: bytesOf(a.address) })),
    blobHashes: call.blobVersionedHashes.map(bytesOf),
  };
}

function callError(
  result: Exclude<CallResult | Awaited<ReturnType<CallPort['estimateGas']>>, { kind: 'returned' | 'estimate' }>,
): RpcError {
  if (result.kind === 'reverted') {
    return new RpcError('executionReverted', 'execution reverted', data(result.data));
  }
  return new RpcError('serverError', result.reason);
}
