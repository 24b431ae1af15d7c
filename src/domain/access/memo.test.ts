import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { Memo } from './memo.ts'

const counting = <V>(...values: (V | undefined)[]) => {
  let calls = 0
  return { find: async () => values[Math.min(calls++, values.length - 1)], calls: () => calls }
}

test('what was found is not looked up again, what was not found is', async () => {
  const memo = new Memo<string, number>()
  const found = counting(7)
  assert.deepEqual([await memo.get('a', found.find), await memo.get('a', found.find)], [7, 7])
  assert.equal(found.calls(), 1)
  const absent = counting(undefined, 8)
  assert.deepEqual([await memo.get('b', absent.find), await memo.get('b', absent.find)], [undefined, 8])
})

test('values that only look like nothing are remembered', async () => {
  const memo = new Memo<string, number | string>()
  const zero = counting<number>(0)
  await memo.get('a', zero.find)
  assert.equal(await memo.get('a', zero.find), 0)
  assert.equal(zero.calls(), 1)
})

test('clearing forgets', async () => {
  const memo = new Memo<string, number>()
  const found = counting(1, 2)
  await memo.get('a', found.find)
  memo.clear()
  assert.equal(await memo.get('a', found.find), 2)
})

test('a look-up that began before a clear is not kept, since it may have read what was about to change', async () => {
  const memo = new Memo<string, number>()
  const gate = Promise.withResolvers<number>()
  const slow = memo.get('a', () => gate.promise)
  memo.clear()
  gate.resolve(1)
  assert.equal(await slow, 1)
  assert.equal(await memo.get('a', async () => 2), 2)
})

test('an entry is only believed for a few seconds', async () => {
  let now = 0
  const time = mock.method(performance, 'now', () => now)
  try {
    const memo = new Memo<string, number>()
    const found = counting(1, 2)
    await memo.get('a', found.find)
    now = 4_999
    assert.equal(await memo.get('a', found.find), 1)
    now = 5_001
    assert.equal(await memo.get('a', found.find), 2)
  } finally {
    time.mock.restore()
  }
})

test('an error is passed on and nothing is remembered of it', async () => {
  const memo = new Memo<string, number>()
  await assert.rejects(
    memo.get('a', () => Promise.reject(new Error('gone'))),
    /gone/,
  )
  assert.equal(await memo.get('a', async () => 3), 3)
})

test('the oldest entries go first when there are too many', async () => {
  const memo = new Memo<number, number>()
  for (let i = 0; i <= 10_000; i++) await memo.get(i, async () => i)
  const first = counting(-1)
  assert.equal(await memo.get(0, first.find), -1)
  const last = counting(-1)
  assert.equal(await memo.get(10_000, last.find), 10_000)
})
