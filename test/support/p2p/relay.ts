/**
 * An adversary between two honest nodes: it has a face to each, passes on what one asks of it to the other and what the
 * other gossips, and changes it on the way. Nobody can change bytes within another's connection: a relay speaks in its
 * own name, and pays for what it says.
 */
import { FrameKind, FrameReader } from '../../../client/p2p/proofs/framing.ts';
import { Pace } from '../../../client/p2p/proofs/pace.ts';
import type { ProtocolName, TopicName } from '../../../client/p2p/proofs/protocols.ts';
import type { Hash } from '../../../client/prover/interface.ts';
import type { Lifetime } from '../temporary.ts';
import { type Adversary, adversaryHost, answer, frame, type Misbehaviours } from './adversary.ts';
import { soon, until } from './host.ts';

/** An answer as it came: its items, or why there is none. */
export type Answer = { readonly items: readonly Uint8Array[] } | { readonly refusal: keyof typeof FrameKind };

/** What a relay changes; by default nothing. */
export type Alterations = {
  /** @param ask the same or another question to the honest node */
  readonly answers?: (
    protocol: ProtocolName,
    request: Uint8Array,
    ask: (request: Uint8Array) => Promise<Answer>,
  ) => Promise<Answer>;
  /** what is said in place of a message, on its topic or another */
  readonly gossip?: (topic: TopicName, message: Uint8Array, say: Say) => void | Promise<void>;
};

type Say = (message: Uint8Array, topic?: TopicName) => void;

const PROTOCOLS: readonly ProtocolName[] = ['status', 'headers', 'data', 'peers'];
const PATIENT = { answerMs: 30_000, leastRate: 1 };
const MAX_ITEM_BYTES = 4 << 20;
const CONNECT_MS = 60_000;

export class Relay {
  /** what the victim sees of it */
  readonly peerId: string;
  /** what the origin sees of it */
  readonly originsPeerId: string;
  /** requests of the victim that went through */
  asked = 0;
  private readonly faces: readonly Adversary[];

  private constructor(toVictim: Adversary, toOrigin: Adversary) {
    this.peerId = toVictim.host.peerId;
    this.originsPeerId = toOrigin.host.peerId;
    this.faces = [toVictim, toOrigin];
  }

  /** Connects to both; what the victim asks is answered by the origin's answers, altered, and the other way round as they are. */
  static async between(
    t: Lifetime,
    chain: { readonly genesisHash: Hash; readonly fork: string },
    origin: string,
    victim: string,
    alterations: Alterations = {},
  ): Promise<Relay> {
    const { genesisHash, fork } = chain;
    const { answers = (_protocol, request, ask) => ask(request), gossip = (_topic, message, say) => say(message) } =
      alterations;
    let toVictim: Adversary | undefined;
    let toOrigin: Adversary | undefined;
    let relay: Relay | undefined;
    const faceOf = (
      other: () => readonly [Adversary | undefined, string],
      alter: NonNullable<Alterations['answers']>,
    ): Misbehaviours =>
      Object.fromEntries(
        PROTOCOLS.map((protocol) => [
          protocol,
          async (stream, request) => {
            const ask = async (question: Uint8Array): Promise<Answer> => {
              await until('both faces are connected', () => (other()[0]?.host.peers().length ?? 0) > 0, CONNECT_MS);
              const [face, address] = other();
              return await asked(face!, address, protocol, question);
            };
            // Whom it knows it keeps to itself: the victim would find the origin, and its lies would not matter.
            if (protocol === 'peers') return await answer(stream, []);
            // It may have been dropped by the other one meanwhile.
            const answered = await alter(protocol, request, ask).catch((): Answer => ({ refusal: 'busy' }));
            if ('items' in answered) return await answer(stream, answered.items);
            await stream.write(frame(FrameKind[answered.refusal], new Uint8Array(0)), soon());
            await stream.closeWrite(soon());
          },
        ]),
      );
    const counted: NonNullable<Alterations['answers']> = (protocol, request, ask) => {
      if (relay !== undefined) relay.asked++;
      return answers(protocol, request, ask);
    };
    toVictim = await adversaryHost(
      t,
      genesisHash,
      [fork],
      faceOf(() => [toOrigin, origin], counted),
    );
    const say = (topic: TopicName, message: Uint8Array): void =>
      // Dropped, or said before.
      void toVictim?.gossip(topic, message).catch(() => {});
    toOrigin = await adversaryHost(
      t,
      genesisHash,
      [fork],
      faceOf(
        () => [toVictim, victim],
        (_, request, ask) => ask(request),
      ),
      (topic, message) => void gossip(topic, message, (changed, on = topic) => say(on, changed)),
    );
    relay = new Relay(toVictim, toOrigin);
    for (const [face, address] of [
      [toOrigin, origin],
      [toVictim, victim],
    ] as const)
      await until('connected', () => face.host.dial(address, soon()).then(Boolean, () => false), CONNECT_MS);
    return relay;
  }

  async leave(): Promise<void> {
    for (const { host } of this.faces) await host.stop();
  }
}

/** Asks an honest node and reads its whole answer. */
async function asked(face: Adversary, address: string, protocol: ProtocolName, request: Uint8Array): Promise<Answer> {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(request.length);
  const stream = await face.send(/\/p2p\/([^/]+)$/.exec(address)![1]!, protocol, Buffer.concat([length, request]));
  await stream.closeWrite(soon());
  const reader = new FrameReader(stream, new Pace(PATIENT));
  const items: Uint8Array[] = [];
  for (;;) {
    const next = await reader.frame(MAX_ITEM_BYTES);
    if (next.kind === 'end') return { items };
    if (next.kind === 'refused') return { refusal: next.refusal };
    items.push(next.bytes);
  }
}
