/** Who was seen to seal two blocks at one height. */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { data, quantity } from '../eth/format.ts';
import type { RpcPorts } from '../interface.ts';
import { type Method, method } from '../jsonrpc/method.ts';

/** Evidence in one response, oldest heights first. */
const MAX_FAULTS = 1000;

/** Evidence that anybody can check: both headers of one height with the sealer's signatures. */
export function sealingMethods({ sealing }: RpcPorts): readonly Method[] {
  return [
    method('zkl1_sealerFaults', [], async () => {
      const faults: object[] = [];
      for await (const { sealer, number, blocks } of sealing.faults()) {
        faults.push({
          sealer: data(sealer),
          number: quantity(number),
          blocks: blocks.map(({ header, seal }) => ({
            hash: data(keccak_256(header)),
            header: data(header),
            seal: data(seal),
          })),
        });
        if (faults.length === MAX_FAULTS) break;
      }
      return faults;
    }),
  ];
}
