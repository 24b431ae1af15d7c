import assert from 'node:assert/strict'
import { test } from 'node:test'
import { requestEncoding, responseEncoding } from './compression.ts'
import { MAX_TIMEOUT_MS } from './limits.ts'
import { firstHeader } from './metadata.ts'
import { encodeStatusMessage, GrpcError, GrpcStatus } from './status.ts'
import { parseTimeout } from './timeout.ts'

test('grpc-timeout in every unit, rounded up', () => {
  const cases: [string, number][] = [
    ['2H', 7_200_000],
    ['3M', 180_000],
    ['15S', 15_000],
    ['250m', 250],
    ['1500u', 2],
    ['1n', 1],
    ['0m', 0],
    ['99999999H', MAX_TIMEOUT_MS],
  ]
  for (const [header, ms] of cases) assert.equal(parseTimeout(header), ms, header)
  assert.equal(parseTimeout(undefined), undefined)
})

test('a malformed grpc-timeout is refused', () => {
  for (const header of ['', '5', 'S', '-1S', '1.5S', '123456789m', '1s', ' 1S', '1S ']) {
    assert.throws(
      () => parseTimeout(header),
      (error) => error instanceof GrpcError && error.status === GrpcStatus.INVALID_ARGUMENT,
      header,
    )
  }
})

test('status messages are percent-encoded UTF-8', () => {
  assert.equal(encodeStatusMessage('plain text, 50'), 'plain text, 50')
  for (const text of ['50 % of it', 'naïve', 'line\nbreak\r', '日本 😀', 'a%20b', '\u0000\u007f']) {
    const encoded = encodeStatusMessage(text)
    assert.match(encoded, /^[\x20-\x7e]*$/)
    assert.equal(decodeURIComponent(encoded), text)
  }
  assert.equal(encodeStatusMessage('\ud800'), '%EF%BF%BD')
})

test('encodings are chosen by name and unknown ones refused', () => {
  assert.equal(requestEncoding(undefined), undefined)
  assert.equal(requestEncoding('identity'), undefined)
  assert.equal(requestEncoding('gzip'), 'gzip')
  assert.throws(
    () => requestEncoding('snappy'),
    (error) => error instanceof GrpcError && error.status === GrpcStatus.UNIMPLEMENTED,
  )
  assert.equal(responseEncoding('identity,deflate,gzip'), 'gzip')
  assert.equal(responseEncoding('identity, deflate'), 'deflate')
  assert.equal(responseEncoding('identity'), undefined)
})

test('of repeated metadata the first value counts, and a comma inside one value stays', () => {
  const raw = ['x-a', 'one', 'x-a', 'two', 'X-B', 'with, comma', 'k-bin', 'AAEC', 'k-bin', 'AwQ']
  const headers = { 'x-a': 'one, two', 'x-b': 'with, comma', 'k-bin': 'AAEC, AwQ' }
  assert.equal(firstHeader(headers, raw, 'x-a'), 'one')
  assert.equal(firstHeader(headers, raw, 'x-b'), 'with, comma')
  assert.equal(firstHeader(headers, raw, 'k-bin'), 'AAEC')
  assert.equal(firstHeader(headers, raw, 'x-c'), undefined)
})
