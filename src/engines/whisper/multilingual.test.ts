import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FloatOutput, Model } from '../onnx.ts'
import { MULTILINGUAL } from './dialect.ts'
import { transcribe, type Whisper } from './transcribe.ts'
import { Vocabulary } from './vocabulary.ts'

const SIZE = { layers: 1, heads: 1 }
const { endOfText, firstTime, languages, noSpeech, startOfText, tokens } = MULTILINGUAL
const { codes, firstLanguage, writeDown } = languages!
const [GUTEN, TAG] = [7, 8]

const nothing: FloatOutput = { data: new Float32Array(0), dims: [1, 1, 64, 0] }
const model = (run: Model['run']): Model => ({ bytes: 0, run, dispose: async () => {} })

/** A decoder that answers each token by the one that follows it here, and notes what it was asked. */
function scripted(follow: ReadonlyMap<number, number>): { asked: [number, number][]; whisper: Whisper } {
  const asked: [number, number][] = []
  const words = Array.from({ length: endOfText }, (_, id) => (id === GUTEN ? ' Guten' : id === TAG ? ' Tag' : `w${id}`))
  const vocabulary = new Vocabulary(
    JSON.stringify(words.map((word) => Buffer.from(word).toString('base64'))),
    MULTILINGUAL,
  )
  const decoder = model(async ({ token, position }) => {
    const at = Number((token!.data as BigInt64Array)[0])
    asked.push([at, Number((position!.data as BigInt64Array)[0])])
    const data = new Float32Array(tokens).fill(-20)
    data[follow.get(at) ?? endOfText] = 20
    return { logits: { data, dims: [1, tokens] }, keys_0: nothing, values_0: nothing }
  })
  const encoder = model(async () => ({ sound_keys_0: nothing, sound_values_0: nothing }))
  return { asked, whisper: { encoder, decoder, vocabulary, size: SIZE } }
}

const GERMAN = firstLanguage + codes.indexOf('de')
const SPEECH = new Map([
  [startOfText, GERMAN],
  [writeDown, firstTime],
  [firstTime, GUTEN],
  [GUTEN, TAG],
  [TAG, firstTime + 50],
])
const signal = new AbortController().signal
const sound = new Float32Array(16_000)

test('there are 99 languages, and the tokens after them are those of the original', () => {
  assert.equal(codes.length, 99)
  assert.equal(new Set(codes).size, 99)
  assert.equal(firstLanguage + codes.length, writeDown - 1)
  assert.equal(firstTime + 1_501, tokens)
})

test('the language is found out, then text and times follow', async () => {
  const { asked, whisper } = scripted(SPEECH)
  const { language, sentences } = await transcribe(whisper, sound, signal)
  assert.equal(language, 'de')
  assert.deepEqual(sentences, [{ begin: 0, end: 1, text: 'Guten Tag' }])
  assert.deepEqual(asked.slice(0, 4), [
    [startOfText, 0],
    [GERMAN, 1],
    [writeDown, 2],
    [firstTime, 3],
  ])
})

test('a language that is given is taken', async () => {
  const { asked, whisper } = scripted(SPEECH)
  assert.equal((await transcribe(whisper, sound, signal, 'fr')).language, 'fr')
  assert.deepEqual(asked[1], [firstLanguage + codes.indexOf('fr'), 1])
})

test('where nobody speaks nothing is written', async () => {
  const { asked, whisper } = scripted(new Map([[startOfText, noSpeech]]))
  assert.deepEqual(await transcribe(whisper, sound, signal), { sentences: [] })
  assert.equal(asked.length, 1)
})
