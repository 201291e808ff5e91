import type { AbstractBatchOperation, AbstractSublevel } from 'abstract-level';
import { type Database, openDatabase, readingError, StoreError, writingError } from './directory.ts';
import { MIGRATIONS } from './migrations.ts';
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
  /** The first write that failed, once there is one: nothing can be stored from then on. */
  readonly failed: Promise<StoreError>;
  #tellFailed: (failure: StoreError) => void = () => {};
  readonly #database: Database;
  readonly #tables: Readonly<Record<Table, Sublevel>>;
  #failure: StoreError | undefined;

  private constructor(path: string, database: Database, tables: Readonly<Record<Table, Sublevel>>) {
    this.path = path;
    this.#database = database;
    this.#tables = tables;
    this.failed = new Promise((resolve) => {
      this.#tellFailed = resolve;
    });
  }

  /**
   * Opens the store of one chain; an empty folder becomes a store of that chain, an older one is migrated.
   * @param genesisHash the chain that the store belongs to
   * @throws StoreError as `openDatabase`; `storeVersion` for a newer schema, `storeOtherChain` for another chain
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
    await this.#migrate(new TextDecoder().decode(version));
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

  /** Brings an older store to this schema, one version after the other, each in one batch. */
  async #migrate(version: string): Promise<void> {
    for (let from = version; from !== `${SCHEMA_VERSION}`; from = `${Number(from) + 1}`) {
      const migrate = Object.hasOwn(MIGRATIONS, from) ? MIGRATIONS[from] : undefined;
      if (migrate === undefined) {
        const detail = { path: this.path, expected: SCHEMA_VERSION, actual: version };
        throw new StoreError(
          'storeVersion',
          `data directory ${this.path} has schema version ${version}, this build reads up to ${SCHEMA_VERSION}`,
          detail,
        );
      }
      const batch = this.batch();
      migrate(this, batch);
      await this.write(batch.meta('version', new TextEncoder().encode(`${Number(from) + 1}`)));
    }
  }

  /** @throws StoreError `storeDamaged` */
  get(table: Table, key: Uint8Array): Uint8Array | undefined {
    try {
      return this.#tables[table].getSync(key);
    } catch (error) {
      throw readingError(this.path, error);
    }
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

  /**
   * Stores a batch whole or not at all; returns when it is on disk. After a write that failed nobody knows what the
   * log's end holds until it is read again, so that every later write fails too.
   * @throws StoreError `storeFull`, `storeUnwritable`
   */
  async write(batch: StoreBatch): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      await this.#database.batch(batch.take(), { sync: true });
    } catch (error) {
      this.#failure = writingError(this.path, error);
      this.#tellFailed(this.#failure);
      throw this.#failure;
    }
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
