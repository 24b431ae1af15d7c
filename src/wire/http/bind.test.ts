import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppError } from '../../base/errors.ts'
import { PutTaskAssignmentsRequestAction } from '../../contract/index.ts'
import { allMethods, type RequestOf, type RpcName } from '../../contract/methods.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { bindRequest } from './bind.ts'
import { Router } from './router.ts'

const router = new Router(allMethods())

/** The request message that an HTTP request of this verb, URL and body makes. */
function bound<N extends RpcName>(rpc: N, verb: string, url: string, body: unknown = ''): RequestOf<N> {
  const [path = '', query = ''] = url.split('?')
  const match = router.find(verb, path)
  assert.equal(match.route.method.name, rpc)
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return bindRequest(match, query, text).request as unknown as RequestOf<N>
}

function refused(verb: string, url: string, body: unknown, text: string): void {
  const run = () => {
    const [path = '', query = ''] = url.split('?')
    bindRequest(router.find(verb, path), query, typeof body === 'string' ? body : JSON.stringify(body))
  }
  assert.throws(run, (error: unknown) => {
    assert.ok(error instanceof AppError, String(error))
    assert.equal(error.code, StatusCode.CONN_BAD_REQUEST_FORMAT)
    assert.ok(error.details.includes(text), error.details)
    return true
  })
}

test('path parameters fill nested fields', () => {
  const request = bound('GetModelVersion', 'GET', '/v2/users/me/apps/main/models/m%2F1/versions/v')
  assert.equal(request.userAppId?.userId, 'me')
  assert.equal(request.userAppId?.appId, 'main')
  assert.equal(request.modelId, 'm/1')
  assert.equal(request.versionId, 'v')
})

test('query fields: dots, repeats, both casings, Python booleans, enums, times, wrappers', () => {
  const inputs = bound('ListInputs', 'GET', '/v2/inputs?ids=a&ids=b&user_app_id.user_id=me&perPage=5&page=2')
  assert.deepEqual(inputs.ids, ['a', 'b'])
  assert.equal(inputs.userAppId?.userId, 'me')
  assert.deepEqual([inputs.page, inputs.perPage], [2, 5])
  assert.deepEqual(bound('ListInputs', 'GET', '/v2/inputs?ids=a').ids, ['a'])
  const evaluation = bound(
    'GetModelVersionMetrics',
    'GET',
    '/v2/models/m/versions/v/metrics?fields.confusion_matrix=True&fields.rocCurve=False',
  )
  assert.equal(evaluation.fields?.confusionMatrix, true)
  const annotations = bound('ListAnnotations', 'GET', '/v2/annotations?statuses.code=ANNOTATION_SUCCESS')
  assert.deepEqual(annotations.statuses, [], 'a list of messages has no form in a query')
  const models = bound('ListModels', 'GET', '/v2/models?sort_by_name=true&trained_only=1&search=a+b%26c')
  assert.deepEqual(models.sortBy, { case: 'sortByName', value: true })
  assert.equal(models.trainedOnly, true)
  assert.equal(models.search, 'a b&c')
})

test('unknown query names, empty numbers and transport names are ignored', () => {
  const request = bound(
    'ListModels',
    'GET',
    '/v2/models?per_page=&page=3&_=17&a.b.c=1&json_names=snake&name.x=1&__proto__=1&&=',
  )
  assert.equal(request.perPage, 0)
  assert.equal(request.page, 3)
  assert.equal(request.name, '')
})

test('of a repeated single field the last one counts', () => {
  assert.equal(bound('ListModels', 'GET', '/v2/models?page=1&page=7').page, 7)
})

test('the path beats the query, the query beats the body', () => {
  const body = { user_app_id: { user_id: 'body', app_id: 'body' }, model_id: 'body', version_id: 'body' }
  const url = '/v2/models/path/outputs?model_id=query&version_id=query&user_app_id.app_id=query'
  const request = bound('PostModelOutputs', 'POST', url, body)
  assert.equal(request.modelId, 'path')
  assert.equal(request.versionId, 'query')
  assert.deepEqual([request.userAppId?.userId, request.userAppId?.appId], ['body', 'query'])
})

test('bodies count with any verb', () => {
  assert.deepEqual(bound('DeleteInputs', 'DELETE', '/v2/inputs', { ids: ['a'] }).ids, ['a'])
  assert.equal(bound('DeleteModels', 'DELETE', '/v2/models', { delete_all: true }).deleteAll, true)
  assert.equal(bound('ListModels', 'GET', '/v2/models', { page: 4 }).page, 4)
  const put = bound('PutTaskAssignments', 'PUT', '/v2/users/u/apps/a/tasks/t/assignments', { action: 'LABEL_START' })
  assert.equal(put.action, PutTaskAssignmentsRequestAction.LABEL_START)
  assert.equal(put.taskId, 't')
})

test('empty bodies and null make an empty request', () => {
  for (const body of ['', '  \r\n', 'null', '{}']) {
    const request = bound('PostModelVersions', 'POST', '/v2/models/m/versions', body)
    assert.equal(request.modelId, 'm')
    assert.deepEqual(request.modelVersions, [])
  }
})

test('bodies of the oldest JavaScript client', () => {
  const predict = bound('PostModelOutputs', 'POST', '/v2/models/%40m%20x/outputs', {
    inputs: [{ id: null, data: { image: { url: 'https://a.b/c.jpg', base64: undefined }, url: 'ignored' } }],
    model: {
      output_info: {
        output_config: { max_concepts: 3, min_value: 0.5, select_concepts: [{ id: 'x' }], language: null },
      },
    },
  })
  assert.equal(predict.modelId, '@m x')
  assert.equal(predict.inputs[0]?.data?.image?.url, 'https://a.b/c.jpg')
  assert.equal(predict.model?.outputInfo?.outputConfig?.maxConcepts, 3)
  const create = bound('PostInputs', 'POST', '/v2/inputs', {
    inputs: [
      {
        id: null,
        data: {
          image: { base64: 'YWJj', allow_duplicate_url: false },
          concepts: [{ id: 'a', value: true }, { id: 'b', value: false }, { id: 'c' }],
          geo: { geo_point: { longitude: -30, latitude: 40 } },
        },
      },
    ],
  })
  assert.deepEqual(
    create.inputs[0]?.data?.concepts.map((c) => c.value),
    [1, 0, 1],
  )
  assert.equal(Buffer.from(create.inputs[0]!.data!.image!.base64).toString(), 'abc')
  const search = bound('PostInputsSearches', 'POST', '/v2/inputs/searches', {
    searches: [{ query: { filters: [{ annotation: { data: { image: {} } } }] } }],
    pagination: { page: 1, per_page: 20 },
  })
  assert.notEqual(search.searches[0]?.query?.filters[0]?.annotation?.data?.image, undefined)
  const model = bound('PostModels', 'POST', '/v2/models', {
    model: { id: 'm', name: null, output_info: { data: { concepts: [{ id: 'c' }] } } },
  })
  assert.equal(model.model?.id, 'm')
  const query = bound('PostConceptsSearches', 'POST', '/v2/concepts/searches', {
    concept_query: { name: 'do*', language: null },
  })
  assert.equal(query.conceptQuery?.name, 'do*')
})

test('errors name the field', () => {
  refused('GET', '/v2/inputs?page=x', '', 'Field page must be a whole number')
  refused('GET', '/v2/inputs?user_app_id.user_id=a&user_app_id=b', '', 'Field user_app_id must be an object')
  refused('POST', '/v2/inputs', '{"inputs":', 'must be valid JSON')
  refused('POST', '/v2/inputs', '[]', 'must be an object, not a list')
  refused('POST', '/v2/inputs', { inputs: 'a' }, 'Field inputs must be a list, not a string')
})

test('casing is counted over query and body, not over the path', () => {
  const match = router.find('POST', '/v2/models/m/versions/v/outputs')
  const { snake, camel } = bindRequest(match, 'userAppId.userId=x&json_names=camel', '{"inputs":[],"user_app_id":{}}')
  assert.deepEqual({ snake, camel }, { snake: 1, camel: 2 })
})

test('a query with too many values is refused, not cut', () => {
  const ids = (count: number): string => Array.from({ length: count }, (_, at) => `ids=${at}`).join('&')
  assert.equal(bound('ListInputs', 'GET', `/v2/inputs?${ids(1000)}`).ids.length, 1000)
  refused('GET', `/v2/inputs?${ids(1001)}`, '', 'more than 1000 values')
})
