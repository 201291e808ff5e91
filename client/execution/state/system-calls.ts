/** Messages that the protocol itself sends at the start and the end of a block. */
import type { Block } from '@ethereumjs/block';
import { type Address, createAddressFromString } from '@ethereumjs/util';
import type { VM } from '@ethereumjs/vm';
import { BlockError } from '../chain/block-error.ts';
import type { WorldState } from './world-state.ts';

const SYSTEM_ADDRESS = createAddressFromString('0xfffffffffffffffffffffffffffffffffffffffe');
const SYSTEM_CALL_GAS = 30_000_000n;

/** EIP-4788 */
export const BEACON_ROOTS = createAddressFromString('0x000f3df6d732807ef1319fb7b8bb8522d0beac02');
/** EIP-2935 */
export const HISTORY_STORAGE = createAddressFromString('0x0000f90827f1c53a10cb7a02335b175320002935');
/** EIP-7002 */
export const WITHDRAWAL_REQUESTS = createAddressFromString('0x00000961ef480eb55e80d19ad83579a64c007002');
/** EIP-7251 */
export const CONSOLIDATION_REQUESTS = createAddressFromString('0x0000bbddc7ce488642fb579f8b00f3a590007251');

/** `process_unchecked_system_transaction`: a contract that is missing or fails changes nothing. */
export async function uncheckedSystemCall(
  vm: VM,
  state: WorldState,
  block: Block,
  to: Address,
  data: Uint8Array,
): Promise<void> {
  await call(vm, state, block, to, data);
}

/**
 * `process_checked_system_transaction`: returns what the contract returned.
 * @throws BlockError `systemContractMissing`, `systemContractFailed`: the block is invalid
 */
export async function checkedSystemCall(
  vm: VM,
  state: WorldState,
  block: Block,
  to: Address,
  data: Uint8Array,
): Promise<Uint8Array> {
  const result = await call(vm, state, block, to, data);
  if (result === undefined) {
    throw new BlockError('systemContractMissing', `system contract ${to.toString()} has no code`);
  }
  const { exceptionError, returnValue } = result.execResult;
  if (exceptionError !== undefined) {
    const detail = { actual: exceptionError.error };
    throw new BlockError(
      'systemContractFailed',
      `system contract ${to.toString()} failed: ${exceptionError.error}`,
      detail,
    );
  }
  return returnValue;
}

async function call(vm: VM, state: WorldState, block: Block, to: Address, data: Uint8Array) {
  const code = await state.getCode(to);
  if (code.length === 0) return undefined;
  // As a delegate call no value moves, not even zero, so that neither side's account is written for nothing; the
  // contract runs on its own storage with the system address as its caller.
  state.answerAbsentOnce(SYSTEM_ADDRESS);
  const result = await vm.evm.runCall({
    block,
    caller: SYSTEM_ADDRESS,
    to,
    data,
    gasLimit: SYSTEM_CALL_GAS,
    skipNonceIncrement: true,
    delegatecall: true,
  });
  await vm.evm.journal.cleanup();
  return result;
}
