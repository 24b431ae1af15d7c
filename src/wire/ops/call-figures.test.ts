import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Counter, Histogram, Registry } from 'prom-client'
import { methodInfo, type RpcName } from '../../contract/methods.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Transport } from '../call.ts'
import { CallFigures } from './call-figures.ts'

test('the figures read as those that the library would have counted call by call', async () => {
  const registry = new Registry()
  const figures = new CallFigures(registry)
  const expected = new Registry()
  const calls = new Counter({
    name: 'limpid_calls_total',
    help: 'Finished calls by RPC, status code and transport',
    labelNames: ['rpc', 'code', 'transport'],
    registers: [expected],
  })
  const seconds = new Histogram({
    name: 'limpid_call_seconds',
    help: 'Time from the decoded request to the finished answer',
    labelNames: ['rpc'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60],
    registers: [expected],
  })
  const add = (rpc: RpcName, transport: Transport, code: StatusCode, micros: number): void => {
    figures.add(methodInfo(rpc), transport, code, micros)
    calls.inc({ rpc, code: StatusCode[code] ?? String(code), transport })
    seconds.observe({ rpc }, micros / 1e6)
  }
  const text = async (of: Registry) => (await of.metrics()).split('\n').sort()

  assert.deepEqual(await text(registry), await text(expected))
  add('PostInputs', 'http', StatusCode.SUCCESS, 700)
  add('PostInputs', 'http', StatusCode.SUCCESS, 1_000)
  add('PostInputs', 'grpc', StatusCode.SUCCESS, 1_001)
  add('PostInputs', 'http', StatusCode.CONN_KEY_INVALID, 45_000)
  add('GetApp', 'grpc-web', StatusCode.SUCCESS, 61_000_000)
  add('GetApp', 'http', 4_711 as StatusCode, 60_000_000)
  assert.deepEqual(await text(registry), await text(expected))
  add('GetApp', 'http', StatusCode.SUCCESS, 2)
  assert.deepEqual(await text(registry), await text(expected), 'asked for again they have grown, not doubled')
})
