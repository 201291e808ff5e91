import { RpcError } from './errors.ts';
import type { Param } from './params.ts';
import type { Subscriptions } from './subscriptions.ts';

/** What a method may know of the request besides its parameters. */
export type CallContext = {
  /** Scheme and host under which the caller reached this server, e.g. `http://127.0.0.1:8545` */
  readonly origin: string;
  /** of the connection that the request came by; absent where nothing can be sent later */
  readonly subscriptions?: Subscriptions;
};

/** One method of the table: its parameters by position, and what runs on their values. */
export type Method = {
  readonly name: string;
  /** @throws RpcError `invalidParams` before `run` starts */
  readonly call: (params: readonly unknown[], context: CallContext) => Promise<unknown>;
};

type Params = readonly (readonly [name: string, type: Param<unknown>])[];
type Values<P extends Params> = {
  [I in keyof P]: P[I] extends readonly [string, Param<infer T>] ? T : never;
};

/** A method with its schema. The result must be JSON: hex strings, not bigint. */
export function method<const P extends Params>(
  name: string,
  params: P,
  run: (...values: [...Values<P>, CallContext]) => unknown,
): Method {
  return {
    name,
    call: async (given, context) => {
      if (given.length > params.length) {
        throw new RpcError('invalidParams', `invalid params: ${name} takes ${params.length}, got ${given.length}`);
      }
      const values = params.map(([label, type], i) => type.read(given[i], label));
      return await run(...(values as [...Values<P>]), context);
    },
  };
}
