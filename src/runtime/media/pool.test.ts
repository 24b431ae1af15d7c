import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { isAppError } from '../../base/errors.ts'
import { silentLog } from '../../base/log.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { MediaItem, PrepareResult } from '../../media/prepare/prepared.ts'
import { picture } from '../../media/test-images.ts'
import { createMediaPrep } from './pool.ts'
import type { MediaPrep } from './port.ts'

async function withPool(
  options: Parameters<typeof createMediaPrep>[0],
  test: (pool: MediaPrep) => Promise<void>,
): Promise<void> {
  const pool = createMediaPrep(options)
  try {
    await test(pool)
  } finally {
    await pool.close()
  }
}

const short = (result: PrepareResult): unknown =>
  'refused' in result ? result.refused.code : result.prepared.facts.kind === 'image' && result.prepared.facts.width

const imageOf = async (width: number): Promise<MediaItem> => ({
  kind: 'image',
  source: { bytes: await picture(width, 50).jpeg().toBuffer() },
})

describe('media pool', () => {
  it('answers each item in order, from bytes and files, and a bad one by itself', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'limpid-media-pool-'))
    try {
      const file = join(folder, 'photo')
      await writeFile(file, await picture(640, 480).jpeg().toBuffer())
      const items: MediaItem[] = await Promise.all(Array.from({ length: 20 }, (_, at) => imageOf(100 + at)))
      items[7] = { kind: 'image', source: { bytes: Buffer.from('no picture') } }
      items[11] = { kind: 'image', source: { file } }
      items[13] = { kind: 'image', source: { file: join(folder, 'absent') } }
      await withPool({ log: silentLog, workers: 2 }, async (pool) => {
        const results = await pool.prepare(items)
        const expected: unknown[] = items.map((_, at) => 100 + at)
        expected[7] = StatusCode.INPUT_UNSUPPORTED_FORMAT
        expected[11] = 640
        expected[13] = StatusCode.INTERNAL_UNCATEGORIZED
        assert.deepEqual(results.map(short), expected)
        const { prepared } = results[11] as Extract<PrepareResult, { prepared: unknown }>
        const { start, length } = prepared.sizes.at(-1)!.part!
        assert.deepEqual([...prepared.derived!.subarray(start, start + 2)], [0xff, 0xd8])
        assert.equal(prepared.derived!.length, start + length)
        assert.deepEqual(await pool.prepare([]), [])
      })
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('ends what takes too long and says so; the other items get their answer', async () => {
    // A pipe without a writer: opening it never ends.
    const folder = await mkdtemp(join(tmpdir(), 'limpid-media-pool-'))
    const pipe = join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    try {
      await withPool({ log: silentLog, workers: 1, limits: { jobMs: 2_500 } }, async (pool) => {
        const results = await pool.prepare([await imageOf(80), { kind: 'image', source: { file: pipe } }])
        assert.deepEqual(results.map(short), [80, StatusCode.ALL_INPUT_INVALID_BYTES])
      })
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('goes on after its processes have ended for want of work', async () => {
    await withPool({ log: silentLog, workers: 1, limits: { idleMs: 0 } }, async (pool) => {
      for (const width of [70, 71, 72])
        assert.deepEqual((await pool.prepare([await imageOf(width)])).map(short), [width])
    })
  })

  it('replaces a process that has grown too large', async () => {
    await withPool({ log: silentLog, workers: 1, limits: { rssBytes: 1 } }, async (pool) => {
      const items = await Promise.all(Array.from({ length: 10 }, (_, at) => imageOf(60 + at)))
      assert.deepEqual(
        (await pool.prepare(items)).map(short),
        items.map((_, at) => 60 + at),
      )
    })
  })

  it('refuses work after closing and work that nobody wants any more', async () => {
    const pool = createMediaPrep({ log: silentLog, workers: 1 })
    const reason = new Error('not wanted')
    await assert.rejects(pool.prepare([await imageOf(50)], AbortSignal.abort(reason)), (error) => error === reason)
    await pool.close()
    await assert.rejects(
      pool.prepare([await imageOf(50)]),
      (error) => isAppError(error) && error.code === StatusCode.RPC_SERVER_UNAVAILABLE,
    )
  })
})
