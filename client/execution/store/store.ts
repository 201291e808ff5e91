import type { AbstractBatchOperation, AbstractSublevel } from 'abstract-level';
import { type Database, openDatabase, StoreError } from './directory.ts';
import { type MetaKey, metaKey, numberKey, SCHEMA_VERSION, TABLES, type Table } from './schema.ts';

type Sublevel = AbstractSublevel<Database, string | Uint8Array | Buffer, Uint8Array, Uint8Array>;
type Operation = AbstractBatchOperation<Database, Uint8Array, Uint8Array>;

const SUBLEVEL_ENCODING = { keyEncoding: 'view', valueEncoding: 'view' } as const;

/**
 * What the node keeps on disk. Reads are synchronous; writes go through a batch that is stored whole or not at all,
 * and once `write` has returned survive the death of the process and of the machine.
 */
export class Store {
  readonly path: string;
  readonly #database: Database;
  readonly #tables: Readonly<Record<Table, Sublevel>>;

  private constructor(path: string, database: Database, tables: Readonly<Record<Table, Sublevel>>) {
    this.path = path;
    this.#database = database;
    this.#tables = tables;
  }

  /**
   * Opens the store of one chain; an empty folder becomes a store of that chain.
   * @param genesisHash the chain that the store belongs to
   * @throws StoreError as `openDatabase`; `storeVersion` for another schema, `storeOtherChain` for another chain
   */
  static async open(path: string, genesisHash: Uint8Array): Promise<Store> {
    const database = await openDatabase(path);
    try {
      const store = new Store(path, database, await openTables(database));
      await store.#claim(genesisHash);
      return store;
    } catch (error) {
      await database.close();
      throw error;
    }
  }

  async #claim(genesisHash: Uint8Array): Promise<void> {
    const version = this.meta('version');
    if (version === undefined) {
      for await (const _ of this.#database.keys({ limit: 1 })) {
        throw new StoreError(
          'storeForeign',
          `data directory ${this.path} holds a database without a schema version: not one of zkl1-node`,
          { path: this.path },
        );
      }
      await this.write(
        this.batch()
          .meta('version', new TextEncoder().encode(`${SCHEMA_VERSION}`))
          .meta('genesis', genesisHash),
      );
      return;
    }
    const actual = new TextDecoder().decode(version);
    if (actual !== `${SCHEMA_VERSION}`) {
      const detail = { path: this.path, expected: SCHEMA_VERSION, actual };
      throw new StoreError(
        'storeVersion',
        `data directory ${this.path} has schema version ${actual}, this build reads ${SCHEMA_VERSION}`,
        detail,
      );
    }
    const genesis = this.meta('genesis');
    if (genesis === undefined || !Buffer.from(genesis).equals(genesisHash)) {
      const detail = {
        path: this.path,
        expected: hex(genesisHash),
        actual: genesis === undefined ? undefined : hex(genesis),
      };
      throw new StoreError(
        'storeOtherChain',
        `data directory ${this.path} belongs to the chain with genesis ${detail.actual}, expected ${detail.expected}`,
        detail,
      );
    }
  }

  get(table: Table, key: Uint8Array): Uint8Array | undefined {
    return this.#tables[table].getSync(key);
  }

  has(table: Table, key: Uint8Array): boolean {
    return this.get(table, key) !== undefined;
  }

  meta(key: MetaKey): Uint8Array | undefined {
    return this.get('meta', metaKey(key));
  }

  /** Hash of the canonical block at a height. */
  canonicalHash(number: bigint): Uint8Array | undefined {
    return this.get('canonical', numberKey(number));
  }

  /** All entries of a table in the order of their keys, as they were when the iteration began. */
  entries(table: Table): AsyncIterable<[Uint8Array, Uint8Array]> {
    return this.#tables[table].iterator();
  }

  batch(): StoreBatch {
    return new StoreBatch(this.#tables);
  }

  /** Stores a batch whole or not at all; returns when it is on disk. */
  async write(batch: StoreBatch): Promise<void> {
    await this.#database.batch(batch.take(), { sync: true });
  }

  /** Waits for running writes and releases the folder. */
  async close(): Promise<void> {
    await this.#database.close();
  }
}

/** Changes that belong together; used for one `Store.write`. */
export class StoreBatch {
  readonly #tables: Readonly<Record<Table, Sublevel>>;
  #operations: Operation[] = [];

  constructor(tables: Readonly<Record<Table, Sublevel>>) {
    this.#tables = tables;
  }

  put(table: Table, key: Uint8Array, value: Uint8Array): this {
    this.#operations.push({ type: 'put', sublevel: this.#tables[table], key, value });
    return this;
  }

  delete(table: Table, key: Uint8Array): this {
    this.#operations.push({ type: 'del', sublevel: this.#tables[table], key });
    return this;
  }

  meta(key: MetaKey, value: Uint8Array): this {
    return this.put('meta', metaKey(key), value);
  }

  /** The collected operations; the batch is empty afterwards. */
  take(): Operation[] {
    const operations = this.#operations;
    this.#operations = [];
    return operations;
  }
}

/** Sublevels open asynchronously; synchronous reads need them open. */
async function openTables(database: Database): Promise<Readonly<Record<Table, Sublevel>>> {
  const tables: Partial<Record<Table, Sublevel>> = {};
  for (const [table, name] of Object.entries(TABLES) as [Table, string][]) {
    const sublevel = database.sublevel<Uint8Array, Uint8Array>(name, SUBLEVEL_ENCODING);
    await sublevel.open();
    tables[table] = sublevel;
  }
  return tables as Record<Table, Sublevel>;
}

function hex(bytes: Uint8Array): string {
  return `0x${Buffer.from(bytes).toString('hex')}`;
}
