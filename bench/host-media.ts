import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { silentLog } from '../src/base/log.ts'
import { openDiskBlobs } from '../src/blobs/disk-blob-store.ts'
import { hostMedia } from '../src/domain/media/host.ts'
import { WORKER_NICENESS } from '../src/runtime/limits.ts'
import { createMediaPrep } from '../src/runtime/media/pool.ts'
import { Child } from './kit/child.ts'
import { photos } from './kit/predict-case.ts'
import type { Result } from './kit/result.ts'
import { median, spread } from './kit/statistics.ts'

const WORKERS = 2
const ROUNDS = 7
/** Pictures of one call, and calls under way, as inputs come in and are processed. */
const GROUP = 8
const LANES = 3
const CASES = [
  { name: 'a photo of 640 pixels', side: 640, count: 64 },
  { name: 'a photo of 12 megapixels', side: 4_000, count: 48 },
]

/**
 * Pictures given by their bytes until they and all their sizes are durable, against hash, flushed write, decode and one
 * thumbnail by hand in as many processes of the same niceness. Each round does both, one after the other.
 */
export async function run(): Promise<Result[]> {
  const results: Result[] = []
  for (const { name, side, count } of CASES) results.push(await measure(name, side, count))
  return results
}

async function measure(name: string, side: number, count: number): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'limpid-bench-'))
  const [first] = await photos()
  const photo = await sharp(first).resize(side, side, { fit: 'inside' }).jpeg({ quality: 90 }).toBuffer()
  const file = join(folder, 'photo.jpg')
  await writeFile(file, photo)
  const byHand = Array.from({ length: WORKERS }, () => {
    const child = new Child('servers/by-hand.ts', [folder, file, String(count / WORKERS)])
    child.setNiceness(WORKER_NICENESS)
    return child
  })
  const blobs = await openDiskBlobs(folder)
  const mediaPrep = createMediaPrep({ log: silentLog, workers: WORKERS })
  let made = 0
  /** One group from its bytes to the disk. */
  const hostGroup = async (): Promise<void> => {
    const originals = await Promise.all(
      Array.from({ length: GROUP }, async () => {
        const content = await blobs.put(Buffer.concat([photo, Buffer.from(`ours ${made++}`)]))
        return { kind: 'image' as const, content }
      }),
    )
    const hosted = await hostMedia({ blobs, mediaPrep }, originals)
    if (hosted.some((result) => 'refused' in result)) throw new Error('a picture was refused')
  }
  const host = async (): Promise<void> => {
    const groups = Array.from({ length: count / GROUP }).values()
    const lane = async (): Promise<void> => {
      for (const _ of groups) await hostGroup()
    }
    await Promise.all(Array.from({ length: LANES }, lane))
  }
  try {
    for (const child of byHand) await child.line()
    const [ours, baseline]: [number[], number[]] = [[], []]
    for (let round = -1; round < ROUNDS; round++) {
      const [start] = [performance.now(), await host()]
      const middle = performance.now()
      await Promise.all(byHand.map((child) => child.ask('host')))
      const end = performance.now()
      // The first round only warms up.
      if (round < 0) continue
      ours.push((count * 1_000) / (middle - start))
      baseline.push((count * 1_000) / (end - middle))
    }
    return {
      name: `hosting ${name} with its three sizes, by bytes`,
      ours: median(ours),
      baseline: median(baseline),
      unit: 'pictures/s',
      ratio: median(ours) / median(baseline),
      aim: '>= 0.8',
      note: `${WORKERS} processes; ${spread(ours, 0)}; by hand one thumbnail, ${spread(baseline, 0)}`,
    }
  } finally {
    await Promise.all(byHand.map((child) => child.stop()))
    await mediaPrep.close()
    await blobs.close()
    await rm(folder, { recursive: true, force: true })
  }
}
