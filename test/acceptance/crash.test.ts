import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { test } from 'node:test'
import { type LimpidServer, makeDataDir, PAT, startLimpid } from './kit/server.ts'

/** How often the server is killed. */
const KILLS = 50
/** Requests under way at a time. */
const WRITERS = 4
/** The kill comes after this many acknowledgements at the most. */
const ACKNOWLEDGED_MAX = 60

// A small generator with a printed seed, so that a failure can be played again.
const seed = Number(process.env.LIMPID_TEST_SEED ?? Math.trunc(Math.random() * 2 ** 31))
let state = seed
const random = (below: number): number => {
  state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
  return state % below
}

async function post(server: LimpidServer, path: string, body: object): Promise<number> {
  const response = await fetch(server.url + path, {
    method: 'POST',
    headers: { authorization: `Key ${PAT}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const answer = (await response.json()) as { status: { code: number } }
  return answer.status.code
}

async function conceptIds(server: LimpidServer): Promise<Set<string>> {
  const ids = new Set<string>()
  for (let page = 1; ; page++) {
    const response = await fetch(`${server.url}/v2/users/me/apps/crash/concepts?per_page=1000&page=${page}`, {
      headers: { authorization: `Key ${PAT}` },
    })
    const { concepts } = (await response.json()) as { concepts: { id: string }[] }
    if (concepts.length === 0) return ids
    for (const { id } of concepts) ids.add(id)
  }
}

/** Writes until the server is killed, which happens at the n-th acknowledgement; returns what was acknowledged. */
async function writeUntilKilled(server: LimpidServer, round: number, killAt: number): Promise<string[]> {
  const acknowledged: string[] = []
  let sent = 0
  const writer = async (): Promise<void> => {
    for (;;) {
      const id = `c-${round}-${sent++}`
      try {
        if ((await post(server, '/v2/users/me/apps/crash/concepts', { concepts: [{ id }] })) !== 10000) continue
      } catch {
        return
      }
      acknowledged.push(id)
      if (acknowledged.length === killAt) server.process.kill('SIGKILL')
    }
  }
  await Promise.all(Array.from({ length: WRITERS }, writer))
  await server.ended
  return acknowledged
}

test(`a server killed ${KILLS} times keeps every acknowledged write and starts cleanly each time`, {
  timeout: 600_000,
}, async (t) => {
  t.diagnostic(`seed ${seed}`)
  const dataDir = makeDataDir()
  const env = { LIMPID_WORKERS: '1' }
  const expected = new Set<string>()
  try {
    let server = await startLimpid({ dataDir, env })
    assert.equal(await post(server, '/v2/users/me/apps', { apps: [{ id: 'crash' }] }), 10000)
    for (let round = 0; round < KILLS; round++) {
      for (const id of await writeUntilKilled(server, round, 1 + random(ACKNOWLEDGED_MAX))) expected.add(id)
      server = await startLimpid({ dataDir, env })
      const found = await conceptIds(server)
      assert.deepEqual(
        [...expected].filter((id) => !found.has(id)),
        [],
        `round ${round}`,
      )
    }
    assert.equal((await server.stop()).code, 0)
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
})
