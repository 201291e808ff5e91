/** What gossip means for this node: which announcements it wants, and what it does with what they bring. */
import { ClientError } from '../errors.ts';
import type { BlockAnnouncement, Judgement, NetworkPorts, ProofAnnouncement } from '../p2p/interface.ts';
import type { Hash } from '../prover/interface.ts';
import { bytesOf, hashOf, obtainBlock, obtainOutcome, verifiedProof } from './block-data.ts';
import type { ChainSync, SyncModules } from './chain-sync.ts';
import type { Missing, SyncMode } from './interface.ts';
import { ACCEPT, ignore, isRefusedSibling, judgeHeader, judgementOf, proofFault, reject } from './judge.ts';

export type GossipModules = Omit<SyncModules, 'network'> & {
  /** Set once the host runs: it is built from these ports. */
  readonly network: () => SyncModules['network'];
  readonly sync: () => ChainSync;
  readonly chainId: bigint;
  /** types whose key the operator has revoked; unlike those that are merely not taken, nobody may announce them */
  readonly revokedProofTypes: readonly number[];
  /** Hash of the chain's rules at a header (`ChainSpec`). @throws ClientError `blockMalformed` */
  readonly chainSpecHashOf: (headerRlp: Uint8Array) => Hash;
  readonly hasProof: (blockHash: Uint8Array, proofType: number) => boolean;
  /** Keeps a verified proof of a stored block. */
  readonly storeProof: (announcement: ProofAnnouncement, proof: Uint8Array) => Promise<void>;
  readonly isProvable: (blockHash: Uint8Array) => boolean;
  readonly signal: AbortSignal;
};

type GossipPorts = Pick<
  NetworkPorts,
  | 'judgeHeader'
  | 'judgeBody'
  | 'wantsProof'
  | 'verifyProof'
  | 'adoptProof'
  | 'onBlock'
  | 'onOrphan'
  | 'onPeerHead'
  | 'isProvable'
>;

/** A proof is adopted at the head only; a block further ahead is left to the range sync. */
export function gossipPorts(mode: SyncMode, modules: GossipModules): GossipPorts {
  const { importer, assemble, readHeader, isStored } = modules;
  const judged = async (check: () => unknown): Promise<Judgement> => {
    try {
      await check();
      return ACCEPT;
    } catch (error) {
      return judgementOf(error);
    }
  };
  return {
    judgeHeader: (header) => judgeHeader(importer, header),
    judgeBody: (header, body) => judged(() => assemble(header.headerRlp, body)),
    wantsProof: async ({ headerRlp, seal, claim, proof }) => {
      const { hash, parentHash } = readHeader(headerRlp);
      if (modules.revokedProofTypes.includes(proof.proofType))
        return { verdict: 'reject', code: 'revokedKey', fault: 'revokedKey' };
      if (!modules.acceptedProofTypes.includes(proof.proofType)) return ignore('unknownProofType');
      if (!sameBytes(bytesOf(claim.blockHash), hash)) return reject('claimForAnotherBlock');
      if (!sameBytes(bytesOf(claim.parentHash), parentHash)) return reject('claimForAnotherParent');
      if (claim.chainId !== modules.chainId) return reject('claimForAnotherChain');
      if (claim.chainSpecHash !== modules.chainSpecHashOf(headerRlp)) return reject('claimForOtherRules');
      if (modules.hasProof(hash, proof.proofType)) return ignore('proofKnown');
      if (isStored(hash)) return ACCEPT;
      const { isWanted } = await importer.checkHeader({ header: headerRlp, seal });
      return isWanted ? ACCEPT : ignore('siblingRefused');
    },
    verifyProof: async ({ headerRlp, proof }, bytes) => {
      const verdict = await modules.verifyProof(headerRlp, proof.proofType, bytes);
      if (verdict.ok) return ACCEPT;
      return { verdict: 'reject', code: `${verdict.stage}/${verdict.code}`, fault: proofFault(verdict) };
    },
    adoptProof: async (announcement, bytes, from) => {
      const { hash } = readHeader(announcement.headerRlp);
      if (isStored(hash)) {
        await modules.storeProof(announcement, bytes);
        return ACCEPT;
      }
      if (mode === 'full') return ignore('blockUnknown');
      return importAnnounced(modules, announcement, bytes, from);
    },
    onBlock: ({ headerRlp, seal, body }, from) => {
      if (mode === 'proof' || body === undefined) modules.sync().noteHead(from, readHeader(headerRlp));
      else modules.sync().takeAnnounced(assemble(headerRlp, body), seal);
    },
    onOrphan: ({ headerRlp, seal, body }, from) => {
      const { hash, parentHash, number } = readHeader(headerRlp);
      if (mode === 'full' && body !== undefined)
        modules.sync().keepOrphan({ hash: hashOf(hash), parentHash: hashOf(parentHash), headerRlp, seal, body, from });
      return modules.sync().noteOrphan(from, { number, hash });
    },
    onPeerHead: (peer) => modules.sync().noteStatus(peer),
    isProvable: (blockHash) => modules.isProvable(bytesOf(blockHash)),
  };
}

/** Imports the block of a proof that came by gossip, where its parent is there. */
async function importAnnounced(
  modules: GossipModules,
  announcement: ProofAnnouncement,
  bytes: Uint8Array,
  from: string,
): Promise<Judgement> {
  const { headerRlp, seal, proof: descriptor, claim } = announcement;
  const { hash, parentHash } = modules.readHeader(headerRlp);
  if (!modules.isStored(parentHash)) {
    modules.sync().wake();
    return ignore('unknownParent');
  }
  const parts = { ...modules, network: modules.network() };
  const o = { signal: modules.signal, prefer: [from] };
  const block = await obtainBlock(parts, { headerRlp, hash: claim.blockHash }, o);
  if (!block.ok) return withheld(modules, block.missing);
  const outcome = await obtainOutcome(parts, block.value, claim.blockHash, o);
  if (!outcome.ok) return withheld(modules, outcome.missing);
  const proof = verifiedProof({ hash: claim.blockHash, parentHash }, descriptor, bytes);
  try {
    const result = await modules.importer.importProven({ block: block.value, seal, proof, ...outcome.value });
    if (result.kind === 'known' && !modules.hasProof(hash, descriptor.proofType))
      await modules.storeProof(announcement, bytes);
    modules.onImported(block.value, seal, result);
    modules.sync().wake();
    return ACCEPT;
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    const judgement = judgementOf(error);
    // The announcement is true; the diff need not be from whoever sent it.
    if (judgement.verdict === 'reject' && judgement.fault === 'invalidDiff')
      parts.network.charge(outcome.value.diffFrom, 'invalidDiff');
    else if (!isRefusedSibling(error)) modules.onError(`block ${claim.blockHash}`, error);
    return ignore(error.code);
  }
}

/** Whoever announces a proof can serve what goes with it, or it would not have been let through. */
function withheld({ signal }: Pick<GossipModules, 'signal'>, missing: Missing): Judgement {
  const code = `${missing}Unavailable`;
  return signal.aborted ? ignore(code) : { verdict: 'ignore', code, fault: 'withheldData' };
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** A block that this node sealed or imported, as it is announced. */
export function blockAnnouncement(headerRlp: Uint8Array, seal: Uint8Array, body: Uint8Array): BlockAnnouncement {
  const inline = body.length <= MAX_INLINE_BODY_BYTES ? { body } : {};
  return { headerRlp, seal, bodySize: body.length, ...inline };
}

/** The body stands in the announcement up to this size. */
const MAX_INLINE_BODY_BYTES = 512 * 1024;
