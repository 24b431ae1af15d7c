import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAppError } from '../../base/errors.ts'
import type { BucketPage } from '../../buckets/bucket.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { Listing } from './listing.ts'

/** Pages by the token that asks for them; the first has none. */
const serviceOf = (pages: Readonly<Record<string, BucketPage>>) => {
  const asked: string[] = []
  const list = (token = ''): Promise<BucketPage> => {
    asked.push(token)
    return Promise.resolve(pages[token]!)
  }
  return { asked, list }
}
const page = (keys: string, next?: string): BucketPage => ({
  objects: [...keys].map((key) => ({ key, size: 1 })),
  ...(next !== undefined && { next }),
})

const keysOf = async (listing: Listing): Promise<string> => {
  let keys = ''
  for (let object = await listing.next(); object; object = await listing.next()) keys += object.key
  return keys
}

test('goes through all pages, also past empty ones, and goes on in the middle of one', async () => {
  const service = serviceOf({ '': page('ab', '1'), 1: page('', '2'), 2: page('cd', '3'), 3: page('') })
  const whole = new Listing(service.list, undefined)
  assert.equal((await whole.peek())?.key, 'a')
  assert.equal(await keysOf(whole), 'abcd')
  assert.deepEqual(service.asked, ['', '1', '2', '3'])
  assert.equal(await keysOf(new Listing(service.list, { token: '2', key: 'c' })), 'd')
  // The object behind which it goes on may be gone.
  assert.equal(await keysOf(new Listing(service.list, { key: 'aa' })), 'bcd')
})

test('a service that sends round in circles is refused instead of being asked for ever', async () => {
  const { list } = serviceOf({ '': page('a', '1'), 1: page('b', '1') })
  await assert.rejects(
    keysOf(new Listing(list, undefined)),
    (error) => isAppError(error) && error.code === StatusCode.LIST_OBJECTS_FAILED && /same page/.test(error.details),
  )
})
