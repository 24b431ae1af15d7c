import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import pg from 'pg'
import { silentLog } from '../../src/base/log.ts'
import { type Database, type DatabaseLocation, openDatabase } from '../../src/store/database.ts'

/** A fresh place for a database, removed by `remove`. */
export interface Place {
  location: DatabaseLocation
  remove(): Promise<void>
}

/** One engine that the store suites run on. */
export interface TestedEngine {
  name: 'sqlite' | 'postgres'
  place(): Promise<Place>
}

const POSTGRES_URL = process.env.LIMPID_TEST_DATABASE_URL

const sqlite: TestedEngine = {
  name: 'sqlite',
  async place() {
    const dataDir = await temporaryFolder()
    return { location: { dataDir }, remove: () => rm(dataDir, { recursive: true, force: true }) }
  },
}

let places = 0

/** Gives each place a database of its own on the server that the URL names. */
export function postgres(url: string): TestedEngine {
  return {
    name: 'postgres',
    async place() {
      const name = `limpid_test_${process.pid}_${places++}`
      await administrate(url, `create database ${name} template template0 encoding 'UTF8'`)
      const own = new URL(url)
      own.pathname = `/${name}`
      return { location: { url: own.href }, remove: () => administrate(url, `drop database ${name} with (force)`) }
    },
  }
}

async function administrate(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

/** A new empty folder under the system's temporary folder. */
export function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'limpid-test-'))
}

/** Declares a suite once for SQLite and, when LIMPID_TEST_DATABASE_URL names a server, once for PostgreSQL. */
export function onEachEngine(name: string, suite: (engine: TestedEngine) => void): void {
  describe(`${name} on SQLite`, () => suite(sqlite))
  if (POSTGRES_URL) describe(`${name} on PostgreSQL`, () => suite(postgres(POSTGRES_URL)))
  else it(`${name} on PostgreSQL`, { skip: 'set LIMPID_TEST_DATABASE_URL (see tools/ci/postgres.sh)' }, () => undefined)
}

/** Runs `test` with a fresh database and leaves nothing behind. */
export async function withDatabase(engine: TestedEngine, test: (db: Database) => Promise<void>): Promise<void> {
  const place = await engine.place()
  try {
    await using db = await openDatabase(place.location, silentLog)
    await test(db)
  } finally {
    await place.remove()
  }
}

/** The fields of a user row; `id` must be unique. */
export function newUser(id: string, at = 1_000) {
  return { id, doc: '{}', visibility: 50, password_hash: null, created_at: at, modified_at: at }
}

/** The fields of an app row of the user. */
export function newApp(userPk: number, id: string, at = 1_000) {
  return {
    user_pk: userPk,
    id,
    name: id,
    description: '',
    visibility: 10,
    default_workflow_pk: null,
    doc: '{}',
    created_at: at,
    modified_at: at,
  }
}
