import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { it } from 'node:test'
import { silentLog } from '../../src/base/log.ts'
import { openDatabase } from '../../src/store/database.ts'
import { onEachEngine, type Place, type TestedEngine, temporaryFolder } from '../store/kit.ts'
import { randomNumbers, startWorker } from './crash-kit.ts'
import { FILL_ROWS } from './kit.ts'

/** Kills in one database, one after another; on PostgreSQL two processes at a time share it. */
const KILLS = { sqlite: 100, postgres: 40 }
/** Databases side by side, as a starting process leaves the machine time. */
const SIDES = { sqlite: 2, postgres: 1 }
/** The process is killed at a line up to this one, and once in a while before it has begun. */
const LINES_MAX = 40

onEachEngine('killed again and again, the job queue', (engine) => {
  it('loses no job and no row, and does none twice', async (t) => {
    const seed = Number(process.env.LIMPID_TEST_SEED ?? randomInt(2 ** 31))
    t.diagnostic(`seed ${seed} (set LIMPID_TEST_SEED to repeat the kill points)`)
    const sides = Array.from({ length: SIDES[engine.name] }, (_, side) => seed + side)
    const done = await Promise.all(sides.map((own) => killAgainAndAgain(engine, randomNumbers(own))))
    t.diagnostic(`${KILLS[engine.name] * sides.length} kills, ${done.join(' and ')} jobs`)
  })
})

async function killAgainAndAgain(engine: TestedEngine, random: () => number): Promise<number> {
  const place = await engine.place()
  const codeCache = await temporaryFolder()
  const acknowledged = new Set<string>()
  try {
    // Makes the schema, which is not what is tested here.
    await finish(place, codeCache)
    let killed = 0
    const follow = async (): Promise<void> => {
      for (let run = killed++; run < KILLS[engine.name]; run = killed++) {
        const killAt = run % 10 === 9 ? 0 : 1 + Math.floor(random() ** 2 * LINES_MAX)
        const worker = startWorker(place.location, codeCache, `run-${run}`, killAt)
        assert.deepEqual(await worker.ended, [null, 'SIGKILL'])
        for (const id of worker.acknowledged) acknowledged.add(id)
      }
    }
    await Promise.all(engine.name === 'postgres' ? [follow(), follow()] : [follow()])
    return await checkAll(place, codeCache, acknowledged)
  } finally {
    await place.remove()
    await rm(codeCache, { recursive: true, force: true })
  }
}

async function finish({ location }: Place, codeCache: string): Promise<void> {
  assert.deepEqual(await startWorker(location, codeCache, 'last').ended, [0, null])
}

/** Lets a last process finish; then every job has written each of its rows once. Answers how many jobs there were. */
async function checkAll(place: Place, codeCache: string, acknowledged: ReadonlySet<string>): Promise<number> {
  for (;;) {
    await finish(place, codeCache)
    await using db = await openDatabase(place.location, silentLog)
    const jobs = await db.read.selectFrom('jobs').selectAll().execute()
    // On a shared database leases have to end first.
    if (!db.sole && jobs.some(({ status }) => status === 'running')) continue
    assert.ok(jobs.length >= acknowledged.size && acknowledged.size > 0)
    const ids = new Set(jobs.map(({ id }) => id))
    for (const id of acknowledged) assert.ok(ids.has(id), `the job ${id} was acknowledged`)
    const rows = await db.read.selectFrom('users').select(['id', 'visibility']).execute()
    const counted = new Map(rows.map(({ id, visibility }) => [id, visibility]))
    for (const { args, status, error_details } of jobs) {
      const name = JSON.parse(args) as string
      assert.equal(status, 'succeeded', error_details ?? '')
      assert.equal(counted.get(name), FILL_ROWS)
      assert.ok(counted.has(`${name}-succeeded`))
    }
    assert.equal(counted.size, jobs.length * (FILL_ROWS + 2))
    return jobs.length
  }
}
