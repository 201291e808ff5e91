import { join } from 'node:path';
import { root } from './root.mjs';

const POLL_MS = 200;

/** Sends transfers of the first development account to a node, from what is built in dist/. */
export class DevSender {
  static async create(url, signal) {
    const { createTx } = await import('@ethereumjs/tx');
    const { DEV_ACCOUNT_KEYS } = await import(join(root, 'dist/client/execution/sealing/dev-accounts.js'));
    const { knownNetwork } = await import(join(root, 'dist/client/execution/chain/known-networks.js'));
    const { network } = await knownNetwork('dev');
    const common = network.common.copy();
    common.setHardfork('osaka');
    const key = Buffer.from(DEV_ACCOUNT_KEYS[0].slice(2), 'hex');
    return new DevSender(url, signal, (fields) => createTx(fields, { common }).sign(key));
  }

  constructor(url, signal, sign) {
    this.url = url;
    this.signal = signal;
    this.sign = sign;
  }

  /** Sends a transfer and waits until it stands in a block. @param nonce of the account */
  async transfer(nonce) {
    const tx = this.sign({
      type: 2,
      chainId: 1337,
      nonce,
      gasLimit: 21000,
      maxFeePerGas: 10_000_000_000n,
      to: `0x${'de'.repeat(20)}`,
      value: 1n,
    });
    const hash = await this.call('eth_sendRawTransaction', [`0x${Buffer.from(tx.serialize()).toString('hex')}`]);
    while ((await this.call('eth_getTransactionReceipt', [hash])) === null)
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }

  /** @throws Error with the node's message, or when the signal has aborted */
  async call(method, params = []) {
    return await rpc(this.url, method, params, this.signal);
  }
}

/** One JSON-RPC call's result. */
export async function rpc(url, method, params = [], signal = undefined) {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
  const response = await fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json' }, signal });
  const { result, error } = await response.json();
  if (error !== undefined) throw new Error(`${method}: ${error.message}`);
  return result;
}
