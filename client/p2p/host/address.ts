/** Multiaddresses as people write them. */
import './promise-with-resolvers.ts';
import { peerIdFromString } from '@libp2p/peer-id';
import { multiaddr } from '@multiformats/multiaddr';
import { ClientError } from '../../errors.ts';

/**
 * A bootstrap address must name its peer: without it anyone at that address would do.
 * @throws ClientError `addressInvalid`
 */
export function checkAddress(address: string, use: 'bootstrap' | 'announced'): void {
  try {
    multiaddr(address);
    const peer = /\/p2p\/([^/]+)$/.exec(address)?.[1];
    if (peer !== undefined) peerIdFromString(peer);
    else if (use === 'bootstrap') throw new Error('it does not end with /p2p/<peer id>');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ClientError<AddressErrorCode>(
      'addressInvalid',
      `the ${use} address ${address} is no multiaddress such as /ip4/192.0.2.1/tcp/9600/p2p/12D3…: ${reason}`,
      { address },
      { cause: error },
    );
  }
}

type AddressErrorCode = 'addressInvalid';
