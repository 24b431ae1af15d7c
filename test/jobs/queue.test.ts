import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { it } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { AppError } from '../../src/base/errors.ts'
import { silentLog } from '../../src/base/log.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { LeaseLost, ServerStops, TryAgain } from '../../src/jobs/errors.ts'
import { Jobs } from '../../src/jobs/jobs.ts'
import { ARGS_BYTES_MAX, JOB_TIMING } from '../../src/jobs/limits.ts'
import { carryOut } from '../../src/jobs/orders.ts'
import { openDatabase } from '../../src/store/database.ts'
import { SqliteConnection } from '../../src/store/dialect/sqlite/connection.ts'
import { apps, users } from '../../src/store/repos/families.ts'
import {
  anyLapsed,
  claimJob,
  freeOrphans,
  jobsToCancel,
  lapsedJobs,
  nextDue,
  releaseDue,
} from '../../src/store/repos/jobs.ts'
import { DATABASE_FILE } from '../../src/store/snapshot.ts'
import { newUser, onEachEngine, temporaryFolder } from '../store/kit.ts'
import { makeApp, StandingClock, startJobs, type TestEnv, type TestJob, withJobs } from './kit.ts'

const HOUR_MS = 3_600_000

onEachEngine('the job queue', (engine) => {
  it('runs a job exactly when the transaction that asked for it commits', async () => {
    const ran: string[] = []
    const note: TestJob<string> = { kind: 'note', run: async ({ args }) => void ran.push(args) }
    await withJobs(engine, [note], async (jobs, db) => {
      const id = await db.transact((tx) => jobs.enqueue(tx, note, 'kept'))
      await assert.rejects(
        db.transact(async (tx) => {
          await jobs.enqueue(tx, note, 'dropped')
          throw new Error('no')
        }),
        /^Error: no$/,
      )
      await jobs.idle()
      assert.deepEqual(ran, ['kept'])
      const job = await jobs.get(id)
      assert.equal(job?.status, 'succeeded')
      assert.ok(job.finishedAt! >= job.startedAt! && job.startedAt! >= job.createdAt)
      assert.equal((await jobs.list()).length, 1)
    })
  })

  it('commits work and progress together, and hands the state to the next attempt', async () => {
    const seen: unknown[] = []
    const count: TestJob<number, { next: number }> = {
      kind: 'count',
      attempts: 2,
      async run(ctx) {
        seen.push(ctx.state?.next ?? 0)
        for (let next = ctx.state?.next ?? 0; next < ctx.args; next++) {
          if (next % 3 === 2 && ctx.attempt === 1 && next !== ctx.state?.next) throw new Error('a fault')
          await ctx.checkpoint(async (tx) => {
            await users.insert(tx, newUser(`user-${next}`))
            return { state: { next: next + 1 }, done: next + 1, total: ctx.args }
          })
          if (next % 3 === 2) throw new Error('a fault after progress')
        }
      },
    }
    await withJobs(engine, [count], async (jobs, db) => {
      const id = await db.transact((tx) => jobs.enqueue(tx, count, 7))
      for (let round = 0; round < 10; round++) {
        await jobs.idle()
        await jobs.hurry()
      }
      await jobs.idle()
      const job = (await jobs.get(id))!
      assert.deepEqual([job.status, job.done, job.total, job.state], ['succeeded', 7, 7, { next: 7 }])
      assert.equal((await db.read.selectFrom('users').select('id').execute()).length, 7)
      assert.ok(seen.length > 2, 'progress forgave more failures than attempts allow')
    })
  })

  it('rolls back a checkpoint that throws, and fails at once where trying again is of no use', async () => {
    const refuse: TestJob<null> = {
      kind: 'refuse',
      run: ({ checkpoint }) =>
        checkpoint(async (tx) => {
          await users.insert(tx, newUser('half'))
          throw new AppError(StatusCode.CONN_INVALID_REQUEST, 'Ask for something else.')
        }),
    }
    await withJobs(engine, [refuse], async (jobs, db) => {
      const id = await db.transact((tx) => jobs.enqueue(tx, refuse, null))
      await jobs.idle()
      const job = (await jobs.get(id))!
      assert.deepEqual([job.status, job.attempts], ['failed', 1])
      assert.deepEqual(job.error, { code: StatusCode.CONN_INVALID_REQUEST, details: 'Ask for something else.' })
      assert.equal(await users.get(db.read, 0, 'half'), undefined)
    })
  })

  it('tries again after a pause until the attempts are used up, and tells in the same transaction', async () => {
    const attempts: [number, boolean][] = []
    const fragile: TestJob<null> = {
      kind: 'fragile',
      attempts: 3,
      backoff: { firstMs: HOUR_MS, maxMs: HOUR_MS },
      async run({ attempt, lastAttempt }) {
        attempts.push([attempt, lastAttempt])
        throw new TryAgain(new Error('secret words'), attempt === 1 ? 2 * HOUR_MS : undefined)
      },
      async settled(tx, { status, id }) {
        await users.insert(tx, newUser(`${status}-${id}`))
      },
    }
    await withJobs(engine, [fragile], async (jobs, db) => {
      const id = await db.transact((tx) => jobs.enqueue(tx, fragile, null))
      await jobs.idle()
      const waiting = (await jobs.get(id))!
      assert.deepEqual([waiting.status, waiting.waitsFor, waiting.attempts], ['queued', 'time', 1])
      assert.equal(waiting.runAfter - waiting.modifiedAt, 2 * HOUR_MS * 1000)
      await jobs.hurry()
      await jobs.idle()
      const again = (await jobs.get(id))!
      const pauseMs = (again.runAfter - again.modifiedAt) / 1000
      assert.ok(pauseMs >= HOUR_MS / 2 && pauseMs <= HOUR_MS, `${pauseMs}`)
      await jobs.hurry()
      await jobs.idle()
      const failed = (await jobs.get(id))!
      assert.deepEqual([failed.status, failed.error?.code], ['failed', StatusCode.INTERNAL_UNCATEGORIZED])
      assert.doesNotMatch(failed.error!.details, /secret/)
      assert.deepEqual(attempts, [
        [1, false],
        [2, false],
        [3, true],
      ])
      assert.ok(await users.get(db.read, 0, `failed-${id}`))
      await jobs.retry(id)
      await jobs.idle()
      assert.equal((await jobs.get(id))!.attempts, 1, 'it has all its attempts again')
      await assert.rejects(jobs.retry(id), /is queued; only failed or cancelled/)
    })
  })

  it('lets nobody starve behind an app with many jobs, nor a kind behind another', async () => {
    const order: string[] = []
    const run: TestJob<string>['run'] = async ({ args }) => void order.push(args)
    const one: TestJob<string> = { kind: 'one', concurrency: 1, run }
    const two: TestJob<string> = { kind: 'two', concurrency: 1, run }
    await withJobs(engine, [one, two], async (jobs, db) => {
      const [big, small] = [await makeApp(db, 'big'), await makeApp(db, 'small')]
      await db.transact(async (tx) => {
        for (let i = 0; i < 50; i++) await jobs.enqueue(tx, one, `big-${i}`, { appPk: big })
        await jobs.enqueue(tx, one, 'small', { appPk: small })
        await jobs.enqueue(tx, one, 'nobody')
        await jobs.enqueue(tx, two, 'two', { appPk: big })
        await jobs.enqueue(tx, one, 'urgent', { appPk: big, priority: 1 })
      })
      await jobs.idle()
      assert.equal(order.length, 54)
      for (const name of ['small', 'nobody', 'two', 'urgent']) assert.ok(order.indexOf(name) < 6, `${name} ${order}`)
      const bigs = order.filter((name) => name.startsWith('big-'))
      assert.deepEqual(
        bigs,
        Array.from({ length: 50 }, (_, i) => `big-${i}`),
      )
    })
  })

  it('leaves room for others where one app may not have all places of a kind', async () => {
    const running = new Set<string>()
    const [full, others] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    let most = 0
    const slow: TestJob<string> = {
      kind: 'slow',
      concurrency: 3,
      concurrencyPerApp: 2,
      async run({ args }) {
        running.add(args)
        most = Math.max(most, [...running].filter((name) => name.startsWith('big')).length)
        if (most === 2) full.resolve()
        // Those of the one app end only when that of the other has run.
        if (args === 'small') others.resolve()
        await others.promise
        running.delete(args)
      },
    }
    await withJobs(engine, [slow], async (jobs, db) => {
      const [big, small] = [await makeApp(db, 'big'), await makeApp(db, 'small')]
      await db.transact(async (tx) => {
        for (let i = 0; i < 6; i++) await jobs.enqueue(tx, slow, `big-${i}`, { appPk: big })
      })
      await full.promise
      await db.transact((tx) => jobs.enqueue(tx, slow, 'small', { appPk: small }))
      await others.promise
      await jobs.idle()
      assert.equal(most, 2)
      assert.equal((await jobs.list({ status: 'succeeded' })).length, 7)
    })
  })

  it('runs jobs of one concurrency key one after another, in order, and adds no twin of a dedupe key', async () => {
    let running = 0
    const order: number[] = []
    const alone: TestJob<number> = {
      kind: 'alone',
      concurrency: 8,
      async run({ args, checkpoint }) {
        assert.equal(++running, 1)
        await checkpoint(async () => undefined)
        order.push(args)
        running--
      },
    }
    await withJobs(engine, [alone], async (jobs, db) => {
      const ids = await Promise.all(
        Array.from({ length: 6 }, (_, i) =>
          db.transact((tx) => jobs.enqueue(tx, alone, i, { concurrencyKey: 'k', priority: i === 5 ? 1 : 0 })),
        ),
      )
      await jobs.idle()
      assert.equal(new Set(ids).size, 6)
      assert.deepEqual(order.toSorted(), [0, 1, 2, 3, 4, 5])
      const options = { dedupeKey: 'd', runAfter: Number.MAX_SAFE_INTEGER }
      const twins = await Promise.all(
        Array.from({ length: 4 }, () => db.transact((tx) => jobs.enqueue(tx, alone, 9, options))),
      )
      assert.equal(new Set(twins).size, 1)
      await jobs.hurry()
      await jobs.idle()
      const later = await db.transact((tx) => jobs.enqueue(tx, alone, 9, options))
      assert.notEqual(later, twins[0], 'the first is over')
    })
  })

  it('frees a concurrency key when the job that holds it is cancelled', async () => {
    const alone: TestJob<string> = { kind: 'alone', run: async () => undefined }
    await withJobs(engine, [alone], async (jobs, db) => {
      const far = Number.MAX_SAFE_INTEGER
      const held = await db.transact((tx) => jobs.enqueue(tx, alone, 'a', { concurrencyKey: 'k', runAfter: far }))
      const behind = await db.transact((tx) => jobs.enqueue(tx, alone, 'b', { concurrencyKey: 'k' }))
      const third = await db.transact((tx) => jobs.enqueue(tx, alone, 'c', { concurrencyKey: 'k' }))
      assert.equal((await jobs.get(behind))?.waitsFor, 'other job')
      assert.equal(await jobs.cancel(third), true)
      assert.equal((await jobs.get(behind))?.waitsFor, 'other job')
      assert.equal(await jobs.cancel(held), true)
      assert.equal(await jobs.cancel(held), false)
      await jobs.idle()
      assert.equal((await jobs.get(behind))?.status, 'succeeded')
    })
  })

  it('cancels a running job: its signal aborts and it can write nothing more', async () => {
    const started = Promise.withResolvers<void>()
    const reasons: unknown[] = []
    const long: TestJob<null> = {
      kind: 'long',
      async run({ signal, checkpoint }) {
        started.resolve()
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        reasons.push(signal.reason)
        await checkpoint((tx) => users.insert(tx, newUser('late')).then(() => undefined))
      },
    }
    await withJobs(engine, [long], async (jobs, db) => {
      const id = await db.transact((tx) => jobs.enqueue(tx, long, null))
      await started.promise
      assert.equal((await jobs.get(id))?.status, 'running')
      assert.equal(await jobs.cancel(id), true)
      await jobs.idle()
      assert.equal((await jobs.get(id))?.status, 'cancelled')
      assert.ok(reasons[0] instanceof LeaseLost)
      assert.equal(await users.get(db.read, 0, 'late'), undefined)
      assert.equal(await jobs.cancel('f'.repeat(32)), undefined)
    })
  })

  it('puts running jobs back on shutdown without counting the attempt, and goes on after the next start', async () => {
    const place = await engine.place()
    const reasons: unknown[] = []
    const started = Promise.withResolvers<void>()
    let stop = true
    const long: TestJob<null, number> = {
      kind: 'long',
      async run({ signal, checkpoint, state }) {
        if (!stop) return checkpoint(async () => ({ state: state! + 1 }))
        await checkpoint(async () => ({ state: 1 }))
        started.resolve()
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        reasons.push(signal.reason)
        signal.throwIfAborted()
      },
    }
    try {
      await using db = await openDatabase(place.location, silentLog)
      const first = await startJobs(db, [long])
      const id = await db.transact((tx) => first.enqueue(tx, long, null))
      await started.promise
      await first.close()
      assert.ok(reasons[0] instanceof ServerStops)
      const back = await first.get(id)
      assert.deepEqual([back?.status, back?.attempts, back?.state], ['queued', 0, 1])
      stop = false
      const second = await startJobs(db, [long])
      await second.idle()
      const done = await second.get(id)
      assert.deepEqual([done?.status, done?.attempts, done?.state], ['succeeded', 1, 2])
      await second.close()
    } finally {
      await place.remove()
    }
  })

  it('takes a job over when its lease ends, after which the first server can write nothing of it', async () => {
    const place = await engine.place()
    const clock = new StandingClock()
    const started = Promise.withResolvers<void>()
    const goOn = Promise.withResolvers<void>()
    let runs = 0
    const insert: TestJob<null> = {
      kind: 'insert',
      async run({ checkpoint }) {
        const run = ++runs
        if (run === 1) {
          started.resolve()
          await goOn.promise
        }
        await checkpoint((tx) => users.insert(tx, newUser(`run-${run}`)).then(() => undefined))
      },
    }
    try {
      await using db = await openDatabase(place.location, silentLog)
      const slow = await startJobs(db, [insert], clock)
      const id = await db.transact((tx) => slow.enqueue(tx, insert, null))
      await started.promise
      clock.forward(JOB_TIMING.leaseMs + 1)
      const fast = await startJobs(db, [insert], clock)
      await fast.idle()
      goOn.resolve()
      await slow.idle()
      assert.equal((await fast.get(id))?.status, 'succeeded')
      assert.equal(await users.get(db.read, 0, 'run-1'), undefined)
      assert.ok(await users.get(db.read, 0, 'run-2'))
      await Promise.all([slow.close(), fast.close()])
    } finally {
      await place.remove()
    }
  })

  it('fails a job with which the server stopped again and again', async () => {
    const place = await engine.place()
    const clock = new StandingClock()
    const settled: string[] = []
    const fatal: TestJob<null> = {
      kind: 'fatal',
      attempts: 2,
      run: ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
      settled: async (_tx, { status }) => void settled.push(status),
    }
    try {
      await using db = await openDatabase(place.location, silentLog)
      const servers = [await startJobs(db, [fatal], clock)]
      const id = await db.transact((tx) => servers[0]!.enqueue(tx, fatal, null))
      for (let i = 0; i < 2; i++) {
        // A claim, then a server of which nothing is heard any more.
        while ((await servers[0]!.get(id))?.attempts !== i + 1) await new Promise(setImmediate)
        clock.forward(JOB_TIMING.leaseMs + 1)
        servers.push(await startJobs(db, [fatal], clock))
      }
      const job = (await servers[0]!.get(id))!
      assert.deepEqual([job.status, settled], ['failed', ['failed']])
      assert.match(job.error!.details, /stopped 2 times/)
      await Promise.all(servers.map((server) => server.close()))
    } finally {
      await place.remove()
    }
  })

  it('goes with its app, in the middle of a run too', async () => {
    const started = Promise.withResolvers<void>()
    const goOn = Promise.withResolvers<void>()
    const gone: TestJob<null> = {
      kind: 'gone',
      async run({ checkpoint }) {
        started.resolve()
        await goOn.promise
        await checkpoint((tx) => users.insert(tx, newUser('late')).then(() => undefined))
      },
    }
    await withJobs(engine, [gone], async (jobs, db) => {
      const appPk = await makeApp(db, 'ann')
      await db.transact((tx) => jobs.enqueue(tx, gone, null, { appPk }))
      await started.promise
      const row = (await apps.getByPk(db.read, appPk))!
      await db.transact((tx) => tx.deleteFrom('apps').where('pk', '=', row.pk).execute())
      goOn.resolve()
      await jobs.idle()
      assert.deepEqual(await jobs.list(), [])
      assert.equal(await users.get(db.read, 0, 'late'), undefined)
    })
  })

  it('shares work between two servers without running anything twice', async () => {
    const ROWS = 60
    const insert: TestJob<number> = {
      kind: 'insert',
      concurrency: 4,
      async run({ args, checkpoint }) {
        await checkpoint((tx) => users.insert(tx, newUser(`user-${args}`)).then(() => undefined))
      },
    }
    const place = await engine.place()
    try {
      const dbs = [await openDatabase(place.location, silentLog)]
      if (engine.name === 'postgres') dbs.push(await openDatabase(place.location, silentLog))
      const servers = await Promise.all([dbs[0]!, dbs.at(-1)!].map((db) => startJobs(db, [insert])))
      const [db, jobs] = [dbs[0]!, servers[0]!]
      await db.transact(async (tx) => {
        for (let i = 0; i < ROWS; i++) await jobs.enqueue(tx, insert, i)
      })
      await Promise.all(servers.map((server) => server.idle()))
      assert.equal((await db.read.selectFrom('users').select('id').execute()).length, ROWS)
      const ends = await jobs.list()
      assert.ok(ends.every(({ status, attempts }) => status === 'succeeded' && attempts === 1))
      await Promise.all(servers.map((server) => server.close()))
      await Promise.all(dbs.map((open) => open.close()))
    } finally {
      await place.remove()
    }
  })

  it('calls jobs old from when their time has come: those planned for later do not count', async () => {
    const started = Promise.withResolvers<void>()
    const ending = Promise.withResolvers<void>()
    const slow: TestJob<null> = {
      kind: 'slow',
      concurrency: 1,
      run() {
        started.resolve()
        return ending.promise
      },
    }
    await withJobs(engine, [slow], async (jobs, db) => {
      const add = (runAfter?: number) => db.transact((tx) => jobs.enqueue(tx, slow, null, { runAfter }))
      await add(systemClock.now() + HOUR_MS * 1_000)
      await add()
      await started.promise
      const waiting = (await jobs.get(await add()))!
      await add()
      const counts = await jobs.counts()
      ending.resolve()
      assert.deepEqual(counts, [{ kind: 'slow', queued: 3, running: 1, oldestQueued: waiting.createdAt }])
    })
  })

  it('shows what waits and runs, and lists by kind, status and app', async () => {
    const one: TestJob<null> = { kind: 'one', run: async () => undefined }
    await withJobs(engine, [one], async (jobs, db) => {
      const appPk = await makeApp(db, 'ann')
      const later = { runAfter: Number.MAX_SAFE_INTEGER, appPk }
      const first = await db.transact((tx) => jobs.enqueue(tx, one, null, later))
      await db.transact((tx) => jobs.enqueue(tx, one, null, { ...later, appPk: undefined }))
      await db.transact((tx) => jobs.enqueue(tx, one, null))
      await jobs.idle()
      assert.deepEqual(await jobs.counts(), [{ kind: 'one', queued: 2, running: 0, oldestQueued: undefined }])
      assert.deepEqual(
        (await jobs.list({ appPk })).map(({ id }) => id),
        [first],
      )
      assert.equal((await jobs.list({ status: 'queued', kind: 'one' })).length, 2)
      assert.equal((await jobs.list({ kind: 'other' })).length, 0)
      const [newest] = await jobs.list({ limit: 1 })
      assert.equal((await jobs.list({ beforePk: newest!.pk })).length, 2)
    })
  })

  it('frees what stands behind a job that was deleted with its app', async () => {
    const alone: TestJob<string> = { kind: 'alone', run: async () => undefined }
    await withJobs(engine, [alone], async (jobs, db) => {
      const appPk = await makeApp(db, 'ann')
      const keyed = { concurrencyKey: 'k' }
      await db.transact((tx) => jobs.enqueue(tx, alone, 'a', { ...keyed, appPk, runAfter: Number.MAX_SAFE_INTEGER }))
      const behind = await db.transact((tx) => jobs.enqueue(tx, alone, 'b', keyed))
      await db.transact((tx) => tx.deleteFrom('apps').where('pk', '=', appPk).execute())
      await db.transact((tx) => freeOrphans(tx, 1))
      await jobs.hurry()
      await jobs.idle()
      assert.equal((await jobs.get(behind))?.status, 'succeeded')
    })
  })

  it('is asked by programs that run no jobs: what they want cancelled a server cancels, and tells', async () => {
    const place = await engine.place()
    const settled: string[] = []
    const work: TestJob<null> = {
      kind: 'work',
      run: async () => undefined,
      settled: async (_tx, { status }) => void settled.push(status),
    }
    try {
      await using db = await openDatabase(place.location, silentLog)
      const base = { db, clock: systemClock, log: silentLog }
      const id = await db.transact((tx) => new Jobs<TestEnv>(base, [work]).enqueue(tx, work, null))
      const looker = new Jobs<TestEnv>(base)
      await assert.rejects(
        db.transact((tx) => looker.enqueue(tx, work, null)),
        /is not registered/,
      )
      assert.equal(await looker.cancel(id), true)
      const [asked] = await carryOut(looker, db.read, { action: 'show', id })
      assert.deepEqual([asked?.status, asked?.cancelRequested], ['queued', true])
      const server = await startJobs(db, [work])
      await server.idle()
      assert.deepEqual([(await looker.get(id))?.status, settled], ['cancelled', ['cancelled']])
      await looker.retry(id)
      await server.close()
    } finally {
      await place.remove()
    }
  })

  it('keeps large arguments out of lists, refuses too large ones, and forgets bulky ones when they are done with', async () => {
    const bulky: TestJob<{ secretKey: string; text: string }> = {
      kind: 'bulky',
      bulky: true,
      run: async () => undefined,
    }
    await withJobs(engine, [bulky], async (jobs, db) => {
      const enqueue = (text: string) =>
        db.transact((tx) => jobs.enqueue(tx, bulky, { secretKey: 's', text }, { runAfter: Number.MAX_SAFE_INTEGER }))
      const [small, large] = [await enqueue('x'), await enqueue('x'.repeat(100_000))]
      await assert.rejects(enqueue('x'.repeat(ARGS_BYTES_MAX)), { code: StatusCode.CONN_INVALID_REQUEST })
      const listed = await jobs.list()
      assert.deepEqual(
        listed.map(({ id, args }) => [id, args]),
        [
          [large, null],
          [small, { secretKey: 's', text: 'x' }],
        ],
      )
      const [shown] = await carryOut(jobs, db.read, { action: 'show', id: small })
      assert.deepEqual(shown?.args, { text: 'x' })
      await jobs.hurry()
      await jobs.idle()
      assert.equal((await jobs.get(large))?.args, null)
    })
  })
})

it('claiming looks into indexes that hold no finished job', async () => {
  const dataDir = await temporaryFolder()
  try {
    await using db = await openDatabase({ dataDir }, silentLog)
    const explained: string[] = []
    const reader = new SqliteConnection(join(dataDir, DATABASE_FILE), 'read')
    await db.transact(async (tx) => {
      const spy = new Proxy(tx, {
        get: (target, name) =>
          name === 'selectFrom' ? (table: 'jobs') => explaining(target.selectFrom(table)) : Reflect.get(target, name),
      })
      const explaining = (query: ReturnType<typeof tx.selectFrom<'jobs'>>): typeof query =>
        new Proxy(query, {
          get(target, name) {
            if (name === 'executeTakeFirst' || name === 'execute') {
              const { sql, parameters } = target.compile()
              const plan = reader.run(`explain query plan ${sql}`, parameters as never).rows
              explained.push(plan.map(({ detail }) => String(detail)).join('; '))
            }
            const value: unknown = Reflect.get(target, name)
            if (typeof value !== 'function') return value
            return (...args: unknown[]) => {
              const result: unknown = value.apply(target, args)
              const isQuery = result !== null && typeof result === 'object' && 'compile' in result
              return isQuery ? explaining(result as typeof query) : result
            }
          },
        })
      await claimJob(spy, 'kind', 0, { token: 't', until: 0 }, 0)
      await releaseDue(spy, 0, 1)
      await lapsedJobs(spy, 0, 1)
      await nextDue(spy)
      await anyLapsed(spy, 0)
      await jobsToCancel(spy, 1)
    })
    reader.close()
    assert.ok(explained.length >= 4)
    for (const plan of explained)
      assert.match(plan, /^(SEARCH|SCAN) jobs USING (COVERING )?INDEX ix_jobs_(ready|delayed|leased|to_cancel)\b/)
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
})
