import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { AppError } from '../../base/errors.ts'
import { methodInfo } from '../../contract/methods.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { RpcCall } from './call.ts'
import type { Channel } from './channel.ts'
import { GrpcStatus } from './status.ts'

function fakeCall() {
  const finished: [GrpcStatus, string][] = []
  const gone: (() => void)[] = []
  let forgotten = 0
  const channel: Channel = {
    transport: 'grpc',
    path: '/clarifai.api.V2/GetUser',
    remoteAddress: '::1',
    body: Readable.from([]),
    broken: false,
    header: () => undefined,
    onGone: (callback) => gone.push(callback),
    send: () => true,
    drained: async () => {},
    addTrailer: () => {},
    finish: (status, message) => finished.push([status, message]),
  }
  const call = new RpcCall(methodInfo('GetUser'), channel, () => {
    forgotten++
  })
  return { call, finished, leave: () => gone.forEach((callback) => void callback()), forgotten: () => forgotten }
}

test('a signal asked for after the client left is aborted already', () => {
  const { call, finished, leave, forgotten } = fakeCall()
  leave()
  assert.equal(call.signal.aborted, true)
  assert.equal((call.signal.reason as AppError).code, StatusCode.RPC_CANCELED)
  assert.deepEqual(finished, [])
  assert.equal(forgotten(), 1)
})

test('a signal asked for before aborts with the reason, and the peer hears the status', () => {
  const { call, finished } = fakeCall()
  const { signal } = call
  const reason = new AppError(StatusCode.RPC_SERVER_UNAVAILABLE, 'going down')
  call.abort(GrpcStatus.UNAVAILABLE, reason)
  assert.equal(signal.reason, reason)
  assert.deepEqual(finished, [[GrpcStatus.UNAVAILABLE, 'going down']])
})

test('only the first end counts', () => {
  const { call, finished, leave, forgotten } = fakeCall()
  let ends = 0
  call.onEnd = () => {
    ends++
  }
  call.finish(GrpcStatus.OK, '')
  call.finish(GrpcStatus.INTERNAL, 'late')
  call.abort(GrpcStatus.UNAVAILABLE, new AppError(StatusCode.RPC_CANCELED, 'late'))
  leave()
  assert.deepEqual(finished, [[GrpcStatus.OK, '']])
  assert.equal(call.signal.aborted, false)
  assert.equal(forgotten(), 1)
  assert.equal(ends, 1)
})
