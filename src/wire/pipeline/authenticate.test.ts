import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AuthType } from '../../contract/methods.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Principal } from '../../domain/access/principal.ts'
import { ALL_SCOPES } from '../../domain/access/scopes.ts'
import { checkKind, presentedSecret } from './authenticate.ts'

const presented = (headers: Record<string, string>) => presentedSecret((name) => headers[name])

test('the secret is what stands behind the word, or the whole session header', () => {
  assert.equal(presented({ authorization: 'Key abc' }), 'abc')
  assert.equal(presented({ authorization: 'Key   abc' }), 'abc')
  assert.equal(presented({ authorization: 'Bearer abc.d-e_f' }), 'abc.d-e_f')
  assert.equal(presented({ 'x-clarifai-session-token': 'abc' }), 'abc')
  assert.equal(presented({ authorization: 'Key abc', 'x-clarifai-session-token': 'def' }), 'abc')
  assert.equal(presented({}), undefined)
  assert.equal(presented({ authorization: '', 'x-clarifai-session-token': '' }), undefined)
})

test('any other form is refused as malformed', () => {
  for (const authorization of ['abc', 'key abc', 'Keyabc', 'Key', ' Key abc', 'Key a b', 'Key\tabc', 'BEARER abc']) {
    assert.throws(() => presented({ authorization }), { code: StatusCode.CONN_INVALID_REQUEST }, authorization)
  }
})

test('which kind of credential each kind of call takes', () => {
  const takes = (auth: AuthType, kind: Principal['kind']) => {
    try {
      checkKind(auth, { kind, scopes: ALL_SCOPES })
      return true
    } catch {
      return false
    }
  }
  const kinds = ['app_key', 'pat', 'session'] as const
  const row = (auth: AuthType) => kinds.map((kind) => takes(auth, kind))
  assert.deepEqual(row(AuthType.KeyAuth), [true, true, true])
  assert.deepEqual(row(AuthType.PATAuth), [false, true, true])
  assert.deepEqual(row(AuthType.SessionTokenAuth), [false, false, true])
  assert.deepEqual(row(AuthType.AdminAuth), [false, false, false])
  assert.deepEqual(row(AuthType.undef), [false, false, false])
})
