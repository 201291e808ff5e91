/** The program of the trimmer's process: looks at the witnesses that it is sent, in order. */
import { createNetwork, type Network } from '../execution/chain/network.ts';
import { watchOver } from '../prover/service/watch.ts';
import { type TrimRequest, type TrimResult, trimWitness } from './trim-witness.ts';

/** To the child: first the chain, once, then requests. */
export type ToTrimChild =
  | { readonly kind: 'chain'; readonly chain: Omit<Network, 'common'> }
  | { readonly kind: 'trim'; readonly id: number; readonly request: TrimRequest };
/** From the child; those about a request have its `id`. */
export type FromTrimChild =
  | { readonly kind: 'begun' | 'checked'; readonly id: number }
  | { readonly kind: 'result'; readonly id: number; readonly result: TrimResult }
  /** an error of this client's */
  | { readonly kind: 'failed'; readonly id: number; readonly reason: string };

let network: Network | undefined;
let last: Promise<void> = Promise.resolve();
const say = (message: FromTrimChild): void => void process.send?.(message);

async function trim(id: number, request: TrimRequest): Promise<void> {
  say({ kind: 'begun', id });
  try {
    if (network === undefined) throw new Error('a witness came before its chain');
    const result = await trimWitness(network, request, () => say({ kind: 'checked', id }));
    say({ kind: 'result', id, result });
  } catch (error) {
    say({ kind: 'failed', id, reason: error instanceof Error ? error.message : String(error) });
  }
}

process.on('message', (message: ToTrimChild) => {
  if (message.kind === 'chain') {
    const { name, config, genesisHash } = message.chain;
    network = createNetwork(name, config, genesisHash);
  } else {
    last = last.then(() => trim(message.id, message.request));
  }
});

watchOver({ maxBytes: Number(process.argv[2]) });
