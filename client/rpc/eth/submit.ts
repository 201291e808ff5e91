import { ClientError } from '../../errors.ts';
import type { RpcPorts } from '../interface.ts';
import { RpcError } from '../jsonrpc/errors.ts';
import { type Method, method } from '../jsonrpc/method.ts';
import * as p from '../jsonrpc/params.ts';
import { bytesOf, data } from './format.ts';

/** Transactions into the pool. */
export function submitMethods({ pool }: RpcPorts): readonly Method[] {
  return [
    method('eth_sendRawTransaction', [['transaction', p.data]], async (raw) => {
      try {
        return data(await pool.submit(bytesOf(raw)));
      } catch (error) {
        if (error instanceof ClientError) throw new RpcError('serverError', error.message, { code: error.code });
        throw error;
      }
    }),
  ];
}
