/** Fetches and verifies beside the page, which stays responsive meanwhile. */
import { trustedChain } from '../chain.ts';
import { LightError } from '../errors.ts';
import type { KnownChain } from '../known-chains.ts';
import { proofSignals } from '../proof-signals.ts';
import { httpUrl } from '../transport.ts';
import type { Report, Settings } from './messages.ts';
import { watch } from './watch.ts';

/** The worker's own global scope, of which DOM's types know nothing. */
type Scope = { onmessage: (event: MessageEvent<Settings>) => void; postMessage: (report: Report) => void };
const scope = globalThis as unknown as Scope;

scope.onmessage = ({ data }) => {
  start(data).catch((error: unknown) => {
    const detail = error instanceof LightError || error instanceof SyntaxError ? error.message : `defect: ${error}`;
    scope.postMessage({ kind: 'failed', detail, isFinal: true });
  });
};

async function start({ url, chain, from, revoked }: Settings): Promise<void> {
  httpUrl(url);
  const trusted = trustedChain(
    'network' in chain
      ? (chain.network as KnownChain)
      : (JSON.parse(chain.genesis) as Readonly<Record<string, unknown>>),
  );
  await watch({ url, chain: trusted, from, revoked }, proofSignals(url), (report) => scope.postMessage(report));
}
