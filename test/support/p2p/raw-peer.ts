/** A peer that sends any bytes at all on an encrypted connection, where frames of streams are expected. */
import '../../../client/p2p/host/promise-with-resolvers.ts';
import { noise } from '@chainsafe/libp2p-noise';
import { yamux } from '@chainsafe/libp2p-yamux';
import type { MessageStream } from '@libp2p/interface';
import { tcp } from '@libp2p/tcp';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import type { Lifetime } from '../temporary.ts';

export type RawPeer = {
  readonly id: string;
  readonly isOpen: () => boolean;
  /** what it has sent and nobody has taken */
  readonly unsentBytes: () => number;
  readonly send: (bytes: Uint8Array) => void;
};

/** @param connections of the one peer @param address with the peer id of whom to dial */
export async function rawPeer(t: Lifetime, address: string, connections = 1): Promise<readonly RawPeer[]> {
  const opened: MessageStream[] = [];
  const node = await createLibp2p({
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [
      () => {
        const factory = yamux()();
        const create = factory.createStreamMuxer.bind(factory);
        factory.createStreamMuxer = (connection) => {
          opened.push(connection);
          return create(connection);
        };
        return factory;
      },
    ],
    connectionMonitor: { enabled: false },
  });
  t.after(() => node.stop());
  for (let k = 0; k < connections; k++) await node.dial(multiaddr(address), { force: true });
  return opened.map((connection) => ({
    id: node.peerId.toString(),
    isOpen: () => connection.status === 'open',
    unsentBytes: () => connection.writeBufferLength,
    send: (bytes) => {
      if (connection.status === 'open') connection.send(bytes);
    },
  }));
}

/** The head of a frame of yamux. @param length need not be true */
export function yamuxHead(type: 'data' | 'window' | 'ping', flag: number, streamId: number, length: number): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt8({ data: 0, window: 1, ping: 2 }[type], 1);
  head.writeUInt16BE(flag, 2);
  head.writeUInt32BE(streamId, 4);
  head.writeUInt32BE(length, 8);
  return head;
}
