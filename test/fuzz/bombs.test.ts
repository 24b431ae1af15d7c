import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { connect } from 'node:http2'
import { type AddressInfo, connect as connectTcp } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { crc32, deflateSync } from 'node:zlib'
import { StatusCode } from '../../src/contract/status-code.ts'
import { picture } from '../../src/media/test-images.ts'
import { encodeVideo } from '../../src/media/test-media.ts'
import { DEFAULT_WORKER_RSS_BYTES } from '../../src/runtime/limits.ts'
import { type FuzzServer, startFuzzServer } from './fuzz-server.ts'

const MIB = 1024 * 1024
const { SUCCESS, INPUT_OVER_LIMIT, INPUT_UNSUPPORTED_FORMAT, ALL_INPUT_INVALID_BYTES } = StatusCode

let server: FuzzServer
let host: Server
let site = ''
const asked: string[] = []
before(async () => {
  host = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    if (request.url?.startsWith('/loop')) response.writeHead(302, { location: `/loop${asked.length}` }).end()
    else response.end('')
  }).listen(0, '127.0.0.1')
  await once(host, 'listening')
  site = `http://127.0.0.1:${(host.address() as AddressInfo).port}`
  server = await startFuzzServer()
})
after(async () => {
  host.close()
  await server[Symbol.asyncDispose]()
})

/** Code of the one output for this medium; fails when the server complained or its memory ran away. */
async function codeOf(kind: 'image' | 'video' | 'audio', content: Buffer | string): Promise<number> {
  const medium = typeof content === 'string' ? { url: content } : { base64: content.toString('base64') }
  const model = kind === 'audio' ? 'whisper-base-en' : 'color-recognition'
  const { status, outputs } = await server.predict(model, [{ [kind]: medium }])
  assert.deepEqual(server.complaints(), [])
  assert.ok((await server.memory()).workerBytes < DEFAULT_WORKER_RSS_BYTES)
  return outputs?.[0]?.status.code ?? status.code
}

const pngChunk = (type: string, body: Buffer): Buffer => {
  const out = Buffer.alloc(body.length + 12)
  out.writeUInt32BE(body.length)
  out.write(type, 4, 'latin1')
  body.copy(out, 8)
  out.writeUInt32BE(crc32(out.subarray(4, body.length + 8)), body.length + 8)
  return out
}

/** A GIF of so many frames of one pixel each. */
function gifOf(frames: number): Buffer {
  const head = Buffer.concat([Buffer.from('GIF89a'), Buffer.from([1, 0, 1, 0, 0x80, 0, 0, 0, 0, 0, 255, 255, 255])])
  const frame = Buffer.from([0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0])
  return Buffer.concat([head, ...new Array<Buffer>(frames).fill(frame), Buffer.from([0x3b])])
}

/** A WAV of silence whose header may say that it has more. */
function silence(seconds: number, claimed = seconds): Buffer {
  const rate = 8_000
  const file = Buffer.alloc(44 + seconds * rate, 0xff)
  file.write('RIFF', 0, 'latin1')
  file.writeUInt32LE(36 + claimed * rate, 4)
  file.write('WAVEfmt ', 8, 'latin1')
  for (const [at, value, size] of [
    ...([
      [16, 16, 4],
      [20, 7, 2],
      [22, 1, 2],
      [24, rate, 4],
      [28, rate, 4],
      [32, 1, 2],
      [34, 8, 2],
    ] as const),
  ]) {
    file.writeUIntLE(value, at, size)
  }
  file.write('data', 36, 'latin1')
  file.writeUInt32LE(claimed * rate, 40)
  return file
}

describe('bombs', () => {
  test('pictures: frames without end, texts that swell, pages in a circle', async () => {
    assert.equal(await codeOf('image', gifOf(3)), SUCCESS)
    assert.equal(await codeOf('image', gifOf(5_000)), INPUT_OVER_LIMIT)
    const png = await picture(9, 9).png().toBuffer()
    const swelling = deflateSync(Buffer.alloc(50 * MIB))
    for (const [type, head] of [
      ['iCCP', 'x\0\0'],
      ['zTXt', 'Comment\0\0'],
    ] as const) {
      const chunk = pngChunk(type, Buffer.concat([Buffer.from(head, 'latin1'), swelling]))
      const code = await codeOf('image', Buffer.concat([png.subarray(0, 33), chunk, png.subarray(33)]))
      assert.ok(code === SUCCESS || code === ALL_INPUT_INVALID_BYTES, `${type}: ${code}`)
    }
    const tiff = await picture(9, 9).tiff({ compression: 'lzw' }).toBuffer()
    const directory = tiff.readUInt32LE(4)
    tiff.writeUInt32LE(directory, directory + 2 + 12 * tiff.readUInt16LE(directory))
    const code = await codeOf('image', tiff)
    assert.ok(code === SUCCESS || code === ALL_INPUT_INVALID_BYTES, `TIFF: ${code}`)
  })

  test('drawings that name other files are refused, and nothing is fetched or read for them', async () => {
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="9" height="9">
      <image xlink:href="${site}/drawn.png" width="9" height="9"/><image xlink:href="file:///etc/passwd"/></svg>`
    assert.equal(await codeOf('image', Buffer.from(svg)), INPUT_UNSUPPORTED_FORMAT)
    assert.equal(await codeOf('image', Buffer.from(`<?xml version="1.0"?>${svg}`)), INPUT_UNSUPPORTED_FORMAT)
    assert.deepEqual(asked, [])
  })

  test('sound that lasts too long, and sound that only says so', async () => {
    assert.equal(await codeOf('audio', silence(1, 400_000)), SUCCESS)
    assert.equal(await codeOf('audio', silence(1_801)), INPUT_OVER_LIMIT)
  })

  test('videos that say they last for days', async () => {
    const film = { container: 'mp4', codec: 'mpeg4', width: 32, height: 32, fps: 5, frames: 5 }
    const bytes = await encodeVideo({ ...film, luma: (frame) => frame * 9 })
    assert.equal(await codeOf('video', bytes), SUCCESS)
    for (const box of ['mvhd', 'mdhd']) {
      const at = bytes.indexOf(box)
      // Version and flags, two times, the time scale, then how long it lasts.
      bytes.writeUInt32BE(0x7fff_ffff, at + 4 + 4 + 8 + 4)
    }
    // What its frames say counts where that is known.
    assert.ok([SUCCESS, INPUT_OVER_LIMIT].includes(await codeOf('video', bytes)))
  })

  test('addresses that lead in a circle are given up, and no address is asked about before it is fetched', async () => {
    asked.length = 0
    const code = await codeOf('image', `${site}/loop`)
    assert.ok(code >= 30_000 && code < 40_000, `${code}`)
    assert.ok(asked.length < 30 && asked.every((line) => line.startsWith('GET ')), asked.join())
  })

  test('a text of one line of megabytes, and one beyond the limit', async () => {
    const text = (bytes: number): object => ({ text: { raw: 'x'.repeat(bytes) } })
    const given = [text(5 * MIB), text(20 * MIB + 1)]
    const whole = await server.predict('text-language-identification', given)
    const codes = whole.outputs?.map(({ status }) => status.code)
    assert.deepEqual(codes, [SUCCESS, INPUT_OVER_LIMIT], JSON.stringify(whole.status))
  })
})

test('clients that leave in the middle of a request leave nothing behind', async () => {
  const head = (length: string): string =>
    `POST /v2/users/clarifai/apps/main/models/color-recognition/outputs HTTP/1.1\r\nhost: a\r\nauthorization: Key ${server.pat}\r\ncontent-type: application/json\r\n${length}\r\n\r\n`
  const part = `{"inputs":[{"data":{"image":{"base64":"${'A'.repeat(MIB)}`
  const leave = async (): Promise<void> => {
    for (const length of ['content-length: 3000000', 'transfer-encoding: chunked']) {
      const socket = connectTcp(server.port, '127.0.0.1')
      await once(socket, 'connect')
      const body = length.startsWith('t') ? `${part.length.toString(16)}\r\n${part}` : part
      await new Promise<void>((sent) => socket.write(head(length) + body, () => sent()))
      socket.resetAndDestroy()
    }
    const session = connect(`http://127.0.0.1:${server.port}`)
    session.on('error', () => {})
    const path = '/clarifai.api.V2/StreamModelOutputs'
    const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' }
    const stream = session.request({ ...headers, authorization: `Key ${server.pat}` })
    stream.on('error', () => {})
    const frame = Buffer.alloc(100_000)
    frame.writeUInt32BE(2_000_000, 1)
    await new Promise<void>((sent) => stream.write(frame, () => sent()))
    session.destroy()
  }
  await leave()
  const settled = async (handles: number): Promise<number> => {
    // Closing takes turns of the server's event loop; a leak would never go below, and the test would run into its limit.
    for (let least = Number.POSITIVE_INFINITY; ; ) {
      least = Math.min(least, (await server.memory()).handles)
      if (least <= handles) return least
    }
  }
  const { handles } = await server.memory()
  for (let round = 0; round < 30; round++) await leave()
  await settled(handles + 3)
  assert.deepEqual(server.complaints(), [])
  const base64 = (await picture(9, 9).png().toBuffer()).toString('base64')
  assert.equal((await server.predict('color-recognition', [{ image: { base64 } }])).status.code, SUCCESS)
})
