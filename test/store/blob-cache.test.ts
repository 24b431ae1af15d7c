import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { access, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { isAppError } from '../../src/base/errors.ts'
import { FileCache } from '../../src/blobs/s3/file-cache.ts'
import { CACHE_FOLDER, openS3Blobs } from '../../src/blobs/s3/s3-blob-store.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { startS3 } from '../kit/s3-server.ts'
import { temporaryFolder } from './kit.ts'

const exists = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  )
const hashOf = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex')

async function withFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await temporaryFolder()
  try {
    await test(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

describe('local copies of contents', () => {
  const HOUR_MS = 3_600_000

  async function adopt(cache: FileCache, name: string, size: number): Promise<string> {
    const hash = name.repeat(64)
    const incoming = cache.incoming()
    await writeFile(incoming, Buffer.alloc(size))
    return cache.adopt(hash, incoming, size)
  }

  it('lose the least recently used beyond their limit', () =>
    withFolder(async (folder) => {
      let now = 0
      const cache = await FileCache.open(folder, 250, () => now)
      const a = await adopt(cache, 'a', 100)
      now += HOUR_MS
      const b = await adopt(cache, 'b', 100)
      now += HOUR_MS
      assert.equal(await cache.find('a'.repeat(64)), a)
      now += HOUR_MS
      const c = await adopt(cache, 'c', 100)
      assert.deepEqual([await exists(a), await exists(b), await exists(c)], [true, false, true])
      assert.equal(await cache.find('b'.repeat(64)), undefined)
    }))

  it('keep what was asked for a moment ago, and are found again after a restart', () =>
    withFolder(async (folder) => {
      const cache = await FileCache.open(folder, 10, () => 0)
      const files = [await adopt(cache, 'a', 100), await adopt(cache, 'b', 100)]
      assert.deepEqual(await Promise.all(files.map(exists)), [true, true])
      const again = await FileCache.open(folder, 150, () => 2 * HOUR_MS)
      const left = await Promise.all(['a', 'b'].map((name) => again.find(name.repeat(64))))
      assert.equal(left.filter(Boolean).length, 1)
    }))
})

describe('blobs in a bucket', () => {
  it('are what another server with the same bucket finds, checked when they come', () =>
    withFolder(async (folder) => {
      const server = await startS3()
      try {
        const [mine, theirs] = [join(folder, 'mine'), join(folder, 'theirs')]
        const blobs = await openS3Blobs({ ...server.settings, prefix: 'p/' }, mine, 1_000_000)
        // More than one part.
        const content = randomBytes(70 * 1024 * 1024)
        const { hash } = await blobs.put(content)
        assert.equal(hash, hashOf(content))
        const other = await openS3Blobs({ ...server.settings, prefix: 'p/' }, theirs, 1_000_000)
        assert.ok(content.equals(await buffer(await other.read(hash))))
        assert.equal(await exists(join(theirs, CACHE_FOLDER, hash)), false, 'reading alone makes no copy')
        assert.ok(content.equals(await readFile(await other.file(hash))))
        assert.equal(await exists(join(theirs, CACHE_FOLDER, hash)), true)
        const small = await blobs.put(Buffer.from('sound'))
        await writeFile(server.fileOf(`p/${small.hash}`), 'tampered')
        await assert.rejects(
          other.file(small.hash),
          (error) => isAppError(error) && error.code === StatusCode.INTERNAL_SERVER_ISSUE,
        )
      } finally {
        await server.close()
      }
    }))

  it('say when the service refuses or is not there', async () => {
    const server = await startS3()
    const unavailable = (error: unknown) => isAppError(error) && error.code === StatusCode.RPC_SERVER_UNAVAILABLE
    await withFolder(async (folder) => {
      const { settings } = server
      await assert.rejects(openS3Blobs({ ...settings, secretAccessKey: 'wrong' }, folder, 1), unavailable)
      await assert.rejects(openS3Blobs({ ...settings, url: `${server.url}/absent` }, folder, 1), unavailable)
      await server.close()
      await assert.rejects(openS3Blobs(settings, folder, 1), unavailable)
    })
  })
})
