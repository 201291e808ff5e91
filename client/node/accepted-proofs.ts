import type { ProofsConfig } from '../config.ts';
import { ClientError } from '../errors.ts';
import { ACCEPTED_KEYS } from '../prover/verifier/accepted-keys.ts';
import type { KeyData } from '../prover/verifier/key.ts';

type Key = Pick<KeyData, 'proofType' | 'securityBits'>;

/** All keys of this build are of one guest and one proof system; they differ in their profiles, which do not count. */
const DISTINCT_SYSTEMS = 1;

/**
 * The types of proofs that a node takes: this build's, but for those that its options leave out.
 * @param makes type of the proofs that the node makes itself; they must be among them
 * @throws ClientError `proofsUnmet` where no proof could ever meet the options
 */
export function acceptedProofTypes(
  { accept, minBits, required }: ProofsConfig,
  makes: number | undefined,
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
  if (required > DISTINCT_SYSTEMS)
    throw unmet(`--proofs.required: this build verifies proofs of ${DISTINCT_SYSTEMS} guest, got ${required}`);
  if (makes !== undefined && !types.includes(makes))
    throw unmet(`--prove makes proofs of type ${makes}, of which this node takes only ${types.join(', ')}`);
  return types;
}

function unmet(message: string): ProofsError {
  return new ProofsError('proofsUnmet', message);
}

/** Options about proofs that no proof of this build meets. */
export class ProofsError extends ClientError<'proofsUnmet'> {}
