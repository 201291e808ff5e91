/** A network of real `zkl1-node` processes with folders and ports that outlive them, to be killed and started again. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { type DevNode, rpc, startNode } from './dev-node.ts';
import { Link, type LinkOptions } from './p2p/link.ts';
import { type Lifetime, temporaryFolder } from './temporary.ts';

export type Head = { readonly number: bigint; readonly hash: string };
export type SyncReport = {
  readonly head: Head;
  readonly executed: bigint;
  readonly applied: bigint;
  readonly provenNumber: bigint;
};

const POLL_MS = 200;
export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** One place in the network: its folder, ports and flags stay, its process comes and goes. */
export class Member {
  readonly name: string;
  readonly port: number;
  readonly dataDir: string;
  /** what the processes have written to standard error, one after the other */
  readonly logs: string[] = [];
  private readonly t: Lifetime;
  private readonly flags: readonly string[];
  private running: DevNode | undefined;
  /** Where peers reach this member, known since its first start. */
  address = '';
  private through: Link | undefined;

  private constructor(t: Lifetime, name: string, port: number, flags: readonly string[]) {
    this.t = t;
    this.name = name;
    this.port = port;
    this.flags = flags;
    this.dataDir = temporaryFolder(t);
  }

  static async create(t: Lifetime, name: string, flags: readonly string[]): Promise<Member> {
    return new Member(t, name, await freePort(), flags);
  }

  get node(): DevNode {
    if (this.running === undefined) throw new Error(`${this.name} is not running`);
    return this.running;
  }

  /** Puts a line before the port that peers connect to, and tells them of no other way; before the first start. */
  async putBehind(options: LinkOptions): Promise<Link> {
    this.through = await Link.open(this.t, await freePort(), this.port, options);
    return this.through;
  }

  /** @param bootnodes addresses of other members @param flags of this start alone */
  async start(bootnodes: readonly string[] = [], flags: readonly string[] = []): Promise<void> {
    this.running = await startNode(this.t, this.dataDir, [
      ...this.flags,
      ...flags,
      ...['--libp2p.addr', '127.0.0.1', '--libp2p.port', String(this.port)],
      ...(this.through === undefined ? [] : ['--libp2p.announce', `/ip4/127.0.0.1/tcp/${this.through.port}`]),
      ...bootnodes.flatMap((address) => ['--libp2p.bootnodes', address]),
    ]);
    this.address = this.running.libp2p[0] ?? '';
  }

  /** Ends the process. @returns its exit code, null where a signal ended it */
  async stop(signal: NodeJS.Signals): Promise<number | null> {
    const node = this.node;
    this.running = undefined;
    const code = await node.stop(signal);
    this.logs.push(node.stderr());
    return code;
  }

  async sync(): Promise<SyncReport> {
    const { result } = await rpc(this.node.url, 'zkl1_syncStatus');
    type Named = { readonly number: string; readonly hash: string };
    const { head, executed, applied, provenHead } = result as Record<'executed' | 'applied', string> &
      Record<'head' | 'provenHead', Named>;
    return {
      head: { number: BigInt(head.number), hash: head.hash },
      executed: BigInt(executed),
      applied: BigInt(applied),
      provenNumber: BigInt(provenHead.number),
    };
  }

  /** Hash of a canonical block, and its state root. */
  async block(id: bigint | string): Promise<{ readonly hash: string; readonly stateRoot: string } | undefined> {
    const [method, key] =
      typeof id === 'bigint' ? ['eth_getBlockByNumber', `0x${id.toString(16)}`] : ['eth_getBlockByHash', id];
    const { result } = await rpc(this.node.url, method, [key, false]);
    return (result ?? undefined) as Awaited<ReturnType<Member['block']>>;
  }

  async isProven(hash: string): Promise<boolean> {
    return (await rpc(this.node.url, 'eth_getBlockProof', [hash])).result !== undefined;
  }
}

/** Waits until all members have one and the same head, which a condition holds of. */
export async function untilSameHead(
  members: readonly Member[],
  isWanted: (reports: readonly SyncReport[]) => boolean,
): Promise<readonly SyncReport[]> {
  for (;;) {
    const reports = await Promise.all(members.map((member) => member.sync()));
    if (new Set(reports.map(({ head }) => head.hash)).size === 1 && isWanted(reports)) return reports;
    await pause(POLL_MS);
  }
}

/** Memory of a member's process; 0 where the system does not tell. */
export const residentKiB = (member: Member): number =>
  process.platform !== 'linux'
    ? 0
    : Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${member.node.process.pid}/status`, 'utf8'))?.[1]);

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
