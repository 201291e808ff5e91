import type { RpcPorts } from '../interface.ts';
import { type Method, method } from '../jsonrpc/method.ts';

/** A node without peers: a dev chain. */
export function netMethods({ chain }: RpcPorts): readonly Method[] {
  return [
    method('net_version', [], () => chain.chainId.toString()),
    method('net_listening', [], () => false),
    method('net_peerCount', [], () => '0x0'),
  ];
}
