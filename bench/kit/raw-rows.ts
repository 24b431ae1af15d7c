import { hash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { newId } from '../../src/base/ids.ts'
import { silentLog } from '../../src/base/log.ts'
import { StatusCode } from '../../src/contract/index.ts'
import { openDatabase } from '../../src/store/database.ts'

/** The rows of one text input, table by table, each as the values of its columns. */
type Rows = Readonly<Record<'input' | 'medium' | 'file' | 'annotation', (string | number | Uint8Array | null)[]>>

const SQL = {
  input:
    'insert into inputs (doc, created_at, modified_at, app_pk, id, kinds, status_code, status_details) values (?, ?, ?, 1, ?, 8, ?, ?)',
  medium:
    "insert into media (doc, created_at, modified_at, app_pk, input_pk, id, kind) values (?, ?, ?, 1, ?, ?, 'text')",
  file: "insert into media_files (media_pk, size_name, hash, size, content_type, content) values (?, 'orig', ?, ?, 'text/plain; charset=utf-8', ?)",
  annotation:
    "insert into annotations (doc, created_at, modified_at, app_pk, input_pk, id, worker_kind, worker_id, worker_pk, status_code, trusted, input_level, task_id, track_id, shapes) values (?, ?, ?, 1, ?, ?, 'user', 'admin', 1, 24150, 1, 1, '', '', 0)",
  tally:
    "insert into app_tallies (app_pk, kind, key, slot, amount) values (1, 'inputs', 30001, 0, ?) on conflict (app_pk, kind, key, slot) do update set amount = amount + excluded.amount",
} as const

/**
 * SQLite by hand: prepared statements that insert the same rows into tables with the same columns and indexes, in one
 * transaction per batch, which is on the disk when it returns.
 */
export class RawRows implements AsyncDisposable {
  readonly #folder: string
  readonly #db: DatabaseSync
  readonly #statements: Readonly<Record<keyof typeof SQL, StatementSync>>

  private constructor(folder: string, db: DatabaseSync) {
    this.#folder = folder
    this.#db = db
    this.#statements = Object.fromEntries(
      Object.entries(SQL).map(([name, sql]) => [name, db.prepare(sql)]),
    ) as unknown as Record<keyof typeof SQL, StatementSync>
  }

  static async open(): Promise<RawRows> {
    const folder = await mkdtemp(join(tmpdir(), 'limpid-bench-raw-'))
    await (await openDatabase({ dataDir: folder }, silentLog)).close()
    const db = new DatabaseSync(join(folder, 'limpid.db'))
    db.exec('pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on')
    db.exec(
      "insert into users (pk, doc, created_at, modified_at, id, visibility) values (1, '{}', 1, 1, 'admin', 10); " +
        "insert into apps (pk, doc, created_at, modified_at, user_pk, id, name, description, visibility) values (1, '{}', 1, 1, 1, 'bench', '', '', 10)",
    )
    return new RawRows(folder, db)
  }

  /** Writes one batch of texts. */
  write(texts: readonly string[]): void {
    const { input, medium, file, annotation, tally } = this.#statements
    this.#db.exec('begin immediate')
    for (const rows of texts.map(rowsOf)) {
      const inputPk = input.run(...rows.input).lastInsertRowid
      const [doc, created, modified, ...rest] = rows.medium
      const mediaPk = medium.run(doc!, created!, modified!, inputPk, ...rest).lastInsertRowid
      file.run(mediaPk, ...rows.file)
      const [text, at, changed, id] = rows.annotation
      annotation.run(text!, at!, changed!, inputPk, id!)
    }
    tally.run(texts.length)
    this.#db.exec('commit')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#db.close()
    await rm(this.#folder, { recursive: true, force: true })
  }
}

function rowsOf(text: string): Rows {
  const now = Date.now() * 1000
  const content = Buffer.from(text)
  const facts = `{"facts":{"kind":"text","charCount":${text.length},"encoding":"UTF8"}}`
  return {
    input: ['{"data":{"text":{}}}', now, now, newId(), StatusCode.INPUT_PENDING, ''],
    medium: [facts, now, now, newId()],
    file: [hash('sha256', content), content.length, content],
    annotation: ['{"data":{}}', now, now, newId()],
  }
}
