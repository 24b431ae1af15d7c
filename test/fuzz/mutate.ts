import { crc32 } from 'node:zlib'
import { seeded } from '../../src/media/test-images.ts'

/** A small valid file, and the numbers in its header that are worth lying about. */
export interface Sample {
  readonly name: string
  readonly bytes: Uint8Array
  /** Sizes, rates and counts as the file states them, wherever in it and in whatever byte order. */
  readonly numbers: readonly number[]
  /** Reading it takes so long that it is used less often than others. */
  readonly slow?: boolean
}

/** A damaged copy of a sample; the same seed and index always give the same bytes. */
export interface Mutant {
  readonly index: number
  readonly sample: string
  /** Names of what was done to it, in order. */
  readonly steps: readonly string[]
  readonly bytes: Buffer
}

type Random = () => number
type Step = (bytes: Buffer, random: Random, others: readonly Sample[], sample: Sample) => Buffer

/** Numbers at which arithmetic goes wrong. */
const EDGES = [
  0, 1, 2, 3, 7, 8, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x1_0000, 0xff_ffff, 0x7fff_ffff, 0x8000_0000,
  0xffff_fff0, 0xffff_ffff,
]
/** Bytes at the start that are hit more often than others: the dangerous numbers are there. */
const HEADER_BYTES = 96
const STEPS_MAX = 4
/** A mutant never grows beyond this, so that a run has bounded memory and time. */
const BYTES_MAX = 128 * 1024
/** Share of the mutants of slow samples that are made of another one instead. */
const SLOW_PASSED_OVER = 0.9

const below = (random: Random, end: number): number => Math.floor(random() * end)
const pick = <T>(random: Random, of: readonly T[]): T => of[below(random, of.length)]!
/** An offset in the file, in half of the cases one in its header. */
const place = (bytes: Buffer, random: Random): number =>
  below(random, random() < 0.5 ? Math.min(HEADER_BYTES, bytes.length) : bytes.length)

const STEPS: Readonly<Record<string, Step>> = {
  'flip bits': (bytes, random) => {
    for (let left = 1 + below(random, 16); left > 0; left--) bytes[place(bytes, random)]! ^= 1 << below(random, 8)
    return bytes
  },
  'set bytes': (bytes, random) => {
    for (let left = 1 + below(random, 4); left > 0; left--) bytes[place(bytes, random)] = pick(random, EDGES)
    return bytes
  },
  truncate: (bytes, random) => bytes.subarray(0, below(random, bytes.length)),
  'cut out': (bytes, random) => {
    const start = place(bytes, random)
    return Buffer.concat([bytes.subarray(0, start), bytes.subarray(start + 1 + below(random, 64))])
  },
  'repeat a part': (bytes, random) => {
    const start = place(bytes, random)
    const part = bytes.subarray(start, start + 1 + below(random, 2_000))
    const copies = new Array<Buffer>(1 + below(random, 8)).fill(part)
    return Buffer.concat([bytes.subarray(0, start), ...copies, bytes.subarray(start)])
  },
  'insert noise': (bytes, random) => {
    const at = place(bytes, random)
    const noise = Buffer.from(Array.from({ length: 1 + below(random, 64) }, () => below(random, 256)))
    return Buffer.concat([bytes.subarray(0, at), noise, bytes.subarray(at)])
  },
  splice: (bytes, random, others) => {
    const other = pick(random, others).bytes
    const at = below(random, other.length)
    return Buffer.concat([bytes.subarray(0, place(bytes, random)), other.subarray(at, at + below(random, 4_000))])
  },
  'swap the header': (bytes, random, others) => {
    const size = 4 + below(random, HEADER_BYTES)
    return Buffer.concat([pick(random, others).bytes.subarray(0, size), bytes.subarray(size)])
  },
  'write a length': (bytes, random) => writeNumber(bytes, place(bytes, random), edge(bytes, random), random),
  'lie about a number': (bytes, random, _others, { numbers }) => {
    const found = numbers.flatMap((number) => occurrences(bytes, number))
    if (found.length === 0) return writeNumber(bytes, place(bytes, random), edge(bytes, random), random)
    const { at, size, little } = pick(random, found)
    put(bytes, at, size, little, edge(bytes, random))
    return bytes
  },
  'repeat a chunk': (bytes, random) => {
    const chunks = chunksOf(bytes)
    if (chunks.length < 2) return bytes
    const { start, end } = pick(random, chunks)
    const to = pick(random, chunks).start
    return Buffer.concat([bytes.subarray(0, to), bytes.subarray(start, end), bytes.subarray(to)])
  },
  'drop a chunk': (bytes, random) => {
    const chunks = chunksOf(bytes)
    if (chunks.length < 2) return bytes
    const { start, end } = pick(random, chunks)
    return Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)])
  },
}
const STEP_NAMES = Object.keys(STEPS)

/** The mutant of this seed and index, of one of the samples; parts of all of them may get into it. */
export function mutant(samples: readonly Sample[], seed: number, index: number): Mutant {
  const random = seeded(seed * 1_000_003 + index * 7_919)
  // The generator's first numbers for neighbouring seeds are alike.
  random()
  const first = pick(random, samples)
  const sample = first.slow && random() < SLOW_PASSED_OVER ? pick(random, samples) : first
  let bytes = Buffer.from(sample.bytes)
  const steps: string[] = []
  for (let left = 1 + below(random, STEPS_MAX); left > 0 && bytes.length > 0; left--) {
    const name = pick(random, STEP_NAMES)
    steps.push(name)
    bytes = Buffer.from(STEPS[name]!(bytes, random, samples, sample).subarray(0, BYTES_MAX))
  }
  // Wrong sums would hide most of what was done to a PNG; half of them are put right.
  return { index, sample: sample.name, steps, bytes: random() < 0.5 ? bytes : withPngSums(bytes) }
}

function edge(bytes: Buffer, random: Random): number {
  return random() < 0.3 ? Math.max(0, bytes.length - 4 + below(random, 9)) : pick(random, EDGES)
}

function writeNumber(bytes: Buffer, at: number, value: number, random: Random): Buffer {
  put(bytes, at, pick(random, [1, 2, 3, 4]), random() < 0.5, value)
  return bytes
}

function put(bytes: Buffer, at: number, size: number, little: boolean, value: number): void {
  if (at + size > bytes.length) return
  const kept = value % 2 ** (8 * size)
  if (little) bytes.writeUIntLE(kept, at, size)
  else bytes.writeUIntBE(kept, at, size)
}

interface Field {
  readonly at: number
  readonly size: number
  readonly little: boolean
}

/** Where a number stands in a file, as two or four bytes. */
function occurrences(bytes: Buffer, number: number): Field[] {
  const fields: Field[] = []
  for (const size of [2, 4]) {
    for (const little of [true, false]) {
      const wanted = Buffer.alloc(size)
      put(wanted, 0, size, little, number)
      for (let at = bytes.indexOf(wanted); at >= 0; at = bytes.indexOf(wanted, at + 1))
        fields.push({ at, size, little })
    }
  }
  return fields
}

interface Chunk {
  readonly start: number
  readonly end: number
}

const PNG_START = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])

/** The parts that a file of a chunked format (PNG, JPEG, RIFF, ISO media, ASF, Ogg) consists of. */
function chunksOf(bytes: Buffer): Chunk[] {
  if (bytes.subarray(0, 8).equals(PNG_START)) return walk(bytes, 8, (at) => bytes.readUInt32BE(at) + 12)
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return walk(bytes, 2, (at) => bytes.readUInt16BE(at + 2) + 2)
  const tag = bytes.subarray(0, 4).toString('latin1')
  if (tag === 'RIFF') return walk(bytes, 12, (at) => 8 + bytes.readUInt32LE(at + 4) + (bytes.readUInt32LE(at + 4) & 1))
  if (tag === 'OggS') {
    return walk(bytes, 0, (at) => {
      const lines = bytes[at + 26] ?? 0
      return 27 + lines + bytes.subarray(at + 27, at + 27 + lines).reduce((sum, byte) => sum + byte, 0)
    })
  }
  if (bytes.subarray(4, 8).toString('latin1') === 'ftyp') {
    const top = walk(bytes, 0, (at) => bytes.readUInt32BE(at))
    const moov = top.find(({ start }) => bytes.subarray(start + 4, start + 8).toString('latin1') === 'moov')
    return moov ? [...top, ...walk(bytes.subarray(0, moov.end), moov.start + 8, (at) => bytes.readUInt32BE(at))] : top
  }
  return []
}

function walk(bytes: Buffer, from: number, sizeAt: (at: number) => number): Chunk[] {
  const chunks: Chunk[] = []
  for (let at = from; at + 8 <= bytes.length; ) {
    const size = sizeAt(at)
    if (size < 4 || at + size > bytes.length) break
    chunks.push({ start: at, end: at + size })
    at += size
  }
  return chunks
}

function withPngSums(bytes: Buffer): Buffer {
  if (!bytes.subarray(0, 8).equals(PNG_START)) return bytes
  for (const { start, end } of chunksOf(bytes)) {
    if (end - start >= 12) bytes.writeUInt32BE(crc32(bytes.subarray(start + 4, end - 4)), end - 4)
  }
  return bytes
}
