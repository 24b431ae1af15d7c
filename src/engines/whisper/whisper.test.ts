import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { before, test } from 'node:test'
import { pseudoRandom } from '../../../test/kit/weights/pseudo-random.ts'
import { testWeightStore } from '../../../test/kit/weights/source-files.ts'
import { encodeTone } from '../../media/test-media.ts'
import type { LoadedEngine } from '../engine.ts'
import { itemOf, loadForTest, PLAIN, speechRecording } from '../test-weights.ts'
import { ENGLISH } from './dialect.ts'
import { whisper } from './engine.ts'
import { loopTail, nextToken, sentences } from './next-token.ts'
import { speechSpans, utterances } from './speech.ts'
import { Vocabulary } from './vocabulary.ts'

const { endOfText: END_OF_TEXT, firstTime: FIRST_TIME, tokens: TOKENS } = ENGLISH

const headerBytes = (file: Buffer): number => file.indexOf('data') + 8

/** A WAV file of samples behind each other, with the header of another one. */
function wav(header: Buffer, parts: readonly Buffer[]): Buffer {
  const samples = Buffer.concat(parts)
  const head = Buffer.from(header.subarray(0, headerBytes(header)))
  head.writeUInt32LE(head.length - 8 + samples.length, 4)
  head.writeUInt32LE(samples.length, head.length - 4)
  return Buffer.concat([head, samples])
}

test('speech begins when it is certain and ends after a pause', () => {
  const certainty = [
    ...[0.1, 0.4, 0.6, 0.9, 0.4, 0.2, 0.2, 0.9, 0.1, 0.1],
    ...new Array<number>(7).fill(0.1),
    ...[0.8, 0.1],
    ...new Array<number>(9).fill(0),
  ]
  assert.deepEqual(speechSpans(certainty), [{ start: 2, end: 8 }])
  assert.deepEqual(speechSpans([0, 0.9, 0.9, 0.9, 0.9]), [{ start: 1, end: 5 }])
  assert.deepEqual(speechSpans([]), [])
})

test('spans are taken together up to a length, and long ones are cut where speech is least certain', () => {
  const limits = { pauseMax: 3, lengthMax: 10 }
  const spans = [
    { start: 0, end: 4 },
    { start: 6, end: 9 },
    { start: 11, end: 14 },
    { start: 20, end: 21 },
  ]
  assert.deepEqual(utterances(spans, new Float32Array(21), limits), [
    { start: 0, end: 9 },
    { start: 11, end: 14 },
    { start: 20, end: 21 },
  ])
  const certainty = new Float32Array(30).fill(1)
  certainty[2] = 0
  certainty[7] = 0.2
  assert.deepEqual(utterances([{ start: 0, end: 16 }], certainty, limits), [
    { start: 0, end: 7 },
    { start: 7, end: 16 },
  ])
})

let vocabulary: Vocabulary
before(async () => {
  const { files } = await testWeightStore().ensure('whisper-base-en')
  vocabulary = new Vocabulary(await readFile(files.vocabulary, 'utf8'))
})

test('tokens stand for the texts of the original', () => {
  assert.equal(vocabulary.text([843, 523, 616, 5891, 3399]), ' And so my fellow Americans')
  // One letter in two tokens.
  assert.equal(vocabulary.text([129, 224]), 'ł')
  assert.ok(vocabulary.unwanted.has(7) && !vocabulary.unwanted.has(11))
  assert.deepEqual([...vocabulary.notFirst], [220, END_OF_TEXT])
  assert.throws(() => new Vocabulary('["YQ=="]'), /not that of this kind of Whisper model/)
})

const A = 843
const B = 523

/** The token chosen when the given ones have the given scores and all others -50. */
function choose(scores: Record<number, number>, written: readonly number[]): number {
  const logits = new Float32Array(TOKENS).fill(-50)
  for (const [token, value] of Object.entries(scores)) logits[Number(token)] = value
  return nextToken(logits, written, vocabulary)
}

test('texts follow the rules of times', () => {
  const t = (steps: number): number => FIRST_TIME + steps
  assert.equal(choose({ [A]: 9, [t(30)]: 2, [t(70)]: 5 }, []), t(30), 'a time within the first second comes first')
  assert.equal(choose({ [A]: 1, [t(40)]: 5, [END_OF_TEXT]: 8, 220: 7 }, [t(0)]), A, 'text follows an opening time')
  assert.equal(choose({ [A]: 3, [B]: 4, 7: 9 }, [t(0), A]), B, 'signs of sounds are never written')
  assert.equal(choose({ [END_OF_TEXT]: 5, [B]: 4 }, [t(0), A]), END_OF_TEXT)
  assert.equal(choose({ [B]: 4, [t(50)]: 3.5, [t(51)]: 3.5 }, [t(0), A]), t(50), 'times count together')
  assert.equal(choose({ [B]: 4, [t(20)]: 9, [t(60)]: 5 }, [t(0), A, t(50), t(50), B]), t(60), 'times never go back')
  assert.equal(choose({ [B]: 9, [t(50)]: 2, [t(55)]: 1 }, [t(0), A, t(50)]), t(50), 'a closing time is doubled')
  assert.equal(choose({ [B]: 9, [END_OF_TEXT]: 3, [t(50)]: 2 }, [t(0), A, t(50)]), END_OF_TEXT)
})

test('written tokens come apart into sentences', () => {
  const t = (seconds: number): number => FIRST_TIME + seconds * 50
  assert.deepEqual(sentences([t(0), A, B, t(2), t(3), A, t(99 / 25)], vocabulary, 3.5), [
    { begin: 0, end: 2, text: 'And so' },
    { begin: 3, end: 3.5, text: 'And' },
  ])
  assert.deepEqual(sentences([t(1), A], vocabulary, 8), [{ begin: 1, end: 8, text: 'And' }])
  assert.deepEqual(sentences([t(1), t(1)], vocabulary, 8), [])
})

test('a text that goes round in circles is noticed', () => {
  assert.equal(loopTail([1, 2, 3, 1, 2, 3, 1, 2, 3]), 0)
  assert.equal(loopTail([9, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3]), 9)
  assert.equal(loopTail([5, 5, 5, 5]), 3)
  assert.equal(loopTail([]), 0)
})

async function write(engine: LoadedEngine, base64: Uint8Array) {
  const [data] = await engine.infer([itemOf({ audio: { base64 } })], PLAIN)
  return data!
}

const words = (text: string): string[] => text.toLowerCase().match(/[a-z]+/g) ?? []
const SPOKEN = words('ask not what your country can do for you, ask what you can do for your country')

test('speech is written down with times, noise and tones are not', async (t) => {
  const engine = await loadForTest(whisper)
  t.after(() => engine.dispose())
  const recording = await speechRecording()
  const samples = recording.subarray(headerBytes(recording))

  const once = await write(engine, recording)
  assert.ok(once.text!.raw.startsWith('And so my fellow Americans'))
  assert.deepEqual(words(once.text!.raw).slice(-12), SPOKEN.slice(-12))
  assert.equal(once.text!.raw, once.timeSegments.map(({ data }) => data!.text!.raw).join(' '))
  const times = once.timeSegments.flatMap(({ timeInfo }) => [timeInfo!.beginTime, timeInfo!.endTime])
  assert.deepEqual(
    times,
    times.toSorted((a, b) => a - b),
  )
  assert.ok(times[0]! < 1 && times.at(-1)! > 10 && times.at(-1)! < 11.1, `${times}`)

  // Longer than one window, with a pause that splits it: the second half comes later by what lies before it.
  const pause = Buffer.alloc(32_000 * 9)
  const twice = await write(engine, wav(recording, [samples, pause, samples]))
  const later = twice.timeSegments.at(-1)!
  for (const segment of [once.timeSegments.at(-1)!, later]) {
    assert.deepEqual(words(segment.data!.text!.raw).slice(-6), SPOKEN.slice(-6))
  }
  assert.equal(words(twice.text!.raw).filter((word) => word === 'country').length, 4)
  assert.ok(Math.abs(later.timeInfo!.endTime - times.at(-1)! - 20) < 0.5, `${later.timeInfo!.endTime}`)

  const next = pseudoRandom(5)
  const noise = Buffer.from(Int16Array.from({ length: 48_000 }, () => (next() - 0.5) * 9_000).buffer)
  const tone = {
    container: 'wav',
    codec: 'pcm_s16le',
    hertz: 440,
    sampleRate: 16_000,
    channels: 1,
    seconds: 3,
  } as const
  for (const file of [wav(recording, [noise]), wav(recording, [pause]), await encodeTone(tone)]) {
    const data = await write(engine, file)
    assert.deepEqual([data.text!.raw, data.timeSegments], ['', []])
  }
  await assert.rejects(engine.infer([itemOf({})], PLAIN), { code: 30101 })
  await assert.rejects(write(engine, recording.subarray(0, 20)), { code: 30300 })
})

test('writing stops when nobody waits for it any more', async (t) => {
  const engine = await loadForTest(whisper)
  t.after(() => engine.dispose())
  const item = itemOf({ audio: { base64: await speechRecording() } })
  const stop = new AbortController()
  Object.assign(item.scope, { signal: stop.signal })
  const pending = engine.infer([item], PLAIN)
  stop.abort(new Error('enough'))
  await assert.rejects(pending, /enough/)
})
