import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { AppError } from '../../base/errors.ts'
import { allMethods, type MethodInfo, methodInfo } from '../../contract/methods.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { Router } from './router.ts'

const router = new Router(allMethods())

const codeOf = (code: StatusCode) => (error: unknown) => error instanceof AppError && error.code === code

/** Rows of RPC, verb and path, one for each published operation. */
function operations(): string[][] {
  const file = new URL('../../../test/contract/operations.tsv', import.meta.url)
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split('\t'))
}

/** A request path of a template: every parameter gets a value of its own that needs escaping. */
function fill(template: string): { path: string; values: string[] } {
  const values: string[] = []
  const path = template.replace(/\{[^}]+\}/g, (name) => {
    const value = `v/${values.length} %${name}`
    values.push(value)
    return encodeURIComponent(value)
  })
  return { path, values }
}

test('each of the 386 published operations routes to its RPC with its parameters', () => {
  const rows = operations()
  assert.equal(rows.length, 386)
  for (const [rpc, verb, template] of rows) {
    const { path, values } = fill(template!)
    const match = router.find(verb!, path)
    assert.equal(match.route.method.name, rpc, `${verb} ${template}`)
    assert.deepEqual(match.values, values)
    const names = [...template!.matchAll(/\{([^}]+)\}/g)].map((m) => m[1]!)
    assert.equal(match.route.params.length, names.length)
  }
})

test('each binding of the contract is reachable, except where it gives way to another RPC', () => {
  const lost: string[] = []
  for (const method of allMethods()) {
    for (const binding of method.bindings) {
      const match = router.find(binding.verb, fill(binding.path).path)
      assert.deepEqual(
        match.route.params.map((p) => `{${p.join('.')}}`),
        binding.path.match(/\{[^}]+\}/g) ?? [],
      )
      if (match.route.method.name !== method.name) lost.push(`${method.name} < ${match.route.method.name}`)
    }
  }
  assert.deepEqual(lost, [
    'PatchRunners < PostRunners',
    'StreamLogEntries < ListLogEntries',
    'StreamLogEntries < ListLogEntries',
    'PostPipelines < ListPipelines',
  ])
  const runners = fill('/v2/users/{u}/compute_clusters/{c}/nodepools/{n}/runners').path
  assert.equal(router.find('PATCH', runners).route.method.name, 'PatchRunners')
})

test('literal segments win over parameters, parameters take over for other verbs', () => {
  assert.equal(router.find('GET', '/v2/inputs/status').route.method.name, 'GetInputCount')
  assert.equal(router.find('GET', '/v2/inputs/statuses').route.method.name, 'GetInput')
  assert.equal(router.find('POST', '/v2/models/searches').route.method.name, 'PostModelsSearches')
  assert.equal(router.find('GET', '/v2/models/searches').route.method.name, 'GetModel')
})

test('segments are decoded one by one, an encoded slash stays inside', () => {
  const match = router.find('GET', '/v2/concepts/%E7%8A%AC%2F%40a%3F+b')
  assert.deepEqual(match.values, ['犬/@a?+b'])
  assert.equal(match.route.method.name, 'GetConcept')
  assert.throws(() => router.find('GET', '/v2/concepts/%zz'), codeOf(StatusCode.CONN_BAD_REQUEST_FORMAT))
  assert.throws(() => router.find('GET', '/v2/concepts/%ff'), codeOf(StatusCode.CONN_BAD_REQUEST_FORMAT))
})

test('unknown paths and wrong verbs are told apart', () => {
  for (const path of ['/', '', '/v2', '/v2/', '/v2/nothing', '/v2/models/', '/v2//models', '/v1/models', 'v2/models']) {
    assert.throws(() => router.find('GET', path), codeOf(StatusCode.CONN_DOES_NOT_EXIST), path)
  }
  assert.throws(() => router.find('GET', `/v2${'/a'.repeat(5000)}`), codeOf(StatusCode.CONN_DOES_NOT_EXIST))
  assert.throws(() => router.find('PUT', '/v2/models/a'), codeOf(StatusCode.CONN_METHOD_NOT_ALLOWED))
  assert.throws(() => router.find('TRACE', '/v2/models'), codeOf(StatusCode.CONN_METHOD_NOT_ALLOWED))
  assert.deepEqual(router.verbsOf('/v2/models').sort(), ['DELETE', 'GET', 'PATCH', 'POST'])
  assert.deepEqual(router.verbsOf('/v2/nothing'), [])
})

test('only results of the default workflow are reached without an id', () => {
  const short = router.find('POST', '/v2/workflows//results')
  assert.deepEqual([short.route.method.name, short.values], ['PostWorkflowResults', ['']])
  const long = router.find('POST', '/v2/users/me/apps/a/workflows//results')
  assert.deepEqual([long.route.method.name, long.values], ['PostWorkflowResults', ['me', 'a', '']])
  assert.throws(() => router.find('GET', '/v2/workflows//results'), codeOf(StatusCode.CONN_METHOD_NOT_ALLOWED))
  for (const path of ['/v2/users//apps/a/workflows/w/results', '/v2/models//outputs', '/v2/workflows//results/']) {
    assert.throws(() => router.find('POST', path), codeOf(StatusCode.CONN_DOES_NOT_EXIST), path)
  }
  assert.throws(() => router.find('GET', '/v2/workflows//versions'), codeOf(StatusCode.CONN_DOES_NOT_EXIST))
})

test('two RPCs on one route are found out at the start', () => {
  const method = methodInfo('GetModel')
  const twin: MethodInfo = {
    ...methodInfo('GetInput'),
    bindings: [{ verb: 'GET', path: '/v2/models/{input_id}', body: '' }],
  }
  assert.throws(() => new Router([method, twin]), /GetInput and GetModel both claim GET \/v2\/models\/\{input_id\}/)
  const odd: MethodInfo = { ...method, bindings: [{ verb: 'GET', path: '/v2/{name=models/*}', body: '' }] }
  assert.throws(() => new Router([odd]), /is not supported/)
})
