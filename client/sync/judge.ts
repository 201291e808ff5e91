/** Judgements of peers' messages for the network: what a rule's error says about who sent it. */
import { ClientError } from '../errors.ts';
import type { ChainImporter } from '../execution/interface.ts';
import type { Judgement, SealedHeader } from '../p2p/interface.ts';

/** Errors that say nothing about the sender: the same bytes may pass later or elsewhere. */
const NOBODYS_FAULT: ReadonlySet<string> = new Set(['unknownParent', 'timestampAhead', 'reorgTooDeep']);

export const ACCEPT: Judgement = { verdict: 'accept' };
export const ignore = (code: string): Judgement => ({ verdict: 'ignore', code });
export const reject = (code: string): Judgement => ({ verdict: 'reject', code });
/** Rules of the seal, not of the header. */
export const isSealRule = (code: string): boolean => code.startsWith('seal');

/** What an error of a rule means for the peer that sent the data; an error without a code is this node's own. */
export function judgementOf(error: unknown): Judgement {
  if (!(error instanceof ClientError)) throw error;
  const { code } = error;
  if (NOBODYS_FAULT.has(code)) return ignore(code);
  return isSealRule(code) ? { verdict: 'reject', code, fault: 'invalidSeal' } : reject(code);
}

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
