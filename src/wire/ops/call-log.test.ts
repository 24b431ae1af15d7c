import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Log, silentLog } from '../../base/log.ts'
import { methodInfo } from '../../contract/methods.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { ANONYMOUS } from '../../domain/access/principal.ts'
import { NO_SCOPES } from '../../domain/access/scopes.ts'
import type { PipelineCall } from '../pipeline/context.ts'
import { callLog } from './call-log.ts'

test('a finished call is one line with its request id, code, time and caller, and without its headers', () => {
  const lines: object[] = []
  const log: Log = { ...silentLog, info: (fields) => void lines.push(fields), child: () => log }
  const user = { pk: 1, id: 'ann', visibility: 10 }
  const app = { pk: 2, id: 'zoo', userPk: 1, visibility: 10, defaultLanguage: 'en', sampleMs: 0 }
  const call = {
    method: methodInfo('GetConcept'),
    requestId: 'r1',
    startedAt: 1_000,
    incoming: { transport: 'grpc', remoteAddress: '127.0.0.1', header: () => 'Key secret' },
    principal: { ...ANONYMOUS, user },
    target: { user, app, rights: 'owner', scopes: NO_SCOPES },
    services: { clock: { now: () => 3_500 } },
  } as unknown as PipelineCall
  callLog(log)(call, StatusCode.SUCCESS)
  assert.deepEqual(lines, [
    {
      reqId: 'r1',
      rpc: 'GetConcept',
      code: 'SUCCESS',
      ms: 2.5,
      transport: 'grpc',
      caller: 'ann',
      app: 'ann/zoo',
      from: '127.0.0.1',
    },
  ])
})
