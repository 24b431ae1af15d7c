import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { XMLParser } from 'fast-xml-parser'
import { StatusCode } from '../../src/contract/status-code.ts'
import { readPath } from '../../src/domain/media/address.ts'
import { picture } from '../../src/media/test-images.ts'
import { encodeVideo } from '../../src/media/test-media.ts'
import { refused, succeeded, type TestApp } from '../kit/apps.ts'
import { makePlainApp } from '../kit/inputs.ts'
import { startTestServer, type TestServer } from '../kit/server.ts'

const ORIGIN = 'https://ai.example.org'

describe('video manifests', () => {
  let server: TestServer
  let app: TestApp

  before(async () => {
    server = await startTestServer({ settings: { publicUrl: ORIGIN } })
    app = await makePlainApp(server, 'films')
    const film = (codec: string, container: string) =>
      encodeVideo({ container, codec, width: 160, height: 120, fps: 10, frames: 45, luma: (frame) => frame * 5 })
    await post('film', { video: { base64: await film('libx264', 'mp4') } })
    await post('old-film', { video: { base64: await film('mpeg4', 'avi') } })
    await post('picture', { image: { base64: await picture(50, 50).png().toBuffer() } })
    await post('broken', { video: { base64: (await film('libx264', 'mp4')).subarray(0, 900) } })
    await server.services.jobs.idle()
  })
  after(() => server[Symbol.asyncDispose]())

  const post = async (id: string, data: object) =>
    succeeded(await server.call('PostInputs', { userAppId: app.userAppId, inputs: [{ id, data }] }))
  const ask = (inputId: string) => server.call('GetInputVideoManifest', { userAppId: app.userAppId, inputId })

  function parsed(manifestUrl: string) {
    const [, base64 = ''] = /^data:application\/dash\+xml;base64,(.+)$/.exec(manifestUrl) ?? []
    const xml = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '' })
    return xml.parse(Buffer.from(base64, 'base64').toString()).MPD
  }

  it('name ranges of a hosted file by a link that opens it', async () => {
    const { manifestUrl } = succeeded(await ask('film'))
    const manifest = parsed(manifestUrl)
    assert.equal(manifest.profiles, 'urn:mpeg:dash:profile:isoff-on-demand:2011')
    assert.match(manifest.mediaPresentationDuration, /^PT4\.5\d*S$/)
    const { Representation: track, mimeType } = manifest.Period.AdaptationSet
    assert.equal(mimeType, 'video/mp4')
    assert.match(track.codecs, /^avc1\./)
    assert.deepEqual([track.width, track.height], ['160', '120'])
    const url = new URL(track.BaseURL)
    assert.equal(url.origin, ORIGIN)
    const { size } = readPath(url.pathname)!
    assert.equal(size, 'dash_video')
    const { mediaLinks, clock, db, blobs } = server.services
    const { expires, signature } = Object.fromEntries(url.searchParams)
    assert.ok(mediaLinks.isGood(url.pathname, expires!, signature!, clock.now()))
    const row = await db.read
      .selectFrom('media_files')
      .selectAll()
      .where('size_name', '=', size)
      .executeTakeFirstOrThrow()
    const bytes = Buffer.from(await blobs.bytes(row.hash, row.size))
    const [start, end] = track.SegmentBase.indexRange.split('-').map(Number)
    assert.equal(bytes.toString('latin1', start + 4, start + 8), 'sidx')
    assert.equal(bytes.readUInt32BE(start), end - start + 1)
    assert.match(track.SegmentBase.Initialization.range, /^0-\d+$/)
  })

  it('are made once, however often and together they are asked for', async () => {
    const answers = await Promise.all(Array.from({ length: 3 }, () => ask('film')))
    for (const answer of answers) succeeded(answer)
    const { db } = server.services
    const files = await db.read.selectFrom('media_files').select('hash').where('size_name', '=', 'dash_video').execute()
    assert.equal(files.length, 1)
    const blob = await db.read.selectFrom('blobs').select('ref_count').where('hash', '=', files[0]!.hash).execute()
    assert.deepEqual(blob, [{ ref_count: 1 }])
  })

  it('only name the original of what browsers do not play, and say so', async () => {
    const answer = await ask('old-film')
    assert.equal(answer.status?.code, StatusCode.MIXED_STATUS)
    const { Representation: track, mimeType } = parsed(answer.manifestUrl).Period.AdaptationSet
    assert.equal(mimeType, 'video/vnd.avi')
    assert.equal(readPath(new URL(track.BaseURL).pathname)!.size, 'orig')
  })

  it('are refused for what is no video, none yet or not there', async () => {
    refused(await ask('picture'), StatusCode.INPUT_INVALID_ARGUMENT)
    refused(await ask('absent'), StatusCode.CONN_DOES_NOT_EXIST)
    const failed = await ask('broken')
    refused(failed, StatusCode.FAILURE)
    assert.equal(failed.manifestUrl, '')
  })
})
