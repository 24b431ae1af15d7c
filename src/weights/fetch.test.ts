import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import { listen } from './fetch.ts'

/** A download in the manner of the registry client: an error that nobody listens for is thrown where it happens. */
class Download extends EventEmitter {
  readonly #pieces: readonly string[]
  readonly #ends: boolean

  constructor(pieces: readonly string[], ends: boolean) {
    super()
    this.#pieces = pieces
    this.#ends = ends
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    for (const piece of this.#pieces) yield Buffer.from(piece)
    if (!this.#ends) await new Promise(() => {})
  }
}

test('a download that fails while a piece is being written fails at the next piece, and does not end the process', async () => {
  const stream = new Download(['one'], false)
  const pieces = listen(stream)
  assert.equal(String((await pieces.next()).value), 'one')
  // Nobody waits at this moment.
  stream.emit('error', new Error('the registry hung up'))
  await assert.rejects(pieces.next(), /hung up/)
})

test('a download that fails before anybody asks for a piece', async () => {
  const stream = new Download([], false)
  const pieces = listen(stream)
  stream.emit('error', new Error('the registry hung up'))
  await assert.rejects(pieces.next(), /hung up/)
})

test('a whole download comes in its pieces', async () => {
  const pieces = await Array.fromAsync(listen(new Download(['one', 'two'], true)), String)
  assert.deepEqual(pieces, ['one', 'two'])
})
