import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { create as createTar } from 'tar'
import { send } from './kit/http.ts'
import { type LimpidServer, makeDataDir, startLimpid, USER } from './kit/server.ts'

/** How often the server is killed while it takes an archive in parts and makes inputs of its files. */
const KILLS = Number(process.env.LIMPID_TEST_KILLS ?? 6)
const FILES = 900
const PARTS = 24
const PATIENCE_MS = 90_000
const APP = `/v2/users/${USER}/apps/crash`

// A small generator with a printed seed, so that a failure can be played again.
const seed = Number(process.env.LIMPID_TEST_SEED ?? Math.trunc(Math.random() * 2 ** 31))
let state = seed
const random = (below: number): number => {
  state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
  return state % below
}

async function makeArchive(): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'limpid-crash-'))
  try {
    const names = Array.from({ length: FILES }, (_, n) => `t${n}.txt`)
    for (const name of names) await writeFile(join(folder, name), `content of ${name}`)
    await createTar({ cwd: folder, file: join(folder, 'all.tar') }, names)
    return await readFile(join(folder, 'all.tar'))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

interface Job {
  readonly status: { readonly code: number; readonly details?: string }
  readonly progress?: Readonly<Record<string, number>>
}

async function jobOf(server: LimpidServer): Promise<Job> {
  const { body } = await send(server.url, 'GET', `${APP}/inputs/jobs/add/crash`)
  return (body.inputs_add_job ?? body.inputsAddJob) as Job
}

/** The ranges that an upload lacks, as its status says them. */
async function missing(server: LimpidServer, id: string): Promise<[number, number][]> {
  const { body } = await send(server.url, 'GET', `${APP}/uploads/${id}`)
  const { status } = body.upload as { status: { code: number; details?: string } }
  const found = [...(status.details ?? '').matchAll(/(\d+)-(\d+)/g)]
  return status.code === 68000 ? found.map(([, first, last]) => [Number(first), Number(last)]) : []
}

test('a server that is killed while an archive comes in loses no file of it and doubles none', async (t) => {
  t.diagnostic(`seed ${seed}`)
  const archive = await makeArchive()
  const size = Math.ceil(archive.length / PARTS)
  const dataDir = makeDataDir()
  let upload = ''
  /** Goes on with the upload, and looks at the job until that is done; ends when the server does. */
  const goOn = async (server: LimpidServer): Promise<'over'> => {
    for (let gaps = await missing(server, upload); gaps.length > 0; gaps = await missing(server, upload)) {
      const [first, last] = gaps[random(gaps.length)]!
      const start = first + random(Math.max(1, last - first - size))
      const data = archive.subarray(start, Math.min(start + size, archive.length)).toString('base64')
      const body = { content_parts: [{ part_number: 1, range_start: start, data }] }
      const { body: answer } = await send(server.url, 'PUT', `${APP}/uploads/${upload}/content_parts`, { body })
      assert.equal(answer.status.code, 10000, answer.status.details)
    }
    for (const end = performance.now() + PATIENCE_MS; ; await pause(20)) {
      const { status } = await jobOf(server)
      if (status.code !== 64001) return 'over'
      assert.ok(performance.now() < end, 'the job does not come to its end')
    }
  }
  try {
    {
      await using server = await startLimpid({ dataDir })
      const defaultWorkflow = { id: 'Empty', app_id: 'main', user_id: 'clarifai' }
      const body = { apps: [{ id: 'crash', default_workflow: defaultWorkflow }] }
      const made = await send(server.url, 'POST', `/v2/users/${USER}/apps`, { body })
      assert.equal(made.body.status.code, 10000, made.text)
      const wanted = { content_name: 'all.tar', content_length: archive.length }
      const inputs_uploads = [{ inputs_add_job_id: 'crash', upload: wanted }]
      const opened = await send(server.url, 'POST', `${APP}/inputs/uploads`, { body: { inputs_uploads } })
      assert.equal(opened.body.status.code, 10000, opened.text)
      const [job] = (opened.body.inputs_add_jobs ?? opened.body.inputsAddJobs) as { uploads: { id: string }[] }[]
      upload = job!.uploads[0]!.id
    }
    let over = false
    for (let round = 0; round < KILLS && !over; round++) {
      await using server = await startLimpid({ dataDir })
      const kill = pause(30 + random(500)).then(() => void server.process.kill('SIGKILL'))
      const end = await goOn(server).catch((error: unknown) => {
        if (error instanceof assert.AssertionError) throw error
        return 'killed'
      })
      over = end === 'over'
      await kill
      await server.ended
    }
    await using server = await startLimpid({ dataDir })
    assert.equal(await goOn(server), 'over')
    const { status, progress } = await jobOf(server)
    assert.equal(status.code, 64002, status.details)
    assert.equal(progress?.successCount, FILES)
    assert.equal(progress?.failedCount ?? 0, 0)
    await server.stop()
    const db = new DatabaseSync(join(dataDir, 'limpid.db'), { readOnly: true })
    try {
      const ids = db
        .prepare('select id from inputs')
        .all()
        .map(({ id }) => String(id))
      assert.deepEqual(new Set(ids), new Set(Array.from({ length: FILES }, (_, n) => `t${n}`)))
      assert.equal(ids.length, FILES)
      const one = (sql: string): unknown => Object.values(db.prepare(sql).get()!)[0]
      assert.equal(one('select count(*) from media'), FILES)
      assert.equal(one('select texts from inputs_extraction_jobs'), FILES)
      assert.equal(one('select refused from inputs_extraction_jobs'), 0)
      assert.equal(one('select count(*) from upload_parts'), 0)
      assert.equal(one('select coalesce(sum(ref_count), 0) from blobs'), 1, 'the upload alone is kept')
    } finally {
      db.close()
    }
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
})
