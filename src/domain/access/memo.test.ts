import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Memo } from './memo.ts'

/** A memo of texts with a clock of its own; `found` says what was looked up. */
function memoOf(limits?: ConstructorParameters<typeof Memo<string, string>>[0]) {
  const time = { ms: 0 }
  const memo = new Memo<string, string>(limits, () => time.ms)
  const found: string[] = []
  const get = (key: string, value: string | undefined = key) =>
    memo.get(key, async () => {
      found.push(key)
      return value
    })
  return { memo, time, found, get }
}

test('what was found is believed for five seconds', async () => {
  const { time, found, get } = memoOf()
  assert.equal(await get('a', 'one'), 'one')
  time.ms = 4_999
  assert.equal(await get('a', 'two'), 'one')
  time.ms = 5_000
  assert.equal(await get('a', 'two'), 'two')
  assert.deepEqual(found, ['a', 'a'])
})

test('what is remembered is there at once, in the same turn', async () => {
  const { get } = memoOf()
  const first = get('a')
  assert.ok(first instanceof Promise)
  assert.equal(await first, 'a')
  assert.equal(get('a'), 'a')
})

test('what was not found is looked for again', async () => {
  const { memo, get } = memoOf()
  assert.equal(await memo.get('a', async () => undefined), undefined)
  assert.equal(await get('a', 'now'), 'now')
})

test('callers at the same time share one look-up, its failure too', async () => {
  const { memo, found, get } = memoOf()
  assert.deepEqual(await Promise.all([get('a'), get('a'), get('b')]), ['a', 'a', 'b'])
  assert.deepEqual(found, ['a', 'b'])
  const failing = () => memo.get('bad', () => Promise.reject(new Error('no')))
  const both = await Promise.allSettled([failing(), get('bad')])
  assert.deepEqual(
    both.map(({ status }) => status),
    ['rejected', 'rejected'],
  )
  assert.equal(await get('bad'), 'bad')
})

test('a look-up that overlaps a clear is neither kept nor joined', async () => {
  const { memo, get } = memoOf()
  const { promise, resolve } = Promise.withResolvers<string>()
  const old = memo.get('a', () => promise)
  memo.clear()
  const fresh = get('a', 'new')
  resolve('old')
  assert.deepEqual([await old, await fresh, await get('a', 'newer')], ['old', 'new', 'new'])
})

test('the oldest entries go when there are too many or they are too heavy', async () => {
  const few = memoOf({ entries: 2 })
  for (const key of ['a', 'b', 'c', 'b', 'a']) await few.get(key)
  assert.deepEqual(few.found, ['a', 'b', 'c', 'a'])
  const light = memoOf({ weight: 5, weigh: (text) => text.length })
  for (const key of ['aaa', 'bb', 'c', 'bb', 'aaa']) await light.get(key)
  assert.deepEqual(light.found, ['aaa', 'bb', 'c', 'aaa'])
  for (const key of ['far too heavy', 'far too heavy', 'aaa']) await light.get(key)
  assert.deepEqual(light.found.slice(4), ['far too heavy', 'far too heavy'])
})
