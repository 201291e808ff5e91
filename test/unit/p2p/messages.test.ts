import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientError } from '../../../client/errors.ts';
import { CHUNK_BYTES, describeProof } from '../../../client/p2p/proofs/descriptor.ts';
import {
  claimType,
  decodeBlockAnnouncement,
  decodeDataRequest,
  decodeHeaderRecord,
  decodeHeadersRequest,
  decodeProofAnnouncement,
  decodeProvingClaim,
  decodeStatus,
  encodeBlockAnnouncement,
  encodeDataRequest,
  encodeHeaderRecord,
  encodeHeadersRequest,
  encodeProofAnnouncement,
  encodeProvingClaim,
  encodeStatus,
  MAX_HEADER_BYTES,
  MAX_HEADER_RECORD_BYTES,
  MAX_INLINE_BODY_BYTES,
  MAX_PROOF_ANNOUNCEMENT_BYTES,
  MAX_PROOF_BYTES,
  MAX_REQUEST_BYTES,
  MAX_SEAL_BYTES,
  MAX_STATUS_BYTES,
  unhex,
} from '../../../client/p2p/proofs/messages.ts';
import { TOPIC_BYTES } from '../../../client/p2p/proofs/protocols.ts';
import { encodeClaim } from '../../../client/prover/guest/claim.ts';
import { statusOf } from '../../support/p2p/adversary.ts';
import { announcementOf, pseudoRandom, recordOf, toyChain } from '../../support/p2p/chain.ts';

const chain = await toyChain(3);
const block = chain[1]!;
const announcement = announcementOf(block);
const largest = {
  ...describeProof(1, new Uint8Array(1)),
  sizeBytes: MAX_PROOF_BYTES,
  chunkHashes: Array.from({ length: MAX_PROOF_BYTES / CHUNK_BYTES }, () => new Uint8Array(32)),
};
const record = recordOf(block);
const claim = {
  blockHash: block.hash,
  proofType: 1,
  expiresAt: 1_800_000_000,
  prover: pseudoRandom('key', 32),
  signature: pseudoRandom('signature', 64),
};

/** Every message: a sample, how it is written and read. */
const CODECS: Readonly<Record<string, readonly [sample: Uint8Array, again: (bytes: Uint8Array) => Uint8Array]>> = {
  'proof announcement': [
    encodeProofAnnouncement(announcement),
    (b) => encodeProofAnnouncement(decodeProofAnnouncement(b)),
  ],
  'block announcement': [
    encodeBlockAnnouncement({ ...record, bodySize: block.body.length, body: block.body }),
    (b) => encodeBlockAnnouncement(decodeBlockAnnouncement(b)),
  ],
  'block announcement without body': [
    encodeBlockAnnouncement({ ...record, bodySize: 10_000_000 }),
    (b) => encodeBlockAnnouncement(decodeBlockAnnouncement(b)),
  ],
  'proving claim': [encodeProvingClaim(claim), (b) => encodeProvingClaim(decodeProvingClaim(b))],
  'header record': [encodeHeaderRecord(record), (b) => encodeHeaderRecord(decodeHeaderRecord(b))],
  'headers by number': [
    encodeHeadersRequest({ from: 77n, count: 192 }),
    (b) => encodeHeadersRequest(decodeHeadersRequest(b)),
  ],
  'headers by hash': [
    encodeHeadersRequest({ from: block.hash, count: 1 }),
    (b) => encodeHeadersRequest(decodeHeadersRequest(b)),
  ],
  'data request': [
    encodeDataRequest({ kind: 'witness', hash: block.hash, offset: CHUNK_BYTES, length: 5 }),
    (b) => encodeDataRequest(decodeDataRequest(b)),
  ],
  status: [encodeStatus(statusOf(chain)), (b) => encodeStatus(decodeStatus(b))],
};

for (const [name, [sample, again]] of Object.entries(CODECS)) {
  test(`${name} read and written again → the same bytes`, () => {
    assert.deepEqual(Buffer.from(again(sample)), Buffer.from(sample));
  });

  test(`${name} cut, lengthened or with any byte changed → refused with a code, or another message`, () => {
    const refused = (bytes: Uint8Array): boolean => {
      try {
        const back = again(bytes);
        // Whatever is read has one encoding, but for free fields of a request and unprintable agents.
        if (!/headers by|status/.test(name)) assert.deepEqual(Buffer.from(back), Buffer.from(bytes));
        return false;
      } catch (error) {
        assert.ok(error instanceof ClientError && error.code === 'messageMalformed', String(error));
        return true;
      }
    };
    assert.ok(refused(new Uint8Array(0)));
    assert.ok(refused(sample.subarray(0, sample.length - 1)) || /^(block|status)/.test(name), 'cut');
    for (let i = 0; i < Math.min(sample.length, 600); i++) {
      for (const mask of [1, 0x80, 0xff]) {
        const bytes = Uint8Array.from(sample);
        bytes[i]! ^= mask;
        refused(bytes);
      }
    }
  });
}

test('claim on the wire → the guest’s 138 bytes', () => {
  const { claim } = announcement;
  const wire = claimType.serialize({
    ...claim,
    chainSpecHash: unhex(claim.chainSpecHash),
    parentHash: unhex(claim.parentHash),
    blockHash: unhex(claim.blockHash),
    newPayloadRequestRoot: unhex(claim.newPayloadRequestRoot),
  });
  assert.deepEqual(Buffer.from(wire), Buffer.from(encodeClaim(claim)).subarray(0, 138));
});

test('largest messages → within their limits', () => {
  const headerRlp = new Uint8Array(MAX_HEADER_BYTES);
  const seal = new Uint8Array(MAX_SEAL_BYTES);
  assert.ok(
    encodeProofAnnouncement({ ...announcement, headerRlp, seal, proof: largest }).length <=
      MAX_PROOF_ANNOUNCEMENT_BYTES,
  );
  const body = new Uint8Array(MAX_INLINE_BODY_BYTES);
  assert.ok(encodeBlockAnnouncement({ headerRlp, seal, bodySize: body.length, body }).length <= TOPIC_BYTES.block);
  const proofs = Array.from({ length: 8 }, () => largest);
  assert.ok(encodeHeaderRecord({ headerRlp, seal, proofs }).length <= MAX_HEADER_RECORD_BYTES);
  const status = {
    ...statusOf(chain),
    agent: 'a'.repeat(500),
    acceptedProofTypes: Array.from({ length: 32 }, () => 1),
  };
  assert.ok(encodeStatus(status).length <= MAX_STATUS_BYTES);
  assert.equal(decodeStatus(encodeStatus(status)).agent.length, 128);
  assert.ok(encodeProvingClaim(claim).length <= TOPIC_BYTES.proving_claim);
  for (const request of [CODECS['headers by hash']![0], CODECS['data request']![0]]) {
    assert.ok(request.length <= MAX_REQUEST_BYTES);
  }
});

const LIES: Readonly<Record<string, () => unknown>> = {
  'a proof of no bytes': () =>
    decodeProofAnnouncement(
      encodeProofAnnouncement({ ...announcement, proof: { ...announcement.proof, sizeBytes: 0 } }),
    ),
  'a proof beyond the cap': () =>
    decodeProofAnnouncement(
      encodeProofAnnouncement({ ...announcement, proof: { ...largest, sizeBytes: MAX_PROOF_BYTES + 1 } }),
    ),
  'fewer chunk hashes than MiB': () =>
    decodeProofAnnouncement(
      encodeProofAnnouncement({ ...announcement, proof: { ...announcement.proof, sizeBytes: CHUNK_BYTES + 1 } }),
    ),
  'chunk hashes of another name': () =>
    decodeProofAnnouncement(
      encodeProofAnnouncement({ ...announcement, proof: { ...announcement.proof, proofHash: block.hash } }),
    ),
  'a body of another size than declared': () =>
    decodeBlockAnnouncement(encodeBlockAnnouncement({ ...record, bodySize: 5, body: block.body })),
  'a block without body': () => decodeBlockAnnouncement(encodeBlockAnnouncement({ ...record, bodySize: 0 })),
  'no headers': () => decodeHeadersRequest(encodeHeadersRequest({ from: 1n, count: 0 })),
  'too many headers': () => decodeHeadersRequest(encodeHeadersRequest({ from: 1n, count: 193 })),
  'more than a MiB': () =>
    decodeDataRequest(encodeDataRequest({ kind: 'proof', hash: block.hash, offset: 0, length: CHUNK_BYTES + 1 })),
  'no bytes of an object': () =>
    decodeDataRequest(encodeDataRequest({ kind: 'proof', hash: block.hash, offset: 0, length: 0 })),
  'a claim beyond any date': () => decodeProvingClaim(encodeProvingClaim({ ...claim, expiresAt: 2 ** 60 })),
};
for (const [name, lie] of Object.entries(LIES)) {
  test(`rejects ${name}`, () => {
    assert.throws(lie, { code: 'messageMalformed' });
  });
}

test('agent with control characters → printable', () => {
  const status = { ...statusOf(chain), agent: 'evil\u001b[2Jé\n' };
  assert.equal(decodeStatus(encodeStatus(status)).agent, 'evil?[2J???');
});
