import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { type DataPlane, openDataPlane, textRequest } from './kit/data-plane.ts'
import { photos } from './kit/predict-case.ts'
import { RawRows } from './kit/raw-rows.ts'
import type { Result } from './kit/result.ts'
import { median, spread } from './kit/statistics.ts'

const BATCH = 128
const BATCHES = 12
const ROUNDS = 5
const CLIENTS = 64
const SINGLE_POSTS = 640
const PHOTOS = 48

/** How fast inputs go in: texts against SQLite by hand, pictures against doing the same by hand, single posts at once. */
export async function run(): Promise<Result[]> {
  return [await texts(), await singlePosts(), await pictures()]
}

/** Calls of 128 texts without workflow, one after the other; each is on the disk when it is answered. */
async function texts(): Promise<Result> {
  await using plane = await openDataPlane({ processing: false })
  await using raw = await RawRows.open()
  const ours: number[] = []
  const byHand: number[] = []
  for (let round = 0; round <= ROUNDS; round++) {
    const mine = await rate(BATCH * BATCHES, async () => {
      for (let at = 0; at < BATCHES; at++) await plane.call('PostInputs', textRequest(plane, BATCH, at * BATCH))
    })
    const theirs = await rate(BATCH * BATCHES, async () => {
      for (let at = 0; at < BATCHES; at++) {
        raw.write(textRequest(plane, BATCH, at * BATCH).inputs.map(({ data }) => data.text.raw))
      }
    })
    if (round === 0) continue
    ours.push(mine)
    byHand.push(theirs)
  }
  return {
    name: 'PostInputs of 128 texts, durable, without workflow',
    ours: median(ours),
    baseline: median(byHand),
    unit: 'texts/s',
    ratio: median(ours.map((mine, at) => mine / byHand[at]!)),
    aim: '>= 0.25',
    note: `baseline: node:sqlite, prepared statements, the same rows and indexes; ${spread(ours, 0)} and ${spread(byHand, 0)}`,
  }
}

/** Calls of one text each, by one client and by 64 at once: transactions that wait together share a flush. */
async function singlePosts(): Promise<Result> {
  await using plane = await openDataPlane({ processing: false })
  const post = async (clients: number, posts: number): Promise<number> =>
    rate(posts, async () => {
      await Promise.all(
        Array.from({ length: clients }, async () => {
          for (let at = 0; at < posts / clients; at++) await plane.call('PostInputs', textRequest(plane, 1, at))
        }),
      )
    })
  const [alone, together]: [number[], number[]] = [[], []]
  for (let round = 0; round <= ROUNDS; round++) {
    const one = await post(1, SINGLE_POSTS / 4)
    const many = await post(CLIENTS, SINGLE_POSTS)
    if (round === 0) continue
    alone.push(one)
    together.push(many)
  }
  return {
    name: 'single posts at 64 clients, against one client',
    ours: median(together),
    baseline: median(alone),
    unit: 'posts/s',
    ratio: median(together.map((many, at) => many / alone[at]!)),
    aim: '>= 2',
    note: `each durable when answered; ${spread(together, 0)} and ${spread(alone, 0)}`,
  }
}

/** From the call to the last input processed, against hash, flushed file, decoding and sizes in the same processes. */
async function pictures(): Promise<Result> {
  await using plane = await openDataPlane({ processing: true })
  const some = await photos()
  const ours: number[] = []
  const byHand: number[] = []
  for (let round = 0; round <= ROUNDS; round++) {
    // Other bytes each time: what is there already need not be written again.
    const mine = distinct(some, `ours ${round}`)
    const theirs = distinct(some, `by hand ${round}`)
    const inputs = mine.map((base64) => ({ data: { image: { base64 } } }))
    const our = await rate(PHOTOS, async () => {
      await plane.call('PostInputs', { userAppId: plane.userAppId, inputs })
      await plane.services.jobs.idle()
    })
    const their = await rate(PHOTOS, () => handle(plane, theirs, round))
    if (round === 0) continue
    ours.push(our)
    byHand.push(their)
  }
  return {
    name: `PostInputs of ${PHOTOS} photos by bytes, until processed`,
    ours: median(ours),
    baseline: median(byHand),
    unit: 'photos/s',
    ratio: median(ours.map((our, at) => our / byHand[at]!)),
    aim: '>= 0.8',
    note: `baseline: hash, write and fsync, decode and sizes in the same processes; ${spread(ours, 0)} and ${spread(byHand, 0)}`,
  }
}

function distinct(some: readonly Buffer[], mark: string): Buffer[] {
  return Array.from({ length: PHOTOS }, (_, at) =>
    Buffer.concat([some[at % some.length]!, Buffer.from(`${mark} ${at}`)]),
  )
}

async function handle(plane: DataPlane, contents: readonly Buffer[], round: number): Promise<void> {
  const next = contents.entries()
  const files: string[] = []
  const work = async (): Promise<void> => {
    for (const [at, content] of next) {
      const name = createHash('sha256').update(content).digest('hex')
      const path = join(plane.dataDir, `${round}-${name}`)
      const file = await open(path, 'wx')
      await file.writeFile(content)
      await file.sync()
      await file.close()
      files[at] = path
    }
  }
  await Promise.all(Array.from({ length: 8 }, work))
  await plane.services.mediaPrep.prepare(files.map((file) => ({ kind: 'image', source: { file } })))
}

async function rate(items: number, work: () => Promise<void>): Promise<number> {
  const start = performance.now()
  await work()
  return (items / (performance.now() - start)) * 1000
}
