import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { send } from './kit/http.ts'
import { PHOTO_BASE64 } from './kit/photo.ts'
import { type LimpidServer, makeDataDir, startLimpid, USER } from './kit/server.ts'

/** How often the server is killed while it takes and processes inputs. */
const KILLS = Number(process.env.LIMPID_TEST_KILLS ?? 6)
/** The kill comes at the latest with this many answers. */
const ANSWERS_MAX = 12
const PATIENCE_MS = 60_000
const APP = `/v2/users/${USER}/apps/crash`

// A small generator with a printed seed, so that a failure can be played again.
const seed = Number(process.env.LIMPID_TEST_SEED ?? Math.trunc(Math.random() * 2 ** 31))
let state = seed
const random = (below: number): number => {
  state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
  return state % below
}

interface Counts {
  readonly processed: number
  readonly toProcess: number
  readonly processing: number
  readonly errors: number
}

async function counts(server: LimpidServer): Promise<Counts> {
  const { body } = await send(server.url, 'GET', `${APP}/inputs/status`)
  return (body as unknown as { counts: Counts }).counts
}

async function ids(server: LimpidServer): Promise<string[]> {
  const found: string[] = []
  for (let page = 1; ; page++) {
    const { body } = await send(server.url, 'GET', `${APP}/inputs?per_page=1000&page=${page}`)
    const { inputs } = body as unknown as { inputs: { id: string }[] }
    if (inputs.length === 0) return found
    found.push(...inputs.map(({ id }) => id))
  }
}

/** How many rows there are of what every one of these inputs has once. */
function rowsIn(file: string): Record<string, unknown> {
  const db = new DatabaseSync(file, { readOnly: true })
  try {
    const count = (table: string): unknown => db.prepare(`select count(*) as rows from ${table}`).get()!.rows
    return { inputs: count('inputs'), media: count('media'), annotations: count('annotations') }
  } finally {
    db.close()
  }
}

/** Posts until the server is dead; answers what was acknowledged. */
async function postUntilKilled(server: LimpidServer, round: number): Promise<string[]> {
  const acknowledged: string[] = []
  const killAt = 1 + random(ANSWERS_MAX)
  for (let n = 0; ; n++) {
    const inputs = [0, 1, 2].map((at) => {
      const id = `i-${round}-${n}-${at}`
      return at === 0
        ? { id, data: { image: { base64: PHOTO_BASE64 }, concepts: [{ id: 'dog' }] } }
        : { id, data: { text: { raw: `text ${id}` }, metadata: { n } } }
    })
    try {
      const { body } = await send(server.url, 'POST', `${APP}/inputs`, { body: { inputs } })
      assert.equal(body.status.code, 10000, body.status.details)
      acknowledged.push(...inputs.map(({ id }) => id))
      // The next call is on its way then, and earlier ones are being processed.
      if (n + 1 === killAt) setImmediate(() => server.process.kill('SIGKILL'))
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error
      break
    }
  }
  await server.ended
  return acknowledged
}

test('a server that is killed loses no acknowledged input, doubles none and goes on with the rest', async (t) => {
  t.diagnostic(`seed ${seed}`)
  const dataDir = makeDataDir()
  const acknowledged: string[] = []
  try {
    {
      await using server = await startLimpid({ dataDir })
      const defaultWorkflow = { id: 'Empty', app_id: 'main', user_id: 'clarifai' }
      const body = { apps: [{ id: 'crash', default_workflow: defaultWorkflow }] }
      const made = await send(server.url, 'POST', `/v2/users/${USER}/apps`, { body })
      assert.equal(made.body.status.code, 10000, made.text)
    }
    for (let round = 0; round < KILLS; round++) {
      await using server = await startLimpid({ dataDir })
      acknowledged.push(...(await postUntilKilled(server, round)))
    }
    await using server = await startLimpid({ dataDir })
    for (const end = performance.now() + PATIENCE_MS; ; await pause(100)) {
      const { toProcess, processing } = await counts(server)
      if (toProcess + processing === 0) break
      assert.ok(performance.now() < end, `still ${toProcess} to process and ${processing} in work`)
    }
    assert.ok(acknowledged.length > 0)
    const found = await ids(server)
    assert.equal(new Set(found).size, found.length)
    const there = new Set(found)
    for (const id of acknowledged) assert.ok(there.has(id), `${id} was acknowledged and is lost`)
    const { processed, errors } = await counts(server)
    assert.deepEqual({ processed, errors }, { processed: found.length, errors: 0 })
    await server.stop()
    assert.deepEqual(rowsIn(join(dataDir, 'limpid.db')), {
      inputs: found.length,
      media: found.length,
      annotations: found.length,
    })
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
})
