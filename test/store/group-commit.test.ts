import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { it } from 'node:test'
import { silentLog } from '../../src/base/log.ts'
import { SqliteConnection } from '../../src/store/dialect/sqlite/connection.ts'
import { type DiskWaiter, GroupCommit } from '../../src/store/dialect/sqlite/group-commit.ts'
import { StorageFailure } from '../../src/store/errors.ts'
import { GROUP_TRANSACTIONS_MAX, WAITING_TRANSACTIONS_MAX } from '../../src/store/limits.ts'
import { temporaryFolder } from './kit.ts'

/** A disk whose flushes the test ends by hand. */
class HeldDisk implements DiskWaiter {
  readonly flushes: PromiseWithResolvers<void>[] = []
  #seen: PromiseWithResolvers<void> | undefined

  flush(): Promise<void> {
    const held = Promise.withResolvers<void>()
    this.flushes.push(held)
    this.#seen?.resolve()
    return held.promise
  }

  async checkpoint(): Promise<void> {}

  /** Resolves when so many flushes were asked for. */
  async asked(count: number): Promise<void> {
    while (this.flushes.length < count) {
      this.#seen = Promise.withResolvers()
      await this.#seen.promise
    }
  }
}

interface Setup {
  groups: GroupCommit
  disk: HeldDisk
  failures: StorageFailure[]
  /** The values that a reader sees. */
  seen(): unknown[]
  add(value: string): Promise<void>
}

it('nobody sees a commit before it is on the disk', () =>
  withGroups(async ({ disk, seen, add }) => {
    let resolved = false
    const adding = add('a').then(() => {
      resolved = true
    })
    await disk.asked(1)
    assert.deepEqual([seen(), resolved], [[], false])
    disk.flushes[0]!.resolve()
    await adding
    assert.deepEqual(seen(), ['a'])
  }))

it('transactions that come during a flush share the next one', () =>
  withGroups(async ({ disk, seen, add }) => {
    const first = add('first')
    await disk.asked(1)
    const others = Array.from({ length: 20 }, (_, index) => add(`other-${index}`))
    const failing = assert.rejects(add('first'), /UNIQUE|already exists/)
    disk.flushes[0]!.resolve()
    await first
    assert.deepEqual(seen(), ['first'])
    await disk.asked(2)
    disk.flushes[1]!.resolve()
    await Promise.all(others)
    await failing
    assert.equal(seen().length, 21)
    assert.equal(disk.flushes.length, 2)
  }))

it('a failed flush rejects its group and all later ones, and the reader stays on what is certain', () =>
  withGroups(async ({ disk, seen, add, groups, failures }) => {
    const certain = add('certain')
    await disk.asked(1)
    disk.flushes[0]!.resolve()
    await certain
    const lost = [add('lost-1'), add('lost-2'), add('certain')]
    await disk.asked(2)
    const waiting = add('waiting')
    disk.flushes[1]!.reject(new Error('EIO: i/o error, fdatasync'))
    for (const result of await Promise.allSettled([...lost, waiting])) {
      assert.ok(result.status === 'rejected' && result.reason instanceof StorageFailure)
      assert.match(result.reason.details, /fdatasync.*check the disk and restart/)
    }
    await assert.rejects(add('later'), StorageFailure)
    await groups.idle()
    assert.deepEqual(seen(), ['certain'])
    assert.equal(failures.length, 1)
  }))

it('a group has a largest size', () =>
  withGroups(async ({ disk, add, seen }) => {
    const adding = Array.from({ length: GROUP_TRANSACTIONS_MAX * 2 }, (_, index) => add(`${index}`))
    await disk.asked(1)
    disk.flushes[0]!.resolve()
    await adding[0]
    assert.ok(seen().length <= GROUP_TRANSACTIONS_MAX)
    for (let flush = 1; seen().length < adding.length; flush++) {
      await disk.asked(flush + 1)
      disk.flushes[flush]!.resolve()
      await disk.flushes[flush]!.promise
    }
    await Promise.all(adding)
  }))

it('more waiting transactions than allowed are refused, and those before go on', () =>
  withGroups(async ({ groups, disk }) => {
    const nothing = async (): Promise<void> => undefined
    const waiting = Array.from({ length: WAITING_TRANSACTIONS_MAX }, () => groups.transact(nothing))
    await assert.rejects(groups.transact(nothing), /Too many changes are waiting/)
    const releasing = (async () => {
      for (let flush = 0; ; flush++) {
        await disk.asked(flush + 1)
        disk.flushes[flush]!.resolve()
      }
    })()
    void releasing
    await Promise.all(waiting)
  }))

it('work runs in the context of its caller', () =>
  withGroups(async ({ groups, disk }) => {
    const context = new AsyncLocalStorage<string>()
    const found: (string | undefined)[] = []
    const transactions = ['ann', 'bob'].map((name) =>
      context.run(name, () => groups.transact(async () => found.push(context.getStore()))),
    )
    await disk.asked(1)
    disk.flushes[0]!.resolve()
    await Promise.all(transactions)
    assert.deepEqual(found, ['ann', 'bob'])
  }))

async function withGroups(test: (setup: Setup) => Promise<void>): Promise<void> {
  const folder = await temporaryFolder()
  const file = join(folder, 'test.db')
  const writer = new SqliteConnection(file, 'write')
  writer.run('create table words (word text primary key) strict')
  const reader = new SqliteConnection(file, 'read')
  const disk = new HeldDisk()
  const failures: StorageFailure[] = []
  // On a busy machine a group would otherwise close before all that wait are in it.
  const groups = new GroupCommit(writer, reader, disk, silentLog, (failure) => failures.push(failure), Infinity)
  try {
    await test({
      groups,
      disk,
      failures,
      seen: () => reader.run('select word from words order by rowid').rows.map((row) => row.word),
      add: (word) => groups.transact(async ({ query }) => void (await query('insert into words values (?)', [word]))),
    })
  } finally {
    reader.close()
    writer.close()
    await rm(folder, { recursive: true, force: true })
  }
}
