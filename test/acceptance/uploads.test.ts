// Large files in parts and inputs out of archives, by the official gRPC client and over HTTP.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { create as createTar } from 'tar'
import { call, resources, type StaticClient, service, staticClient, userApp } from './kit/grpc.ts'
import { send } from './kit/http.ts'
import { PHOTO } from './kit/photo.ts'
import { PAT, startLimpid, USER } from './kit/server.ts'

const APP = 'uploads'
const UA = `/v2/users/${USER}/apps/${APP}`
const PATIENCE_MS = 60_000
const DONE = 68001
const IN_PROGRESS = 68000
const COMPLETED = 64002

const limpid = await startLimpid()
let folder: string
let client: StaticClient
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limpid-uploads-'))
  client = staticClient(limpid)
  const defaultWorkflow = { id: 'Empty', app_id: 'main', user_id: 'clarifai' }
  const body = { apps: [{ id: APP, default_workflow: defaultWorkflow }] }
  const made = await send(limpid.url, 'POST', `/v2/users/${USER}/apps`, { body })
  assert.equal(made.body.status.code, 10000, made.text)
})
after(async () => {
  client.close()
  await limpid[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

/** A tar.gz file with a photo in a folder and some texts. */
async function makeArchive(texts: number): Promise<Buffer> {
  const root = join(folder, `n${texts}`)
  await mkdir(join(root, 'photos'), { recursive: true })
  await writeFile(join(root, 'photos', 'one.jpg'), PHOTO)
  for (let n = 0; n < texts; n++) await writeFile(join(root, `text-${n}.txt`), `text ${n}`)
  const file = join(folder, `n${texts}.tar.gz`)
  await createTar({ cwd: root, file, gzip: true }, ['.'])
  return readFile(file)
}

const part = (data: Uint8Array, start: number, number: number): InstanceType<typeof resources.UploadContentPart> =>
  new resources.UploadContentPart().setData(data).setRangeStart(start).setPartNumber(number)

async function waitFor(id: string): Promise<InstanceType<typeof resources.InputsAddJob>> {
  const request = new service.GetInputsAddJobRequest().setUserAppId(userApp(APP)).setId(id)
  for (const end = performance.now() + PATIENCE_MS; ; await pause(100)) {
    const job = (await call(client, client.getInputsAddJob, request)).getInputsAddJob()!
    const progress = job.getProgress()!
    if (progress.getPendingCount() + progress.getInProgressCount() === 0) return job
    assert.ok(performance.now() < end, `still ${JSON.stringify(progress.toObject())}`)
  }
}

describe('the gRPC client', () => {
  test('uploads in parts, several at a time, and finds the content at its address', async () => {
    const bytes = Buffer.alloc(12 * 1024 * 1024, 'content ')
    const wanted = new resources.Upload().setContentName('big.bin').setContentLength(bytes.length)
    const posted = await call(
      client,
      client.postUploads,
      new service.PostUploadsRequest().setUserAppId(userApp(APP)).setUploadsList([wanted]),
    )
    const [upload] = posted.getUploadsList()
    assert.equal(upload!.getStatus()!.getCode(), IN_PROGRESS)
    const size = 5 * 1024 * 1024
    const answers = await Promise.all(
      [2, 0, 1].map((at) =>
        call(
          client,
          client.putUploadContentParts,
          new service.PutUploadContentPartsRequest()
            .setUserAppId(userApp(APP))
            .setUploadId(upload!.getId())
            .setContentPartsList([part(bytes.subarray(at * size, (at + 1) * size), at * size, at + 1)]),
        ),
      ),
    )
    assert.ok(answers.some((answer) => answer.getUpload()!.getStatus()!.getCode() === DONE))
    const get = new service.GetUploadRequest().setUserAppId(userApp(APP)).setUploadId(upload!.getId())
    const done = (await call(client, client.getUpload, get)).getUpload()!
    assert.equal(done.getStatus()!.getCode(), DONE)
    const headers = { authorization: `Key ${PAT}` }
    const whole = Buffer.from(await (await fetch(done.getContentUrl(), { headers })).arrayBuffer())
    assert.ok(whole.equals(bytes))
    const range = await fetch(done.getContentUrl(), { headers: { ...headers, range: 'bytes=8-14' } })
    assert.equal(range.status, 206)
    assert.equal(await range.text(), 'content')
    assert.equal((await fetch(done.getContentUrl())).status, 404)
  })

  test('uploads an archive, waits by the counters, and lists what came of it', async () => {
    const bytes = await makeArchive(20)
    const upload = new resources.Upload().setContentName('photos.tar.gz').setContentLength(bytes.length)
    const template = new resources.Input().setData(
      new resources.Data().setConceptsList([new resources.Concept().setId('holiday').setValue(1)]),
    )
    const wanted = new resources.InputsUpload().setUpload(upload).setInputTemplate(template).setAppPat(PAT)
    const posted = await call(
      client,
      client.postInputsUploads,
      new service.PostInputsUploadsRequest().setUserAppId(userApp(APP)).setInputsUploadsList([wanted]),
    )
    const [job] = posted.getInputsAddJobsList()
    await call(
      client,
      client.putUploadContentParts,
      new service.PutUploadContentPartsRequest()
        .setUserAppId(userApp(APP))
        .setUploadId(job!.getUploadsList()[0]!.getId())
        .setContentPartsList([part(bytes, 0, 1)]),
    )
    const done = await waitFor(job!.getId())
    assert.equal(done.getStatus()!.getCode(), COMPLETED, done.getStatus()!.getDetails())
    assert.equal(done.getProgress()!.getSuccessCount(), 21)
    const [extraction] = done.getExtractionJobsList()
    assert.equal(extraction!.getProgress()!.getImageInputsCount(), 1)
    assert.equal(extraction!.getProgress()!.getTextInputsCount(), 20)
    const get = new service.GetInputRequest().setUserAppId(userApp(APP)).setInputId('photos-one')
    const input = (await call(client, client.getInput, get)).getInput()!
    assert.equal(input.getData()!.getConceptsList()[0]!.getId(), 'holiday')
    assert.equal(input.getData()!.getImage()!.getImageInfo()!.getFormat(), 'JPEG')
  })
})

describe('over HTTP', () => {
  test('parts are base64, and held against their Content-Digest', async () => {
    const opened = await send(limpid.url, 'POST', `${UA}/uploads`, {
      body: { uploads: [{ content_name: 'a.txt', content_length: 6 }] },
    })
    assert.equal(opened.http, 200, opened.text)
    const [{ id }] = opened.body.uploads as [{ id: string }]
    const body = JSON.stringify({
      content_parts: [{ part_number: 1, range_start: 0, data: Buffer.from('abcdef').toString('base64') }],
    })
    const digest = (of: string): Record<string, string> => ({
      'content-digest': `sha-256=:${createHash('sha256').update(of).digest('base64')}:`,
      'content-type': 'application/json',
    })
    const path = `${UA}/uploads/${id}/content_parts`
    const damaged = await send(limpid.url, 'PUT', path, { body, headers: digest('something else') })
    assert.equal(damaged.http, 400)
    const sent = await send(limpid.url, 'PUT', path, { body, headers: digest(body) })
    assert.equal(sent.http, 200, sent.text)
    const { upload } = sent.body as unknown as { upload: { status: { code: number }; contentUrl?: string } }
    assert.equal(upload.status.code, DONE)
    const listed = await send(limpid.url, 'GET', `${UA}/uploads?per_page=1`)
    assert.equal((listed.body.uploads as { id: string }[])[0]!.id, id)
    const removed = await send(limpid.url, 'DELETE', `${UA}/uploads`, { body: { ids: [id] } })
    assert.equal(removed.http, 200)
    assert.equal((await send(limpid.url, 'GET', `${UA}/uploads/${id}`)).http, 404)
  })
})
