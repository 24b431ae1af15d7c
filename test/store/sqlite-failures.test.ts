import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { isAppError } from '../../src/base/errors.ts'
import { silentLog } from '../../src/base/log.ts'
import { type Database, openDatabase } from '../../src/store/database.ts'
import { StorageFull } from '../../src/store/errors.ts'
import { users } from '../../src/store/repos/families.ts'
import { newUser, temporaryFolder } from './kit.ts'

const WRITER = fileURLToPath(new URL('./writer-process.ts', import.meta.url))

it('a second process on the same folder is refused with a sentence, and not after the first was killed', () =>
  inFolder(async (dataDir) => {
    const first = spawn(process.execPath, [WRITER, dataDir, '1'], { stdio: ['ignore', 'pipe', 'inherit'] })
    const exit = once(first, 'exit')
    await once(createInterface(first.stdout), 'line')
    await assert.rejects(openDatabase({ dataDir }, silentLog), (error) => {
      assert.ok(isAppError(error))
      assert.match(error.details, new RegExp(`in use by another process \\(process ${first.pid}\\): stop that one`))
      return true
    })
    first.kill('SIGKILL')
    await exit
    await (await openDatabase({ dataDir }, silentLog)).close()
  }))

it('the same folder is not opened twice in one process either, until it is closed', () =>
  inFolder(async (dataDir) => {
    const db = await openDatabase({ dataDir }, silentLog)
    await assert.rejects(openDatabase({ dataDir }, silentLog), /in use/)
    await db.close()
    await (await openDatabase({ dataDir }, silentLog)).close()
  }))

it('a full storage rejects the whole group and nothing else, and says so', () =>
  inFolder(async (dataDir) => {
    const doc = JSON.stringify({ notes: 'x'.repeat(20_000) })
    await using db = await openDatabase({ dataDir, bytesMax: 2_000_000 }, silentLog)
    const kept: string[] = []
    let full = 0
    for (let round = 0; full === 0; round++) {
      const ids = Array.from({ length: 8 }, (_, index) => `r${round}-${index}`)
      const results = await Promise.allSettled(
        ids.map((id) => db.transact((tx) => users.insert(tx, { ...newUser(id), doc }))),
      )
      for (const [index, result] of results.entries()) {
        if (result.status === 'fulfilled') kept.push(ids[index]!)
        else {
          assert.ok(result.reason instanceof StorageFull, String(result.reason))
          full++
        }
      }
    }
    assert.deepEqual(await storedIds(db), kept)
    await db.transact((tx) => users.deleteMany(tx, 0, kept.slice(0, 20)))
    await db.transact((tx) => users.insert(tx, { ...newUser('fits-again'), doc }))
    assert.deepEqual(await storedIds(db), [...kept.slice(20), 'fits-again'])
  }))

it(
  'a disk error is told, stops all writing and loses nothing that was acknowledged',
  { skip: process.platform === 'win32' && 'needs ulimit' },
  () =>
    inFolder(async (dataDir) => {
      // Beyond the size limit the system refuses to write: an input/output error as a failing disk gives it.
      const limited = spawn('sh', ['-c', 'ulimit -f 4000; exec "$0" "$@"', process.execPath, WRITER, dataDir, '1'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const exit = once(limited, 'exit')
      const acknowledged: string[] = []
      const told: string[] = []
      for await (const line of createInterface(limited.stdout)) {
        const [kind, value] = line.split(' ', 2) as [string, string]
        if (kind === 'ack') acknowledged.push(value)
        else told.push(kind)
      }
      assert.deepEqual(await exit, [3, null])
      assert.deepEqual(new Set(told), new Set(['ready', 'failure', 'rejected']))
      assert.ok(acknowledged.length > 0)
      await using db = await openDatabase({ dataDir }, silentLog)
      const stored = new Set(await storedIds(db))
      for (const id of acknowledged) assert.ok(stored.has(id), `${id} was acknowledged`)
    }),
)

it('a file that is no database is refused and left alone', () =>
  inFolder(async (dataDir) => {
    const content = 'this is not a database, but somebody needs it'.repeat(100)
    await writeFile(join(dataDir, 'limpid.db'), content)
    await assert.rejects(
      openDatabase({ dataDir }, silentLog),
      (error) => isAppError(error) && /not a database/.test(error.details),
    )
    assert.equal(await readFile(join(dataDir, 'limpid.db'), 'utf8'), content)
  }))

async function storedIds(db: Database): Promise<string[]> {
  const rows = await db.read.selectFrom('users').select('id').orderBy('pk').execute()
  return rows.map((row) => row.id)
}

async function inFolder(test: (dataDir: string) => Promise<void>): Promise<void> {
  const dataDir = await temporaryFolder()
  try {
    await test(dataDir)
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
}
