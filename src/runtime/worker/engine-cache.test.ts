import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Engine } from '../../engines/engine.ts'
import { createRegistry } from '../../engines/registry.ts'
import { itemOf } from '../../engines/test-weights.ts'
import { EngineCache } from './engine-cache.ts'

/** An engine that takes so many bytes and notes when it is loaded and disposed of. */
function noting(name: string, bytes: number, log: string[], weights: readonly string[] = []): Engine {
  return {
    name,
    weights,
    async load(files) {
      log.push(`+${name}${weights.map((id) => ` ${files[id]?.model}`).join()}`)
      return {
        bytes,
        infer: async (items) => items.map(({ data }) => data),
        dispose: async () => void log.push(`-${name}`),
      }
    },
  }
}

function cacheOf(maxBytes: number, build: (log: string[]) => Engine[]): { cache: EngineCache; log: string[] } {
  const log: string[] = []
  return { cache: new EngineCache(createRegistry(build(log)), maxBytes), log }
}

const NAMES = ['a', 'b', 'c']
const three = (log: string[]) => NAMES.map((name) => noting(name, 40, log))

async function use(cache: EngineCache, ...names: string[]): Promise<void> {
  const lease = cache.lease()
  for (const name of names) await lease.engine(name, {})
  await lease.release()
}

test('the least recently used engine is unloaded when there is no room', async () => {
  const { cache, log } = cacheOf(100, three)
  await use(cache, 'a')
  await use(cache, 'b')
  await use(cache, 'a')
  await use(cache, 'c')
  assert.deepEqual(log, ['+a', '+b', '+c', '-b'])
  assert.deepEqual(
    cache.stats().map(({ name, bytes }) => [name, bytes]),
    [
      ['a', 40],
      ['c', 40],
    ],
  )
})

test('an engine too large for all the room stays until another one is used', async () => {
  const { cache, log } = cacheOf(30, three)
  await use(cache, 'a')
  await use(cache, 'a')
  assert.deepEqual(log, ['+a'])
  await use(cache, 'b')
  assert.deepEqual(log, ['+a', '+b', '-a'])
})

test('engines in use stay, even beyond the limit', async () => {
  const { cache, log } = cacheOf(50, three)
  const [first, second] = [cache.lease(), cache.lease()]
  await Promise.all(NAMES.map((name) => first.engine(name, {})))
  await second.engine('a', {})
  await cache.unload()
  assert.deepEqual(log, ['+a', '+b', '+c'])
  await first.release()
  assert.deepEqual(log.slice(3), ['-b', '-c'])
  await second.release()
  assert.deepEqual(log.slice(3), ['-b', '-c'])
})

test('simultaneous users share one load, other files are another engine', async () => {
  const { cache, log } = cacheOf(100, (log) => [noting('a', 10, log, ['w'])])
  const lease = cache.lease()
  const files = { w: { model: '/1' }, unrelated: { model: '/2' } }
  await Promise.all([lease.engine('a', files), lease.engine('a', files)])
  await lease.engine('a', { w: { model: '/1' } })
  assert.deepEqual(log, ['+a /1'])
  await lease.engine('a', { w: { model: '/3' } })
  assert.deepEqual(log, ['+a /1', '+a /3'])
})

test('an engine that failed to load is tried again', async () => {
  let attempts = 0
  const failing: Engine = {
    name: 'f',
    weights: [],
    load: async () => {
      attempts++
      throw new Error('no')
    },
  }
  const { cache } = cacheOf(100, () => [failing])
  await assert.rejects(use(cache, 'f'), /no/)
  await assert.rejects(use(cache, 'f'), /no/)
  assert.equal(attempts, 2)
  assert.deepEqual(cache.stats(), [])
})

test('calls and their items are counted, unloading by name leaves the others', async () => {
  const { cache, log } = cacheOf(1_000, three)
  const lease = cache.lease()
  const engine = await lease.engine('a', {})
  const items = ['x', 'y'].map((raw) => itemOf({ text: { raw } }))
  const answers = await engine.infer(items, { params: {}, concepts: [] })
  assert.equal(answers[1]!.text?.raw, 'y')
  await lease.engine('b', {})
  await lease.release()
  await cache.unload('b')
  assert.deepEqual(log, ['+a', '+b', '-b'])
  assert.deepEqual(
    cache.stats().map(({ name, calls }) => [name, calls]),
    [['a', 2]],
  )
})

test('an engine without weights of its own is loaded once for each set that nodes bring', async () => {
  const log: string[] = []
  const engine: Engine = {
    name: 'any',
    weights: [],
    async load(files) {
      log.push(JSON.stringify(files))
      return { bytes: 1, infer: async (items) => items.map(({ data }) => data), dispose: async () => {} }
    },
  }
  const cache = new EngineCache(createRegistry([engine]), 100)
  const lease = cache.lease()
  const files = { one: { model: '/1' }, two: { model: '/2' } }
  for (const weight of ['one', 'two', 'one']) await lease.engine('any', files, [weight])
  await lease.release()
  assert.deepEqual(log, ['{"one":{"model":"/1"}}', '{"two":{"model":"/2"}}'])
})
