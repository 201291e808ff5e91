import type { ProofsConfig } from '../config.ts';
import { ClientError } from '../errors.ts';
import { ACCEPTED_KEYS } from '../prover/verifier/accepted-keys.ts';
import type { KeyData } from '../prover/verifier/key.ts';
import { RevokedKeys } from '../prover/verifier/revoked-keys.ts';

type Key = Pick<KeyData, 'proofType' | 'securityBits' | 'digest'>;

/** All keys of this build are of one guest and one proof system; they differ in their profiles, which do not count. */
const DISTINCT_SYSTEMS = 1;

/**
 * The types of proofs that a node takes: this build's, but for those that its options leave out.
 * @param o.makes type of the proofs that the node makes itself; they must be among them
 * @param o.isWaitingForProofs whether the node stands still without proofs; another goes on where all keys are revoked
 * @throws ClientError `proofsUnmet` where no proof could ever meet the options
 */
export function acceptedProofTypes(
  { accept, minBits, required, revoked }: ProofsConfig,
  { makes, isWaitingForProofs }: { readonly makes: number | undefined; readonly isWaitingForProofs: boolean },
  keys: readonly Key[] = ACCEPTED_KEYS,
): readonly number[] {
  const known = keys.map(({ proofType }) => proofType);
  const stranger = accept?.find((type) => !known.includes(type));
  if (stranger !== undefined) throw unmet(`--proofs.accept: expected types among ${known.join(', ')}, got ${stranger}`);
  const types = keys
    .filter(({ proofType, securityBits }) => (accept ?? known).includes(proofType) && securityBits >= minBits)
    .map(({ proofType }) => proofType);
  if (types.length === 0) {
    const bits = keys.map(({ proofType, securityBits }) => `${proofType} has ${securityBits}`).join(', ');
    throw unmet(`--proofs.min-bits: no accepted proof type has ${minBits} bits (${bits})`);
  }
  const trusted = types.filter((type) => !new RevokedKeys(revoked, keys).proofTypes.includes(type));
  if (trusted.length === 0 && isWaitingForProofs)
    throw unmet(
      `--proofs.revoke: no key is left of ${types.join(', ')}, and this node waits for proofs: see --proofs.fallback`,
    );
  if (required > DISTINCT_SYSTEMS)
    throw unmet(`--proofs.required: this build verifies proofs of ${DISTINCT_SYSTEMS} guest, got ${required}`);
  if (makes !== undefined && !trusted.includes(makes))
    throw unmet(`--prove makes proofs of type ${makes}, and this node takes only ${trusted.join(', ') || 'none'}`);
  return trusted;
}

function unmet(message: string): ProofsError {
  return new ProofsError('proofsUnmet', message);
}

/** Options about proofs that no proof of this build meets. */
export class ProofsError extends ClientError<'proofsUnmet'> {}
