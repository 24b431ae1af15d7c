import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { isAppError } from '../../src/base/errors.ts'
import { silentLog } from '../../src/base/log.ts'
import type { BlobStore } from '../../src/blobs/blob-store.ts'
import { BLOBS_FOLDER, openDiskBlobs } from '../../src/blobs/disk-blob-store.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { sweepBlobs } from '../../src/maintenance/sweep-blobs.ts'
import { type Database, openDatabase } from '../../src/store/database.ts'
import { getBlobRow, releaseBlob, retainBlob } from '../../src/store/repos/blob-rows.ts'
import { onEachStore } from './blob-stores.ts'
import { temporaryFolder } from './kit.ts'

const HOUR_MICROS = 60 * 60 * 1_000_000
const hasCode = (code: StatusCode) => (error: unknown) => isAppError(error) && error.code === code

onEachStore('blobs', (store) => {
  const { withBlobs } = store

  it('name the file of a blob for libraries that read files', () =>
    withBlobs(async (blobs) => {
      const { hash } = await blobs.put(Buffer.from('weights'))
      assert.equal(await readFile(await blobs.file(hash), 'utf8'), 'weights')
      await assert.rejects(blobs.file('0'.repeat(64)), hasCode(StatusCode.CONN_DOES_NOT_EXIST))
      await assert.rejects(blobs.file('../../etc/passwd'), hasCode(StatusCode.CONN_DOES_NOT_EXIST))
    }))

  it('give back what was put, from bytes and from a stream, under its SHA-256', () =>
    withBlobs(async (blobs) => {
      for (const content of [Buffer.from(''), Buffer.from('hello'), randomBytes(3_000_000)]) {
        const hash = createHash('sha256').update(content).digest('hex')
        assert.deepEqual(await blobs.put(content), { hash, size: content.length })
        assert.deepEqual(await blobs.put(inPieces(content)), { hash, size: content.length })
        assert.deepEqual(await blobs.stat(hash), { hash, size: content.length })
        assert.ok(content.equals(await buffer(await blobs.read(hash))))
        assert.ok(content.equals(await blobs.bytes(hash, content.length)))
      }
    }))

  it('read ranges, and refuse those outside', () =>
    withBlobs(async (blobs) => {
      const { hash } = await blobs.put(Buffer.from('0123456789'))
      const read = async (start: number, end?: number) => String(await buffer(await blobs.read(hash, { start, end })))
      assert.equal(await read(0, 0), '0')
      assert.equal(await read(3, 5), '345')
      assert.equal(await read(7), '789')
      assert.equal(await read(7, 99), '789')
      for (const [start, end] of [
        [10, 10],
        [5, 4],
        [-1, 3],
        [0.5, 3],
      ] as const) {
        await assert.rejects(read(start, end), hasCode(StatusCode.CONN_INVALID_RANGE))
      }
    }))

  it('say that a blob is missing, whatever the name', () =>
    withBlobs(async (blobs) => {
      const unknown = 'f'.repeat(64)
      assert.equal(await blobs.stat(unknown), undefined)
      await blobs.delete(unknown)
      for (const name of [unknown, '../../etc/passwd', '', 'F'.repeat(64)]) {
        await assert.rejects(blobs.read(name), hasCode(StatusCode.CONN_DOES_NOT_EXIST))
        await assert.rejects(blobs.bytes(name, 10), hasCode(StatusCode.CONN_DOES_NOT_EXIST))
      }
    }))

  it('refuse content beyond the limit and keep nothing of it, nor of a source that fails', () =>
    withBlobs(async (blobs, dataDir) => {
      await assert.rejects(
        blobs.put(inPieces(randomBytes(5_000)), { bytesMax: 4_999 }),
        hasCode(StatusCode.CONN_EXCEEDS_LIMITS),
      )
      const failing = async function* () {
        yield Buffer.from('half')
        throw new Error('the client went away')
      }
      await assert.rejects(blobs.put(failing()), /went away/)
      assert.deepEqual(await store.stored(dataDir), [])
    }))

  it('tell damaged content from sound content', () =>
    withBlobs(async (blobs, dataDir) => {
      const { hash, size } = await blobs.put(randomBytes(700_000))
      const file = await store.file(dataDir, hash)
      await writeFile(file, 'X', { flag: 'r+' })
      await assert.rejects(blobs.bytes(hash, size), hasCode(StatusCode.INTERNAL_SERVER_ISSUE))
      await assert.rejects(buffer(await blobs.read(hash)), hasCode(StatusCode.INTERNAL_SERVER_ISSUE))
    }))

  it('heal a blob that was cut off when it is put again', () =>
    withBlobs(async (blobs, dataDir) => {
      const content = randomBytes(10_000)
      const { hash, size } = await blobs.put(content)
      await truncate(await store.file(dataDir, hash), 100)
      await blobs.put(content)
      assert.ok(content.equals(await blobs.bytes(hash, size)))
    }))

  it('store the same content once when many put it together', () =>
    withBlobs(async (blobs, dataDir) => {
      const content = randomBytes(100_000)
      const infos = await Promise.all(Array.from({ length: 20 }, () => blobs.put(inPieces(content))))
      assert.equal(new Set(infos.map((info) => info.hash)).size, 1)
      assert.deepEqual(await store.stored(dataDir), [infos[0]!.hash])
    }))

  it('leave no open file behind when a reader goes away', () =>
    withBlobs(async (blobs) => {
      const { hash } = await blobs.put(randomBytes(2_000_000))
      const before = await openFiles()
      for (let index = 0; index < 20; index++) {
        const stream = await blobs.read(hash)
        if (index % 2) for await (const _ of stream) break
        else await new Promise<void>((resolve) => stream.destroy().once('close', resolve))
      }
      while ((await openFiles()) > before) await new Promise((resolve) => setImmediate(resolve))
    }))
})

describe('blobs on disk', () => {
  it('are held by one process, and forget what a killed one had half written', async () => {
    const dataDir = await temporaryFolder()
    try {
      const incoming = join(dataDir, BLOBS_FOLDER, 'incoming')
      await mkdir(incoming, { recursive: true })
      await writeFile(join(incoming, 'half'), 'half')
      const blobs = await openDiskBlobs(dataDir)
      assert.deepEqual(await readdir(incoming), [])
      await assert.rejects(openDiskBlobs(dataDir), /in use/)
      await blobs.close()
      await (await openDiskBlobs(dataDir)).close()
    } finally {
      await rm(dataDir, { recursive: true, force: true })
    }
  })
})

onEachStore('the sweep of blobs', (store) => {
  const { withBlobs } = store
  const withBoth = (test: (db: Database, blobs: BlobStore, dataDir: string) => Promise<void>): Promise<void> =>
    withBlobs(async (blobs, dataDir) => {
      await using db = await openDatabase({ dataDir }, silentLog)
      await test(db, blobs, dataDir)
    })

  it('removes old content that no row names, and nothing else', () =>
    withBoth(async (db, blobs, dataDir) => {
      const now = Date.now() * 1_000
      const put = async (text: string, age: number) => {
        const info = await blobs.put(Buffer.from(text))
        const then = new Date((now - age) / 1_000)
        await utimes(await store.file(dataDir, info.hash), then, then)
        return { ...info, contentType: 'text/plain' }
      }
      const [orphan, young, named, released, again] = [
        await put('orphan', 2 * HOUR_MICROS),
        await put('young', HOUR_MICROS / 2),
        await put('named', 2 * HOUR_MICROS),
        await put('released', 2 * HOUR_MICROS),
        await put('again', 2 * HOUR_MICROS),
      ]
      await db.transact(async (tx) => {
        for (const blob of [named, named, released]) await retainBlob(tx, blob, now - 3 * HOUR_MICROS)
        await releaseBlob(tx, named.hash, now - 3 * HOUR_MICROS)
        await releaseBlob(tx, released.hash, now - 2 * HOUR_MICROS)
      })
      await blobs.put(Buffer.from('again'))
      assert.equal(await sweepBlobs(db, blobs, now), 2)
      const there = async (hash: string) => (await blobs.stat(hash)) !== undefined
      assert.deepEqual(
        [await there(orphan.hash), await there(released.hash), await getBlobRow(db.read, released.hash)],
        [false, false, undefined],
      )
      for (const kept of [young, named, again]) assert.ok(await there(kept.hash))
      assert.equal((await getBlobRow(db.read, named.hash))?.ref_count, 1)
      assert.equal(await sweepBlobs(db, blobs, now), 0)
    }))

  it('spares content that is put again while the names are looked up', () =>
    withBlobs(async (blobs, dataDir) => {
      const content = Buffer.from('contested')
      const { hash } = await blobs.put(content)
      const before = (Date.now() - 60_000) * 1_000
      const makeOld = async () => utimes(await store.file(dataDir, hash), new Date(0), new Date(0))
      await makeOld()
      const spared = await blobs.sweep(before, async () => {
        await blobs.put(content)
        return new Set()
      })
      assert.equal(spared, 0)
      assert.ok(await blobs.stat(hash))
      await makeOld()
      assert.equal(await blobs.sweep(before, async () => new Set()), 1)
    }))

  it('refuses to release what nobody retained', () =>
    withBoth(async (db) => {
      const release = db.transact((tx) => releaseBlob(tx, 'a'.repeat(64), 1))
      await assert.rejects(release, hasCode(StatusCode.DATABASE_INVALID_ROWS_AFFECTED))
    }))

  it('waits while deletes are held off', () =>
    withBlobs(async (blobs) => {
      const { hash } = await blobs.put(Buffer.from('kept for the backup'))
      const release = await blobs.holdDeletes()
      let deleted = false
      const deleting = blobs.delete(hash).then(() => {
        deleted = true
      })
      assert.ok(await blobs.stat(hash))
      assert.equal(deleted, false)
      release()
      await deleting
      assert.equal(await blobs.stat(hash), undefined)
    }))
})

async function* inPieces(content: Buffer): AsyncGenerator<Buffer> {
  for (let start = 0; start < content.length; start += 64_000) yield content.subarray(start, start + 64_000)
}

/** How many files this process has open, where the system tells. */
async function openFiles(): Promise<number> {
  return (await readdir('/proc/self/fd').catch(() => [])).length
}
