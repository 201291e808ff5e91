import { debugMethods } from './debug/witness.ts';
import { accountProofMethods } from './eth/account-proof.ts';
import { blockMethods } from './eth/blocks.ts';
import { feeMethods } from './eth/fees.ts';
import { logMethods } from './eth/logs.ts';
import { proofMethods } from './eth/proofs.ts';
import { stateMethods } from './eth/state.ts';
import { submitMethods } from './eth/submit.ts';
import { subscriptionMethods } from './eth/subscribe.ts';
import type { RpcPorts } from './interface.ts';
import type { Method } from './jsonrpc/method.ts';
import { netMethods } from './net/methods.ts';
import { web3Methods } from './web3/methods.ts';
import { networkMethods } from './zkl1/network.ts';
import { provingMethods } from './zkl1/proving.ts';
import { sealingMethods } from './zkl1/sealing.ts';

/** The whole table of methods over one set of ports. */
export function rpcMethods(ports: RpcPorts): readonly Method[] {
  return [
    blockMethods,
    logMethods,
    stateMethods,
    accountProofMethods,
    feeMethods,
    submitMethods,
    proofMethods,
    subscriptionMethods,
    debugMethods,
    netMethods,
    web3Methods,
    provingMethods,
    sealingMethods,
    networkMethods,
  ].flatMap((methods) => methods(ports));
}
