// What the examples share: a server, real photos with labels, waiting, and how figures are shown.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))

/** The server of LIMPID_URL and LIMPID_PAT; without them one that is started here, with a folder that goes with it. */
export async function useServer() {
  const { LIMPID_URL: url, LIMPID_PAT: pat, LIMPID_USER: user = 'admin' } = process.env
  if (url && pat) return { url, pat, user, stop: async () => {} }
  const dataDir = await mkdtemp(join(tmpdir(), 'limpid-example-'))
  const own = { ...process.env, PORT: '0', LIMPID_DATA_DIR: dataDir, LIMPID_PAT: 'example-token', LIMPID_LOG: 'warn' }
  const child = spawn(process.execPath, [join(ROOT, 'bin', 'limpid.js'), 'serve'], {
    env: own,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  const stop = async () => {
    child.kill()
    await ended
    await rm(dataDir, { recursive: true, force: true })
  }
  for await (const line of createInterface({ input: child.stdout })) {
    const ready = /^limpid listening on (http:\S+)$/.exec(line)
    if (ready) return { url: ready[1], pat: own.LIMPID_PAT, user, stop }
  }
  throw new Error('the server ended before it was ready')
}

/** Real photos that npm packages bring along, by what they show. */
const PHOTOS = {
  baseball: 'exif-js/example/Bush-dog.jpg',
  chocolates: 'exif-js/example/Bloated-Hero.jpg',
  kart: 'exif-js/example/dsc_09827.jpg',
  mountain: 'exif-js/example/DSCN0614_small.jpg',
  station: 'clarifai-nodejs-grpc/tests/assets/metro-north.jpg',
}
const TRAIN = 1
const POOL = 6
const TEST = 6
/** Shortest side of a part, as a share of the photo's. */
const PART = 0.3

/**
 * Labelled pictures in three parts: a few to learn from, a pool that nobody has labelled yet, and some to test with. A
 * folder has a folder of pictures for each label; without one they are parts of photos, each label from another photo.
 */
export async function labelledPictures(folder) {
  const byLabel = folder ? await readFolder(folder) : await partsOfPhotos()
  const sets = { labels: [...byLabel.keys()], train: [], pool: [], test: [] }
  for (const [label, pictures] of byLabel) {
    for (const [at, bytes] of pictures.entries()) {
      const set = at < TRAIN ? 'train' : at < TRAIN + TEST ? 'test' : 'pool'
      sets[set].push({ id: `${label}-${at}`, label, bytes })
    }
  }
  return sets
}

async function readFolder(folder) {
  const byLabel = new Map()
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue
    const files = (await readdir(join(folder, entry.name))).filter((name) => /\.(jpe?g|png|webp)$/i.test(name)).sort()
    byLabel.set(entry.name, await Promise.all(files.map((name) => readFile(join(folder, entry.name, name)))))
  }
  return byLabel
}

async function partsOfPhotos() {
  let seed = 1
  const random = () => {
    seed = (seed * 16807) % 2147483647
    return seed / 2147483647
  }
  const byLabel = new Map()
  for (const [label, path] of Object.entries(PHOTOS)) {
    const photo = await readFile(join(ROOT, 'node_modules', path))
    const { width, height } = await sharp(photo).metadata()
    const parts = []
    for (let at = 0; at < TRAIN + TEST + POOL; at++) {
      const side = Math.round(Math.min(width, height) * (PART + random() * 0.4))
      const [left, top] = [Math.floor(random() * (width - side)), Math.floor(random() * (height - side))]
      parts.push(await sharp(photo).extract({ left, top, width: side, height: side }).jpeg().toBuffer())
    }
    byLabel.set(label, parts)
  }
  return byLabel
}

/** Asks until the answer is as it should be. */
export async function until(ask, isDone) {
  for (;;) {
    const answer = await ask()
    if (isDone(answer)) return answer
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** Figures of an evaluation on one line. */
export function showMetrics(title, { examples, f1, precision, recall, rocAuc }) {
  const shown = Object.entries({ F1: f1, precision, recall, 'ROC AUC': rocAuc })
    .map(([name, value]) => `${name} ${value.toFixed(3)}`)
    .join('  ')
  console.log(`${title.padEnd(34)} ${shown}  (${examples} labelled pictures)`)
}

/** Status codes that the examples wait for. */
export const CODE = {
  SUCCESS: 10000,
  TRAINED: 21100,
  TRAINING: [21101, 21103],
  EVALUATED: 21300,
  EVALUATING: [21301, 21303],
  INPUT_READY: 30000,
  INPUT_WAITING: [30001, 30003],
}
