import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { cropsOf, PHOTOS } from './kit/crops.ts'
import { send } from './kit/http.ts'
import { type LimpidServer, makeDataDir, startLimpid, USER } from './kit/server.ts'

const APP = `/v2/users/${USER}/apps/crash`
const PIECES = 12
const TRAINED = 21100
const WAITING = [21103, 21101]

/** Answers are written like the requests: in the one style where those have fields of it, else in the other. */
interface VersionAnswer {
  readonly modelVersion: { readonly id: string; readonly status: { readonly code: number; readonly details?: string } }
}

async function ok(server: LimpidServer, verb: string, path: string, body?: object): Promise<unknown> {
  const answer = await send(server.url, verb, path, body ? { body } : {})
  assert.equal(answer.body.status.code, 10000, answer.text)
  return answer.body
}

/** Vectors that were kept for trainings so far. */
function kept(dataDir: string): number {
  const db = new DatabaseSync(join(dataDir, 'limpid.db'), { readOnly: true })
  try {
    return Number(db.prepare('select count(*) as rows from training_vectors').get()!.rows)
  } finally {
    db.close()
  }
}

test('a server that is killed in the middle of a training goes on with it when it starts again', async () => {
  const dataDir = makeDataDir()
  try {
    let versionId = ''
    {
      await using server = await startLimpid({ dataDir })
      const default_workflow = { id: 'Empty', user_id: 'clarifai', app_id: 'main' }
      await ok(server, 'POST', `/v2/users/${USER}/apps`, { apps: [{ id: 'crash', default_workflow }] })
      for (const id of ['dog', 'platform'] as const) {
        const photos = await cropsOf(PHOTOS[id], PIECES)
        const inputs = photos.map((bytes) => ({
          data: { image: { base64: bytes.toString('base64') }, concepts: [{ id, value: 1 }] },
        }))
        await ok(server, 'POST', `${APP}/inputs`, { inputs })
      }
      for (;;) {
        const { counts } = (await ok(server, 'GET', `${APP}/inputs/status`)) as { counts: { processed: number } }
        if (counts.processed === 2 * PIECES) break
      }
      await ok(server, 'POST', `${APP}/models`, { models: [{ id: 'photos', model_type_id: 'visual-classifier' }] })
      const output_info = { data: { concepts: [{ id: 'dog' }, { id: 'platform' }] } }
      const made = (await ok(server, 'POST', `${APP}/models/photos/versions`, {
        model_versions: [{ output_info }],
      })) as { model: { model_version: { id: string } } }
      versionId = made.model.model_version.id
      // Some vectors have been computed and others not.
      while (kept(dataDir) === 0) await new Promise((resolve) => setImmediate(resolve))
      server.process.kill('SIGKILL')
      await server.ended
    }
    const before = kept(dataDir)
    assert.ok(before > 0)
    await using server = await startLimpid({ dataDir })
    for (;;) {
      const { modelVersion: version } = (await ok(
        server,
        'GET',
        `${APP}/models/photos/versions/${versionId}`,
      )) as VersionAnswer
      if (WAITING.includes(version.status.code)) continue
      assert.equal(version.status.code, TRAINED, version.status.details)
      break
    }
    assert.equal(kept(dataDir), 2 * PIECES)
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
})
