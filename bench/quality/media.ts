/* Reading, hearing, faces and enlarging, on media whose truth is known. */
import sharp from 'sharp'
import { facePhotos, platformPhoto, speechRecording } from '../../src/engines/test-weights.ts'
import type { Result } from '../kit/result.ts'
import { ask, picture } from './ask.ts'
import { distance, words } from './score.ts'
import { LINES } from './sentences.ts'

/** What is said in the recording of 1961. */
const SPOKEN =
  'And so my fellow Americans ask not what your country can do for you ask what you can do for your country'
/** Women in each of the three photos. */
const FACES_PER_PHOTO = 3

const PAGE = { width: 1000, height: 120, channels: 3 as const, background: '#f4f2ee' }
const escaped = (line: string): string => line.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

/** A page with a line of print; the font is whatever the machine has. */
async function page(line: string, size: number): Promise<Buffer> {
  const print = `<span foreground="#222" font_desc="sans ${size}px">${escaped(line)}</span>`
  const letters = await sharp({ text: { text: print, rgba: true } })
    .png()
    .toBuffer()
  return sharp({ create: PAGE })
    .composite([{ input: letters, left: 30, top: 40 }])
    .jpeg({ quality: 80 })
    .toBuffer()
}

async function reading(): Promise<Result[]> {
  const results: Result[] = []
  for (const size of [36, 18]) {
    const pages = await Promise.all(LINES.map((line) => page(line, size)))
    const blank = await sharp(pages[0]).stats()
    if (blank.channels[0]!.stdev < 1) {
      console.error('reading: skipped, as this machine has no fonts to print with')
      return []
    }
    const answers = await ask('paddle-ocr', pages.map(picture))
    let [wrong, characters] = [0, 0]
    for (const [at, { regions }] of answers.entries()) {
      const read = regions.map(({ data }) => data!.text!.raw).join(' ')
      wrong += distance([...LINES[at]!], [...read])
      characters += LINES[at]!.length
    }
    results.push({
      name: `paddle-ocr: wrong characters at ${size} pixels`,
      ours: wrong / characters,
      unit: 'share',
      note: `${LINES.length} printed lines, ${characters} characters; spaces count`,
    })
  }
  return results
}

async function hearing(): Promise<Result> {
  const [answer] = await ask('whisper', [{ audio: { base64: await speechRecording() } }])
  const truth = words(SPOKEN)
  return {
    name: 'whisper: wrong words',
    ours: distance(truth, words(answer!.text!.raw)) / truth.length,
    unit: 'share',
    note: `${truth.length} words of a speech of 1961, eleven seconds`,
  }
}

async function faces(): Promise<Result> {
  const photos = Object.values(await facePhotos())
  const answers = await ask('face-detector', photos.map(picture))
  const right = answers.reduce((sum, { regions }) => sum + Math.min(regions.length, FACES_PER_PHOTO), 0)
  const extra = answers.reduce((sum, { regions }) => sum + Math.max(0, regions.length - FACES_PER_PHOTO), 0)
  return {
    name: 'face-detector: faces found',
    ours: right / (photos.length * FACES_PER_PHOTO),
    unit: 'share',
    note: `${photos.length} photos of three women each; ${extra} too many`,
  }
}

/** Peak signal to noise ratio of two pictures of one size, in decibels. */
function psnr(a: Uint8Array, b: Uint8Array): number {
  const squares = a.reduce((sum, value, at) => sum + (value - b[at]!) ** 2, 0) / a.length
  return 10 * Math.log10(255 ** 2 / squares)
}

async function enlarging(): Promise<Result> {
  const [width, height] = [480, 288]
  const photos = [await platformPhoto(), ...Object.values(await facePhotos())]
  let [ours, baseline] = [0, 0]
  for (const photo of photos) {
    const raw = { width, height, channels: 3 as const }
    const truth = await sharp(photo).rotate().resize(width, height, { fit: 'cover' }).removeAlpha().raw().toBuffer()
    const small = await sharp(truth, { raw })
      .resize(width / 2, height / 2)
      .png()
      .toBuffer()
    const plain = await sharp(small).resize(width, height).removeAlpha().raw().toBuffer()
    const [answer] = await ask('esrgan-slim', [picture(small)])
    const large = await sharp(answer!.image!.base64).removeAlpha().raw().toBuffer()
    ours += psnr(large, truth) / photos.length
    baseline += psnr(plain, truth) / photos.length
  }
  return {
    name: 'esrgan-slim: halved photos enlarged again (PSNR)',
    ours,
    baseline,
    ratio: ours / baseline,
    unit: 'dB',
    note: `${photos.length} photos; baseline: Lanczos`,
  }
}

/** Everything about media. */
export async function mediaFigures(): Promise<Result[]> {
  return [...(await reading()), await hearing(), await faces(), await enlarging()]
}
