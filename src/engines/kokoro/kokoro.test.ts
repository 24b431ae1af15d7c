import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { decodeAudio } from '../../media/audio.ts'
import type { LoadedEngine } from '../engine.ts'
import { itemOf, loadForTest, PLAIN } from '../test-weights.ts'
import { whisper } from '../whisper/engine.ts'
import { kokoro } from './engine.ts'
import { TEXT_CHARS_MAX } from './limits.ts'

const words = (text: string): string[] => text.toLowerCase().match(/[a-z]+/g) ?? []

describe('speaking', () => {
  let engine: LoadedEngine
  before(async () => {
    engine = await loadForTest(kokoro)
  })
  after(() => engine.dispose())

  const say = async (raw: string, params = {}) => {
    const [data] = await engine.infer([itemOf({ text: { raw } })], { ...PLAIN, params })
    return data!.audio!
  }

  test('what is said can be written down again, word for word', async (t) => {
    const listener = await loadForTest(whisper)
    t.after(() => listener.dispose())
    const { base64, audioInfo } = await say('Hello world. The platform speaks, listens and reads on one small machine.')
    const { samples } = await decodeAudio(base64, { signal: new AbortController().signal })
    assert.ok(Math.abs(samples.length / 16_000 - audioInfo!.durationSeconds) < 0.1)
    assert.deepEqual([audioInfo!.audioFormat, audioInfo!.sampleRate, audioInfo!.bitRate], ['wav', 24_000, 384_000])
    const [heard] = await listener.infer([itemOf({ audio: { base64 } })], PLAIN)
    assert.deepEqual(
      words(heard!.text!.raw),
      words('hello world the platform speaks listens and reads on one small machine'),
    )
  })

  test('a text on which the numbers of the network overflow is said all the same', async () => {
    const { base64 } = await say('The phone battery lasts two days.')
    const { samples } = await decodeAudio(base64, { signal: new AbortController().signal })
    assert.ok(samples.some((sample) => Math.abs(sample) > 0.2))
  })

  test("speed and voice are the caller's", async () => {
    const [slow, fast, other] = [
      await say('Good morning.', { speed: 0.5 }),
      await say('Good morning.', { speed: '2' }),
      await say('Good morning.', { speed: 0.5, voice: 'onyx' }),
    ]
    assert.ok(slow.audioInfo!.durationSeconds > 1.5 * fast.audioInfo!.durationSeconds)
    assert.notDeepEqual(other.base64, slow.base64)
    assert.deepEqual(await say('Good morning.', { voice: '', speed: 0.5 }), slow, 'the same again')
  })

  test('what cannot be said is refused, and an order that is cancelled stops', async () => {
    await assert.rejects(say(''), { code: 30101 })
    await assert.rejects(say('。！？ 日本語'), { code: 30101, details: /no English words/ })
    await assert.rejects(say('word '.repeat(TEXT_CHARS_MAX / 4)), { code: 30101, details: /at most 3000/ })
    for (const params of [{ speed: 0 }, { speed: 'NaN' }, { speed: 1e9 }, { voice: 'nobody' }, { voice: 7 }]) {
      await assert.rejects(say('Hello.', params), { code: 21202 })
    }
    const item = itemOf({ text: { raw: 'One more sentence that takes a while. '.repeat(20) } })
    const stop = new AbortController()
    Object.assign(item.scope, { signal: stop.signal })
    const pending = engine.infer([item], PLAIN)
    stop.abort(new Error('enough'))
    await assert.rejects(pending, /enough/)
    await assert.rejects(engine.infer([itemOf({})], PLAIN), { code: 30101 })
  })
})
