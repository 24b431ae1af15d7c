import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { AppError, isAppError } from '../base/errors.ts'
import { DataSchema } from '../contract/gen/proto/clarifai/api/resources_pb.js'
import { StatusCode } from '../contract/status-code.ts'
import type { Fetched, FetchOptions } from '../fetch/guarded-fetcher.ts'
import { MAX_IMAGE_BYTES, MAX_PARALLEL_FETCHES, MAX_REQUEST_MEDIA_BYTES, MAX_TEXT_BYTES } from './limits.ts'
import { createInputResolver } from './resolve-input.ts'
import { picture } from './test-images.ts'
import { encodeTone } from './test-media.ts'

const failsWith = (code: StatusCode) => (error: unknown) => isAppError(error) && error.code === code
const data = (init: MessageInitShape<typeof DataSchema>) => create(DataSchema, init)

/** A fetcher that answers from a table and notes what it was asked. */
function fakeFetcher(files: Record<string, Buffer>) {
  const calls: (FetchOptions & { url: string })[] = []
  let running = 0
  let mostRunning = 0
  return {
    calls,
    mostRunning: () => mostRunning,
    fetchBytes: async (url: string, options: FetchOptions): Promise<Fetched> => {
      calls.push({ url, ...options })
      mostRunning = Math.max(mostRunning, ++running)
      await new Promise((resolve) => setImmediate(resolve))
      running--
      const bytes = files[url.trim()]
      if (!bytes) throw new AppError(StatusCode.INPUT_FAILED, '404 Client Error')
      return { bytes, contentType: '', finalUrl: url }
    },
  }
}

test('bytes, raw text and URLs become media, in a fixed order', async () => {
  const png = await picture(8, 8).png().toBuffer()
  const wav = await encodeTone({
    ...{ container: 'wav', codec: 'pcm_s16le', hertz: 440, sampleRate: 8_000, channels: 1 as const, seconds: 0.1 },
  })
  const fetcher = fakeFetcher({ 'http://a/t': Buffer.from('\ufeffhéllo') })
  const resolver = createInputResolver(fetcher)
  const all = data({ text: { url: ' http://a/t ' }, image: { base64: png }, audio: { base64: wav } })
  assert.deepEqual(await resolver.resolve(all), [
    { kind: 'image', bytes: png },
    { kind: 'audio', bytes: wav },
    { kind: 'text', text: 'héllo', sourceUrl: 'http://a/t' },
  ])
  assert.deepEqual(await resolver.resolve(data({ text: { raw: 'words' } })), [{ kind: 'text', text: 'words' }])
})

test('a URL is fetched once per request, with the limit of its kind', async () => {
  const png = await picture(8, 8).png().toBuffer()
  const fetcher = fakeFetcher({ 'http://a/p': png, 'http://a/v': png })
  const { signal } = new AbortController()
  const resolver = createInputResolver(fetcher, signal)
  const input = data({ image: { url: 'http://a/p' } })
  const [first, second] = await Promise.all([resolver.resolve(input), resolver.resolve(input)])
  assert.deepEqual(first, second)
  await resolver.resolve(data({ video: { url: 'http://a/v' } }))
  assert.deepEqual(
    fetcher.calls.map(({ url, accept, maxBytes }) => [url, accept, maxBytes]),
    [
      ['http://a/p', 'image', 20 * 1024 ** 2],
      ['http://a/v', 'video', 300 * 1024 ** 2],
    ],
  )
  assert.ok(fetcher.calls.every((call) => call.signal === signal))
  await createInputResolver(fetcher).resolve(input)
  assert.equal(fetcher.calls.length, 3)
})

test('few files are fetched at the same time, and a failed one does not hold up the others', async () => {
  const files = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`http://a/${i}`, Buffer.from(`text ${i}`)]))
  delete files['http://a/7']
  const fetcher = fakeFetcher(files)
  const resolver = createInputResolver(fetcher)
  const settled = await Promise.allSettled(
    Array.from({ length: 60 }, (_, i) => resolver.resolve(data({ text: { url: `http://a/${i}` } }))),
  )
  assert.equal(fetcher.mostRunning(), MAX_PARALLEL_FETCHES)
  assert.deepEqual(
    settled.flatMap(({ status }, i) => (status === 'rejected' ? [i] : [])),
    [7],
  )
})

test('inputs without data are told what is missing', async () => {
  const resolver = createInputResolver(fakeFetcher({}))
  for (const empty of [undefined, data({}), data({ image: {} }), data({ text: {} }), data({ video: { url: '  ' } })]) {
    await assert.rejects(resolver.resolve(empty), failsWith(StatusCode.INPUT_INVALID_ARGUMENT))
  }
  await assert.rejects(
    resolver.resolve(data({ text: { raw: 'a\ud800' } })),
    failsWith(StatusCode.INPUT_INVALID_ARGUMENT),
  )
})

test('sizes, kinds and encodings are checked', async () => {
  const files = { 'http://a/latin1': Buffer.from([0x63, 0xe9]) }
  const png = await picture(8, 8).png().toBuffer()
  const resolver = createInputResolver(fakeFetcher(files))
  const huge = Buffer.alloc(MAX_IMAGE_BYTES + 1)
  await assert.rejects(resolver.resolve(data({ image: { base64: huge } })), failsWith(StatusCode.INPUT_OVER_LIMIT))
  const raw = 'é'.repeat(MAX_TEXT_BYTES / 2 + 1)
  await assert.rejects(resolver.resolve(data({ text: { raw } })), failsWith(StatusCode.INPUT_OVER_LIMIT))
  for (const wrong of [
    data({ image: { base64: Buffer.from('hello') } }),
    data({ video: { base64: png } }),
    data({ text: { url: 'http://a/latin1' } }),
  ]) {
    await assert.rejects(resolver.resolve(wrong), failsWith(StatusCode.INPUT_UNSUPPORTED_FORMAT))
  }
})

test('the inputs of a request have a limit together', async () => {
  const large = Buffer.alloc(MAX_REQUEST_MEDIA_BYTES / 4 + 1, 'x')
  const urls = ['http://a/1', 'http://a/2', 'http://a/3', 'http://a/4']
  const resolver = createInputResolver(fakeFetcher(Object.fromEntries(urls.map((url) => [url, large]))))
  for (const url of urls.slice(0, 3)) await resolver.resolve(data({ video: { url } }))
  await assert.rejects(resolver.resolve(data({ video: { url: urls[3]! } })), failsWith(StatusCode.INPUT_OVER_LIMIT))
})
