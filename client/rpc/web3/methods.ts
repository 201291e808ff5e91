import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesOf, data } from '../eth/format.ts';
import type { RpcPorts } from '../interface.ts';
import { type Method, method } from '../jsonrpc/method.ts';
import * as p from '../jsonrpc/params.ts';

/** `web3_sha3` is Keccak-256, as everywhere in Ethereum, in spite of its name. */
export function web3Methods({ clientVersion }: RpcPorts): readonly Method[] {
  return [
    method('web3_clientVersion', [], () => clientVersion),
    method('web3_sha3', [['data', p.data]], (bytes) => data(keccak_256(bytesOf(bytes)))),
  ];
}
