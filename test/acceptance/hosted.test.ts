// Inputs with bytes come back as hosted media, as any HTTP client sees them: from the data folder and from a bucket.
import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import sharp from 'sharp'
import { type S3Server, startS3 } from '../kit/s3-server.ts'
import { send } from './kit/http.ts'
import { type LimpidServer, makeDataDir, PAT, startLimpid, USER } from './kit/server.ts'

const APP = `/v2/users/${USER}/apps/photos`
const KEY = { authorization: `Key ${PAT}` }

interface Hosted {
  readonly prefix: string
  readonly suffix: string
  readonly sizes: readonly string[]
}

interface Input {
  readonly status: { readonly code: number }
  readonly data: {
    readonly image: { readonly url: string; readonly hosted: Hosted; readonly imageInfo: object }
    readonly text: { readonly url: string; readonly hosted: Hosted; readonly textInfo: object }
  }
}

async function processed(server: LimpidServer, id: string): Promise<Input> {
  for (;;) {
    const { body, text } = await send(server.url, 'GET', `${APP}/inputs/${id}`)
    const input = body.input as Input
    if (input.status.code === 30000) return input
    assert.ok([30001, 30003].includes(input.status.code), text)
  }
}

function suite(name: string, environment: () => Record<string, string>): void {
  describe(`hosted media ${name}`, () => {
    const dataDir = makeDataDir()
    let server: LimpidServer
    let photo: Buffer
    let input: Input
    const address = (size: string): string => {
      const { prefix, suffix } = input.data.image.hosted
      // A restart takes another port.
      return `${server.url}${new URL(prefix).pathname}/${size}/${suffix}`
    }

    before(async () => {
      server = await startLimpid({ dataDir, env: environment() })
      const noise = { create: { width: 1500, height: 900, channels: 3 as const, background: '#357' } }
      photo = await sharp(noise).jpeg().withMetadata({ orientation: 6 }).toBuffer()
      const defaultWorkflow = { id: 'Empty', appId: 'main', userId: 'clarifai' }
      const made = await send(server.url, 'POST', `/v2/users/${USER}/apps`, {
        body: { apps: [{ id: 'photos', defaultWorkflow }] },
      })
      assert.equal(made.http, 200, made.text)
      const inputs = [
        { id: 'photo', data: { image: { base64: photo.toString('base64') } } },
        { id: 'words', data: { text: { raw: 'grüne Wörter' } } },
      ]
      const posted = await send(server.url, 'POST', `${APP}/inputs`, { body: { inputs } })
      assert.equal(posted.http, 200, posted.text)
      input = await processed(server, 'photo')
    })
    after(async () => {
      await server?.stop()
      await rm(dataDir, { recursive: true, force: true })
    })

    it('has the original byte for byte and upright sizes, for those with the key', async () => {
      const { url, hosted, imageInfo } = input.data.image
      assert.deepEqual(hosted.sizes, ['orig', 'large', 'small', 'tiny'])
      assert.equal(url, `${server.url}/data/orig/${hosted.suffix}`)
      assert.match(hosted.suffix, new RegExp(`^users/${USER}/apps/photos/inputs/image/[0-9a-f]{32}$`))
      assert.deepEqual(imageInfo, { width: 900, height: 1500, format: 'JPEG', colorMode: 'RGB' })
      const original = await fetch(url, { headers: KEY })
      assert.deepEqual(Buffer.from(await original.arrayBuffer()), photo)
      const large = await fetch(address('large'), { headers: KEY })
      const { width, height } = await sharp(Buffer.from(await large.arrayBuffer())).metadata()
      assert.deepEqual([width, height], [614, 1024])
      assert.equal((await fetch(url)).status, 404)
      assert.equal((await fetch(url, { headers: { authorization: `Key ${'f'.repeat(32)}` } })).status, 401)
      const cookie = `x-clarifai-api-key=${PAT}`
      const part = await fetch(url, { headers: { cookie, range: 'bytes=0-1' } })
      assert.deepEqual([part.status, ...new Uint8Array(await part.arrayBuffer())], [206, 0xff, 0xd8])
    })

    it('has texts that were sent raw', async () => {
      const { text } = (await processed(server, 'words')).data
      assert.deepEqual(text.textInfo, { charCount: 12, encoding: 'UTF8' })
      const answer = await fetch(text.url, { headers: KEY })
      assert.equal(answer.headers.get('content-type'), 'text/plain; charset=utf-8')
      assert.equal(await answer.text(), 'grüne Wörter')
    })

    it('still has them after a restart, and no more when the input is deleted', async () => {
      await server.stop()
      server = await startLimpid({ dataDir, env: environment() })
      const again = await fetch(address('orig'), { headers: KEY })
      assert.deepEqual(Buffer.from(await again.arrayBuffer()), photo)
      assert.equal((await send(server.url, 'DELETE', `${APP}/inputs/photo`)).http, 200)
      assert.equal((await fetch(address('orig'), { headers: KEY })).status, 404)
    })
  })
}

suite('in the data folder', () => ({}))

describe('with a bucket', () => {
  let bucket: S3Server
  before(async () => {
    bucket = await startS3()
  })
  after(() => bucket.close())
  suite('in a bucket', () => ({
    LIMPID_BLOBS: `s3://${bucket.settings.bucket}/limpid`,
    LIMPID_S3_ENDPOINT: bucket.url,
    AWS_ACCESS_KEY_ID: bucket.settings.accessKeyId,
    AWS_SECRET_ACCESS_KEY: bucket.settings.secretAccessKey,
  }))
  it('lies there under its hash', async () => {
    const keys = await bucket.keys('limpid/')
    assert.ok(keys.length >= 2 && keys.every((key) => /^[0-9a-f]{64}$/.test(key)), keys.join())
  })
})
