import { readdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { getLoadablePath } from 'sqlite-vec'
import { Index, MetricKind, ScalarKind } from 'usearch'
import { GRAPH_CONNECTIVITY, GRAPH_EXPANSION_ADD } from '../../src/vectors/limits.ts'
import type { Sink } from './corpus.ts'

/** Another way to find neighbours, which answers numbers of inputs, the nearest first. */
export interface Peer extends Sink, AsyncDisposable {
  search(query: Float32Array, k: number): Promise<number[]>
}

/** sqlite-vec compares with all vectors, which lie in a table of SQLite. */
export class SqliteVec implements Peer {
  readonly #db: DatabaseSync
  readonly #insert: StatementSync
  readonly #search: StatementSync
  #next = 0

  /** With what the folder has of it already. */
  constructor(folder: string, dimension: number) {
    this.#db = new DatabaseSync(join(folder, 'sqlite-vec.db'), { allowExtension: true })
    this.#db.loadExtension(getLoadablePath())
    this.#db.exec('pragma journal_mode = wal; pragma synchronous = off')
    this.#db.exec(`create virtual table if not exists vectors using vec0(embedding float[${dimension}])`)
    this.#insert = this.#db.prepare('insert into vectors (rowid, embedding) values (?, ?)')
    this.#search = this.#db.prepare('select rowid from vectors where embedding match ? and k = ? order by distance')
  }

  add(block: Float32Array, rows: number): void {
    const dimension = block.length / rows
    this.#db.exec('begin')
    for (let row = 0; row < rows; row++) {
      const bytes = new Uint8Array(block.buffer, row * dimension * 4, dimension * 4)
      this.#insert.run(BigInt(this.#next++), bytes)
    }
    this.#db.exec('commit')
  }

  async search(query: Float32Array, k: number): Promise<number[]> {
    const rows = this.#search.all(new Uint8Array(query.buffer, query.byteOffset, query.byteLength), k)
    return rows.map(({ rowid }) => Number(rowid))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#db.close()
  }
}

interface LanceTable {
  add(rows: readonly object[]): Promise<unknown>
  query(): {
    nearestTo(query: Float32Array): {
      distanceType(type: string): {
        limit(k: number): { select(columns: string[]): { toArray(): Promise<{ n: number }[]> } }
      }
    }
  }
}

interface LanceConnection {
  createTable(name: string, rows: readonly object[]): Promise<LanceTable>
}

/**
 * LanceDB without an index. It is no dependency, as it brings 500 MB of others; install it anywhere and name the folder
 * in LIMPID_BENCH_LANCEDB: `npm install --prefix FOLDER --ignore-scripts @lancedb/lancedb apache-arrow`.
 */
export class Lance implements Peer {
  readonly #connect: () => Promise<LanceConnection>
  #table: LanceTable | undefined
  #next = 0

  private constructor(connect: () => Promise<LanceConnection>) {
    this.#connect = connect
  }

  /** Undefined where it is not installed. */
  static open(folder: string): Lance | undefined {
    const where = process.env.LIMPID_BENCH_LANCEDB
    if (!where) return undefined
    const { connect } = createRequire(join(where, 'package.json'))('@lancedb/lancedb')
    return new Lance(() => connect(join(folder, 'lance')))
  }

  async add(block: Float32Array, rows: number): Promise<void> {
    const dimension = block.length / rows
    const some = Array.from({ length: rows }, (_, row) => ({
      n: this.#next++,
      vector: Array.from(block.subarray(row * dimension, (row + 1) * dimension)),
    }))
    if (this.#table) await this.#table.add(some)
    else this.#table = await (await this.#connect()).createTable('vectors', some)
  }

  async search(query: Float32Array, k: number): Promise<number[]> {
    const found = this.#table!.query().nearestTo(query).distanceType('cosine').limit(k).select(['n', '_distance'])
    return (await found.toArray()).map(({ n }) => Number(n))
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** The library under our own indexes called by hand, on the very graph that they have kept. */
export class BareUsearch {
  readonly #index: Index

  private constructor(index: Index) {
    this.#index = index
  }

  /** Opens the graph that a folder of indexes has; undefined while there is none over all rows. */
  static async open(
    folder: string,
    size: number,
    dimension: number,
    expansion: number,
  ): Promise<BareUsearch | undefined> {
    const files = await readdir(folder, { recursive: true }).catch(() => [])
    const file = files.find((name) => name.endsWith(`graph-0-${size}`))
    if (file === undefined) return undefined
    const index = new Index({
      dimensions: dimension,
      metric: MetricKind.IP,
      quantization: ScalarKind.F16,
      connectivity: GRAPH_CONNECTIVITY,
      expansion_add: GRAPH_EXPANSION_ADD,
      expansion_search: expansion,
      multi: false,
    })
    index.view(join(folder, file))
    return new BareUsearch(index)
  }

  /** Rows are in the order of their inputs. */
  search(query: Float32Array, k: number): number[] {
    return Array.from(this.#index.search(query, k, 1).keys, Number)
  }
}
