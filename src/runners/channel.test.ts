import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Channel } from './channel.ts'

test('whoever puts waits while too many values or too many bytes lie there', async () => {
  const channel = new Channel<string>({ most: 3, bytesMost: 10, bytesOf: ({ length }) => length })
  const values = channel[Symbol.asyncIterator]()
  await channel.push('a')
  await channel.push('b')
  assert.equal(channel.isFull, false)
  let roomAgain = false
  const third = channel.push('c').then(() => {
    roomAgain = true
  })
  assert.equal(channel.isFull, true)
  await Promise.resolve()
  assert.equal(roomAgain, false)
  for (const expected of ['a', 'b']) assert.equal((await values.next()).value, expected)
  await third
  // One may be larger than all may be together; it is the next ones that wait.
  const large = channel.push('x'.repeat(11))
  assert.equal(channel.isFull, true)
  assert.equal((await values.next()).value, 'c')
  assert.equal(channel.isFull, true)
  assert.equal((await values.next()).value?.length, 11)
  await large
  assert.equal(channel.isFull, false)
})

test('the end lets go whoever waits, and what lies there is still taken', async () => {
  const channel = new Channel<string>({ most: 1 })
  const waiting = channel.push('a')
  channel.end({ error: new Error('over') })
  await waiting
  await channel.push('too late')
  const values = channel[Symbol.asyncIterator]()
  assert.equal((await values.next()).value, 'a')
  await assert.rejects(values.next(), /over/)
})
