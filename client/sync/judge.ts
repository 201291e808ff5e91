/** Judgements of peers' messages for the network: what a rule's error says about who sent it. */
import { ClientError } from '../errors.ts';
import type { ChainImporter } from '../execution/interface.ts';
import type { Judgement, ReportableFault, SealedHeader } from '../p2p/interface.ts';

/**
 * Errors that say nothing about the sender: the same bytes may pass later or elsewhere. A clock that is off by minutes is
 * somebody's mishap, ours or theirs; one that is off by more than an hour is a lie (`timestampFarAhead`).
 */
const NOBODYS_FAULT: ReadonlySet<string> = new Set([
  ...['unknownParent', 'timestampAhead', 'reorgTooDeep', 'siblingRefused'],
  // What this node's own state lacks.
  ...['missingNode', 'missingCode', 'missingHeader'],
]);

/** A block that is not taken beside others that its sealer has made at its height: nobody's error, and no news for a log. */
export const isRefusedSibling = (error: unknown): boolean =>
  error instanceof ClientError && error.code === 'siblingRefused';

export const ACCEPT: Judgement = { verdict: 'accept' };
/** Not forwarded; nobody is charged. */
export const ignore = (code: string): Judgement => ({ verdict: 'ignore', code });
/** Not forwarded, and its sender is charged. */
export const reject = (code: string): Judgement => ({ verdict: 'reject', code });
/** What breaking a rule costs, where it is not the step's own price. */
function faultOf(code: string): { readonly fault?: ReportableFault } {
  if (code === 'timestampFarAhead') return { fault: 'farFuture' };
  if (code.startsWith('diff')) return { fault: 'invalidDiff' };
  return code.startsWith('seal') ? { fault: 'invalidSeal' } : {};
}

/** What an error of a rule means for the peer that sent the data; an error without a code is this node's own. */
export function judgementOf(error: unknown): Judgement {
  if (!(error instanceof ClientError)) throw error;
  const { code } = error;
  if (NOBODYS_FAULT.has(code)) return ignore(code);
  return { verdict: 'reject', code, ...faultOf(code) };
}

/** What a proof that is rejected is charged as. */
export const proofFault = ({ code }: { readonly code: string }): 'revokedKey' | 'invalidProof' =>
  code === 'revokedKey' ? 'revokedKey' : 'invalidProof';

/** The header's own rules against its stored parent, then its seal. */
export async function judgeHeader(
  importer: Pick<ChainImporter, 'checkHeader'>,
  { headerRlp, seal }: SealedHeader,
): Promise<Judgement> {
  try {
    await importer.checkHeader({ header: headerRlp, seal });
    return ACCEPT;
  } catch (error) {
    return judgementOf(error);
  }
}
