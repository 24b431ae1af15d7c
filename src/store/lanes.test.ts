import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Lanes } from './lanes.ts'

const CONFLICT = new Error('conflict')
const isConflict = (error: unknown): boolean => error === CONFLICT

/** An attempt that ends when it is told to, and says whether it has begun. */
function attempt(lanes: Lanes, alone: boolean): { began: () => boolean; end: (error?: Error) => Promise<void> } {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let began = false
  const done = lanes
    .run(alone, isConflict, () => {
      began = true
      return promise
    })
    .catch(() => undefined)
  return {
    began: () => began,
    async end(error) {
      if (error) reject(error)
      else resolve()
      await done
    },
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('so many run side by side, the others in their order', async () => {
  const lanes = new Lanes(2)
  const all = Array.from({ length: 4 }, () => attempt(lanes, false))
  await turn()
  assert.deepEqual(
    all.map((one) => one.began()),
    [true, true, false, false],
  )
  assert.equal(lanes.waiting, 2)
  await all[1]!.end()
  await turn()
  assert.deepEqual(
    all.map((one) => one.began()),
    [true, true, true, false],
  )
  for (const one of all) await one.end()
})

test('one that runs alone waits for those that run, and goes before those that wait', async () => {
  const lanes = new Lanes(2)
  const [first, second] = [attempt(lanes, false), attempt(lanes, false)]
  const [later, alone] = [attempt(lanes, false), attempt(lanes, true)]
  const aloneToo = attempt(lanes, true)
  await turn()
  await first.end()
  await turn()
  assert.deepEqual([later.began(), alone.began()], [false, false])
  await second.end()
  await turn()
  assert.deepEqual([later.began(), alone.began(), aloneToo.began()], [false, true, false])
  await alone.end()
  await turn()
  assert.deepEqual([later.began(), aloneToo.began()], [false, true])
  await aloneToo.end()
  await turn()
  assert.ok(later.began())
  await later.end()
})

test('after conflicts fewer run at a time, and more again when there are none', async () => {
  const lanes = new Lanes(8)
  const most = async (): Promise<number> => {
    const all = Array.from({ length: 10 }, () => attempt(lanes, false))
    await turn()
    const began = all.filter((one) => one.began()).length
    for (const one of all) await one.end()
    return began
  }
  assert.equal(await most(), 8)
  for (let n = 0; n < 5; n++) {
    const one = attempt(lanes, true)
    await turn()
    await one.end(CONFLICT)
  }
  assert.equal(await most(), 1)
  for (let n = 0; n < 80; n++) await attempt(lanes, false).end()
  assert.equal(await most(), 8)
  const failed = attempt(lanes, false)
  await failed.end(new Error('of another kind'))
  assert.equal(await most(), 8)
})
