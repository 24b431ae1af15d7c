import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { roundTrip } from './kit/round-trip.ts'
import { startLimpid } from './kit/server.ts'

// `npm run bench -- round-trip` does the same with 10,000.
const INPUTS = 300

test('an app of mixed inputs goes out as COCO and comes into another app with equal labels', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'limpid-trip-'))
  try {
    await using server = await startLimpid()
    const { annotations, labels, seconds } = await roundTrip(server, INPUTS, folder)
    t.diagnostic(JSON.stringify(seconds))
    assert.ok(annotations > INPUTS && labels > INPUTS * 2)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
