import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { IncomingCall } from '../call.ts'
import { explainerOf } from './explain.ts'

function asking(value: string | undefined) {
  const replies = new Map<string, string>()
  const incoming = {
    header: (name: string) => (name === 'x-limpid-explain' ? value : undefined),
    reply: (name: string, text: string) => void replies.set(name, text),
  } as unknown as IncomingCall
  return { explain: explainerOf(incoming), answered: () => replies.get('x-limpid-explain') }
}

test('only who asks is told', () => {
  for (const value of [undefined, '', '0', 'yes']) assert.equal(asking(value).explain, undefined)
})

test('what is told is a list of JSON in ASCII', () => {
  const { explain, answered } = asking('1')
  explain!({ road: ['graph'] })
  explain!({ word: 'Größe 👋\r\nx: y' })
  assert.match(answered()!, /^[\x20-\x7e]+$/)
  assert.deepEqual(JSON.parse(answered()!), [{ road: ['graph'] }, { word: 'Größe 👋\r\nx: y' }])
})

test('what would make the header too long is left out', () => {
  const { explain, answered } = asking('1')
  explain!({ short: 1 })
  explain!({ long: 'x'.repeat(5_000) })
  assert.equal(answered(), '[{"short":1}]')
})
