import { bytesFromBase64 } from '../../base64.ts';
import { chipText } from '../air/digest.ts';
import { blake3, bytesFromWords, DIGEST_BYTES, wordsFromBytes } from '../hash/blake3.ts';
import type { HashMany } from '../hash/hash-many.ts';
import type { ProfileId } from '../interface.ts';
import type { VerifierKernels } from '../kernels/interface.ts';
import { type MachineShape, verifierMachine } from '../machine/zkvm.ts';
import { PROTOCOL_VERSION } from '../protocol/block/chain.ts';
import type { Machine, VerifyingKey } from '../protocol/machine.ts';
import { profileBits } from '../soundness/key.ts';
import { PROFILES } from '../soundness/profiles.ts';
import type { AcceptedKey } from './verify.ts';

/** A verification key as data: what of it is not code. */
export type KeyData = {
  readonly proofType: number;
  readonly profile: ProfileId;
  /** Bits of provable security under the profile. */
  readonly securityBits: number;
  readonly shape: MachineShape;
  /** Digests that the committed tables' tree is committed by, in base64: a level of the tree, from left to right. */
  readonly fixedCap: string;
  /** Hex digest of the key. */
  readonly digest: string;
};

/**
 * Digest of everything that a key fixes: protocol version, profile with what its parameters follow from, chips with their
 * expressions, buses and order, layout and commitment of the fixed columns, type of a whole block, entry and memory zones.
 */
export function keyDigest(
  machine: Machine,
  shape: MachineShape,
  fixedCap: Uint32Array,
  hashMany?: HashMany,
): Uint8Array {
  const text = JSON.stringify([
    PROTOCOL_VERSION,
    machine.name,
    machine.profile,
    PROFILES[machine.profile],
    machine.logRows,
    machine.wholeType,
    machine.chips.map((c) => chipText(c.compiled)),
    machine.fixedSlots,
    shape,
    hex(blake3(bytesFromWords(fixedCap))),
  ]);
  return blake3(new TextEncoder().encode(text), DIGEST_BYTES, hashMany);
}

/** What browsers have, too. */
const toBase64 = (bytes: Uint8Array): string => btoa(Array.from(bytes, (b) => String.fromCharCode(b)).join(''));

const hex = (bytes: Uint8Array): string => Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');

/** The key as data, from the machine that the prover built. */
export function keyData(
  machine: Machine,
  shape: MachineShape,
  fixedCap: Uint32Array,
  o: { readonly proofType: number; readonly profile: ProfileId },
): KeyData {
  return {
    ...o,
    securityBits: profileBits(o.profile),
    shape,
    fixedCap: toBase64(bytesFromWords(fixedCap)),
    digest: hex(keyDigest(machine, shape, fixedCap)),
  };
}

/**
 * The key that `verify` takes. The digest is recomputed from this build's chips, so that key data of another build is
 * told apart.
 * @param kernels hash what the digest is of: some megabytes of text
 * @throws RangeError when the data is of another build
 */
export function acceptedKey(data: KeyData, kernels?: Pick<VerifierKernels, 'hashMany'>): AcceptedKey {
  const machine = verifierMachine(data.shape, data.profile);
  const fixedCap = wordsFromBytes(bytesFromBase64(data.fixedCap));
  const digest = keyDigest(machine, data.shape, fixedCap, kernels?.hashMany);
  if (hex(digest) !== data.digest)
    throw new RangeError(`verification key ${data.digest} is of another build, this one has ${hex(digest)}`);
  const vk: VerifyingKey = { machine, digest, fixedCap };
  return {
    vk,
    proofType: data.proofType,
    profile: data.profile,
    securityBits: data.securityBits,
    entry: data.shape.entry,
  };
}
