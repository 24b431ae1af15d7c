import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import sharp from 'sharp'
import { COCO, download, exportOf, labelsOf, makeVersion, until, withoutAddresses } from './datasets.ts'
import { send } from './http.ts'
import { type LimpidServer, PAT, runLimpid, USER } from './server.ts'

const PER_CALL = 100
const WORDS = 'red green blue dog cat house river stone quick slow small large old new left right'.split(' ')
const LABELS = ['animal', 'thing', 'place', 'colour']

/** What a round trip has moved, and how long each part took, in seconds. */
export interface RoundTrip {
  readonly inputs: number
  readonly annotations: number
  /** Lines of labels that were compared. */
  readonly labels: number
  readonly seconds: Readonly<Record<'post' | 'process' | 'export' | 'import' | 'second export', number>>
}

// The same numbers in each run, so that a failure can be played again.
function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
    return (state >>> 8) % below
  }
}

/**
 * Fills an app with mixed inputs (texts with spans; pictures with boxes, polygons, points and masks; short sounds), all
 * labelled, exports them as COCO, imports that into another app, exports this and compares the labels.
 */
export async function roundTrip(server: LimpidServer, size: number, folder: string): Promise<RoundTrip> {
  const seconds: Record<string, number> = {}
  const timed = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const start = performance.now()
    const result = await work()
    seconds[name] = (performance.now() - start) / 1000
    return result
  }
  for (const id of ['trip', 'trip-back']) {
    const app = { id, default_workflow: { id: 'Empty', user_id: 'clarifai', app_id: 'main' } }
    await ok(server, 'POST', `/v2/users/${USER}/apps`, { apps: [app] })
    await ok(server, 'POST', `/v2/users/${USER}/apps/${id}/datasets`, { datasets: [{ id: 'all' }] })
  }
  const random = numbers(size)
  let annotations = 0
  await timed('post', async () => {
    for (let from = 0; from < size; from += PER_CALL) {
      const items: Item[] = []
      for (let at = from; at < Math.min(size, from + PER_CALL); at++) items.push(await makeItem(at, random))
      await ok(server, 'POST', `${path('trip')}/inputs`, { inputs: items.map(({ input }) => input) })
      const regions = items.flatMap((item) => item.annotations)
      annotations += regions.length
      for (let start = 0; start < regions.length; start += 128) {
        await ok(server, 'POST', `${path('trip')}/annotations`, { annotations: regions.slice(start, start + 128) })
      }
    }
  })
  await timed('process', () => processed(server, 'trip', size))
  const exported = await timed('export', async () => {
    await makeVersion(server, 'trip', 'all', 'v1')
    return download((await exportOf(server, 'trip', 'all', 'v1', COCO)).url)
  })
  for (const [name, bytes] of exported) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), bytes)
  }
  await timed('import', async () => {
    const place = ['--app', 'trip-back', '--user', USER, '--dataset', 'all']
    const { code, stdout, stderr } = await runLimpid(
      ['import', folder, '--format', 'coco', ...place, '--url', server.url, '--pat', PAT],
      {},
    ).ended
    assert.equal(code, 0, stderr.slice(-2_000))
    assert.match(stdout, new RegExp(`${size} inputs and ${annotations} annotations came in from coco; .* 0 problems`))
    await processed(server, 'trip-back', size)
  })
  const back = await timed('second export', async () => {
    await makeVersion(server, 'trip-back', 'all', 'v1')
    return download((await exportOf(server, 'trip-back', 'all', 'v1', COCO)).url)
  })
  const [before, after] = [withoutAddresses(labelsOf(exported)), withoutAddresses(labelsOf(back))]
  assert.equal(after.length, before.length)
  const differs = before.findIndex((line, at) => line !== after[at])
  assert.equal(differs, -1, `labels differ: ${before[differs]} became ${after[differs]}`)
  return { inputs: size, annotations, labels: before.length, seconds: seconds as RoundTrip['seconds'] }
}

const path = (app: string): string => `/v2/users/${USER}/apps/${app}`

async function ok(server: LimpidServer, verb: string, where: string, body: object): Promise<void> {
  const answer = await send(server.url, verb, where, { body })
  assert.equal(answer.body.status?.code, 10000, answer.text.slice(0, 2_000))
}

/** Waits until all inputs of an app are processed, which none may fail. */
async function processed(server: LimpidServer, app: string, size: number): Promise<void> {
  const { body } = await until(
    () => send(server.url, 'GET', `${path(app)}/inputs/status`),
    (answer) => {
      const counts = answer.body.counts as { processed: number; errors: number }
      return counts.processed + counts.errors === size
    },
  )
  assert.equal((body.counts as { errors: number }).errors, 0)
}

interface Item {
  readonly input: object
  readonly annotations: readonly object[]
}

type Random = (below: number) => number

/** Of ten inputs four are texts, five pictures and one a sound. */
async function makeItem(at: number, random: Random): Promise<Item> {
  const id = `item-${at}`
  const concepts = [
    { id: LABELS[random(LABELS.length)]!, value: 1 },
    ...(at % 3 === 0 ? [{ id: 'odd', value: 0 }] : []),
  ]
  const common = {
    concepts,
    ...(at % 4 === 0 && { metadata: { n: at, tags: ['a', 'b'] } }),
    ...(at % 7 === 0 && { geo: { geo_point: { latitude: random(90), longitude: random(180) } } }),
  }
  const region = (info: object, n: number) => ({
    input_id: id,
    id: `${id}-${n}`,
    data: { regions: [{ region_info: info, data: { concepts: [{ id: LABELS[random(LABELS.length)]!, value: 1 }] } }] },
  })
  const input = (media: object) => ({ id, dataset_ids: ['all'], data: { ...media, ...common } })
  const kind = at % 10
  if (kind < 4) {
    const raw = Array.from({ length: 8 + random(12) }, () => WORDS[random(WORDS.length)]).join(' ')
    const start = random(raw.length - 4)
    return {
      input: input({ text: { raw: `${raw} ${at}` } }),
      annotations: [region({ span: { char_start: start, char_end: start + 4 } }, 0)],
    }
  }
  if (kind < 9) {
    const picture = await photo(random)
    const shapes = [box(random), polygon(random), ...(at % 5 === 0 ? [await mask(random)] : [])]
    return {
      input: input({ image: { base64: picture.toString('base64') } }),
      annotations: shapes.map(region),
    }
  }
  return { input: input({ audio: { base64: sound(random).toString('base64') } }), annotations: [] }
}

// Quarters are told exactly by floats of 32 bits and by pixels, so that they are the same after a way through both.
const eighth = (random: Random, from: number, to: number): number => (from + random(to - from)) / 8

const box = (random: Random) => ({
  bounding_box: {
    top_row: eighth(random, 0, 4),
    left_col: eighth(random, 0, 4),
    bottom_row: eighth(random, 5, 8),
    right_col: eighth(random, 5, 8),
  },
})

const polygon = (random: Random) => ({
  polygon: {
    points: [
      { row: 0, col: eighth(random, 0, 8) },
      { row: eighth(random, 4, 8), col: 1 },
      { row: 1, col: 0 },
    ],
  },
})

async function mask(random: Random): Promise<object> {
  const pixels = Buffer.alloc(64 * 48)
  const [top, left] = [random(20), random(30)]
  for (let row = top; row < top + 20; row++) pixels.fill(255, row * 64 + left, row * 64 + left + 25)
  const png = await sharp(pixels, { raw: { width: 64, height: 48, channels: 1 } })
    .png()
    .toBuffer()
  return { mask: { image: { base64: png.toString('base64') } } }
}

async function photo(random: Random): Promise<Buffer> {
  const pixels = Buffer.alloc(64 * 48 * 3)
  for (let at = 0; at < pixels.length; at += 3) pixels[at] = random(256)
  return sharp(pixels, { raw: { width: 64, height: 48, channels: 3 } })
    .jpeg()
    .toBuffer()
}

/** A tenth of a second of a tone, as WAV. */
function sound(random: Random): Buffer {
  const [rate, count] = [8_000, 800]
  const header = Buffer.alloc(44)
  header.write('RIFF', 0)
  header.writeUInt32LE(36 + count * 2, 4)
  header.write('WAVEfmt ', 8)
  header.writeUInt32LE(16, 16)
  header.writeUInt16LE(1, 20)
  header.writeUInt16LE(1, 22)
  header.writeUInt32LE(rate, 24)
  header.writeUInt32LE(rate * 2, 28)
  header.writeUInt16LE(2, 32)
  header.writeUInt16LE(16, 34)
  header.write('data', 36)
  header.writeUInt32LE(count * 2, 40)
  const samples = Buffer.alloc(count * 2)
  const pitch = 200 + random(2_000)
  for (let at = 0; at < count; at++) {
    samples.writeInt16LE(Math.round(10_000 * Math.sin((2 * Math.PI * pitch * at) / rate)), at * 2)
  }
  return Buffer.concat([header, samples])
}
