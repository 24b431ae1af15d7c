import assert from 'node:assert/strict'
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { silentLog } from '../../src/base/log.ts'
import { openDiskBlobs } from '../../src/blobs/disk-blob-store.ts'
import { openDatabase } from '../../src/store/database.ts'
import { SqliteConnection } from '../../src/store/dialect/sqlite/connection.ts'
import { DATABASE_FILE } from '../../src/store/snapshot.ts'
import { temporaryFolder } from './kit.ts'

const WRITER = fileURLToPath(new URL('./writer-process.ts', import.meta.url))
const KILLS = 50
/** The writer is killed at an acknowledgement up to this one, and once in a while before its database is open. */
const ACKNOWLEDGEMENTS_MAX = 400

it('nothing acknowledged is lost when the process is killed at any moment', async (t) => {
  const seed = Number(process.env.LIMPID_TEST_SEED ?? randomInt(2 ** 31))
  t.diagnostic(`seed ${seed} (set LIMPID_TEST_SEED to repeat the kill points)`)
  const random = randomNumbers(seed)
  const dataDir = await temporaryFolder()
  const acknowledged = new Map<string, string | undefined>()
  try {
    for (let run = 0; run < KILLS; run++) {
      const killAt = run % 10 === 9 ? 0 : 1 + Math.floor(random() ** 2 * ACKNOWLEDGEMENTS_MAX)
      for (const [id, hash] of await writeUntilKilled(dataDir, run, killAt)) acknowledged.set(id, hash)
      await checkStored(dataDir, acknowledged)
    }
    assert.ok(acknowledged.size > KILLS, 'the writer got to write')
    t.diagnostic(`${acknowledged.size} acknowledged writes over ${KILLS} kills`)
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
})

/** Runs the writer, kills it at its `killAt`-th acknowledgement (0: while it starts), returns all it acknowledged. */
async function writeUntilKilled(dataDir: string, run: number, killAt: number): Promise<[string, string | undefined][]> {
  const child: ChildProcessByStdio<null, Readable, null> = spawn(process.execPath, [WRITER, dataDir, String(run)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exit = once(child, 'exit')
  const acknowledged: [string, string | undefined][] = []
  for await (const line of createInterface(child.stdout)) {
    const [kind, id, hash] = line.split(' ')
    assert.notEqual(kind, 'rejected', 'no write fails before the kill')
    if (kind === 'ack') acknowledged.push([id!, hash])
    if (acknowledged.length >= killAt) child.kill('SIGKILL')
  }
  assert.deepEqual(await exit, [null, 'SIGKILL'])
  return acknowledged
}

/** Opens what the killed process left: the file is sound and every acknowledged row and blob is there. */
async function checkStored(dataDir: string, acknowledged: ReadonlyMap<string, string | undefined>): Promise<void> {
  await using db = await openDatabase({ dataDir }, silentLog)
  const blobs = await openDiskBlobs(dataDir)
  try {
    const checker = new SqliteConnection(join(dataDir, DATABASE_FILE), 'read')
    assert.deepEqual(checker.run('pragma integrity_check').rows, [{ integrity_check: 'ok' }])
    assert.deepEqual(checker.run('pragma foreign_key_check').rows, [])
    checker.close()
    const ids = new Set((await db.read.selectFrom('users').select('id').execute()).map((row) => row.id))
    const rows = await db.read.selectFrom('blobs').select(['hash', 'size']).execute()
    const named = new Set(rows.map((row) => row.hash))
    for (const [id, hash] of acknowledged) {
      assert.ok(ids.has(id), `${id} was acknowledged`)
      if (hash) assert.ok(named.has(hash), `the blob of ${id} was acknowledged`)
    }
    for (const { hash, size } of rows) assert.equal((await blobs.bytes(hash, size)).byteLength, size)
  } finally {
    await blobs.close()
  }
}

/** Random numbers from 0 to 1 that a seed repeats (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
