import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { StatusCode } from '../../src/contract/status-code.ts'
import { makeApp, refused, succeeded, type TestApp } from '../kit/apps.ts'
import { data, FakeRuntime } from '../kit/fake-runtime.ts'
import { startTestServer, type TestServer } from '../kit/server.ts'

const { EVALUATION_INVALID_ARGUMENT, EVALUATION_QUEUED, EVALUATION_SUCCESS, EVALUATION_FAILED, CONN_DOES_NOT_EXIST } =
  StatusCode

describe('evaluations of workflow versions', () => {
  let server: TestServer
  let app: TestApp
  let workflowVersionId = ''
  const runtime = new FakeRuntime()

  before(async () => {
    server = await startTestServer({ overrides: runtime.services })
    app = await makeApp(server, 'flows')
    const { userAppId } = app
    const workflows = [{ id: 'mood', nodes: [{ id: 'sentiment', model: { id: 'sentiment-english-vader' } }] }]
    const made = succeeded(await server.call('PostWorkflows', { userAppId, workflows }))
    workflowVersionId = made.workflows[0]!.version!.id
    const texts = ['positive', 'positive', 'negative', 'neutral']
    const inputs = texts.map((text, at) => ({
      id: `text-${at}`,
      data: { text: { raw: text }, concepts: [{ id: `own-${text}`, name: text, value: 1 }] },
    }))
    succeeded(await server.call('PostInputs', { userAppId, inputs }))
    await server.services.jobs.idle()
    succeeded(await server.call('PostDatasets', { userAppId, datasets: [{ id: 'texts' }, { id: 'empty' }] }))
    const datasetInputs = inputs.map(({ id }) => ({ input: { id } }))
    succeeded(await server.call('PostDatasetInputs', { userAppId, datasetId: 'texts', datasetInputs }))
    for (const datasetId of ['texts', 'empty']) {
      const datasetVersions = [{ id: `${datasetId}-1` }]
      succeeded(await server.call('PostDatasetVersions', { userAppId, datasetId, datasetVersions }))
    }
    await server.services.jobs.idle()
    // Neutral is taken for positive; the others are right.
    runtime.answer = (_, { text }) => {
      const said = text?.raw === 'neutral' ? 'positive' : (text?.raw ?? '')
      return { data: data({ concepts: [{ id: `ai_${said}`, name: said, value: 0.9 }] }) }
    }
  })
  after(() => server[Symbol.asyncDispose]())

  const at = () => ({ userAppId: app.userAppId, workflowId: 'mood', workflowVersionId })
  const wanted = (id: string, more: object = {}) => ({
    id,
    targetNodeId: 'sentiment',
    groundTruthDatasetVersion: { datasetId: 'texts', id: 'texts-1' },
    ...more,
  })
  const post = (...workflowVersionEvaluations: object[]) =>
    server.call('PostWorkflowVersionEvaluations', { ...at(), workflowVersionEvaluations })
  const get = async (workflowVersionEvaluationId: string) =>
    succeeded(await server.call('GetWorkflowVersionEvaluation', { ...at(), workflowVersionEvaluationId }))
      .workflowVersionEvaluation!
  const listData = async (workflowVersionEvaluationId: string) =>
    succeeded(await server.call('ListWorkflowVersionEvaluationData', { ...at(), workflowVersionEvaluationId }))
      .workflowVersionEvaluationData

  test('a node is measured by the template, with each example', async () => {
    const { workflowVersionEvaluationTemplates } = succeeded(await server.call('ListWorkflowEvaluationTemplates', {}))
    const [template] = workflowVersionEvaluationTemplates
    assert.equal(template?.id, 'classification')
    const [queued] = succeeded(await post(wanted('first'))).workflowVersionEvaluations
    assert.equal(queued?.status?.code, EVALUATION_QUEUED)
    await server.services.jobs.idle()
    const done = await get('first')
    assert.equal(done.status?.code, EVALUATION_SUCCESS, done.status?.details)
    assert.deepEqual(
      [done.workflowVersion?.id, done.workflowVersion?.workflowId, done.groundTruthDatasetVersion?.datasetId],
      [workflowVersionId, 'mood', 'texts'],
    )
    const values = done.workflowEvaluationResult!.summary!.evaluationMetricValues
    assert.deepEqual(
      values.map(({ evaluationMetricId }) => evaluationMetricId),
      template.workflowVersionEvaluationMetrics.map(({ id }) => id),
    )
    const value = (id: string) => values.find(({ evaluationMetricId }) => evaluationMetricId === id)!
    assert.equal(value('accuracy').metricValue?.metricValue.value, 0.75)
    // Of three concepts one is never found, one is found once too often.
    assert.ok(Math.abs(Number(value('macro_recall').metricValue?.metricValue.value) - 2 / 3) < 1e-6)
    assert.ok(Math.abs(Number(value('macro_precision').metricValue?.metricValue.value) - (2 / 3 + 1) / 3) < 1e-6)
    assert.equal(value('macro_f1').perConceptValues['own-negative']?.metricValue.value, 1)
    const examples = await listData('first')
    assert.deepEqual(
      examples.map(({ input, groundTruths, predictions, workflowEvaluationSampleResult }) => [
        input?.id,
        groundTruths[0]?.concepts[0]?.name,
        predictions[0]?.concepts[0]?.name,
        workflowEvaluationSampleResult?.inputEvaluationMetricValues[0]?.metricValue?.metricValue.value,
      ]),
      [
        ['text-0', 'positive', 'positive', 1],
        ['text-1', 'positive', 'positive', 1],
        ['text-2', 'negative', 'negative', 1],
        ['text-3', 'neutral', 'positive', 0],
      ],
    )
    const { workflowVersionEvaluations } = succeeded(await server.call('ListWorkflowVersionEvaluations', at()))
    assert.deepEqual(
      workflowVersionEvaluations.map(({ id }) => id),
      ['first'],
    )
  })

  test('others may write what they have found out', async () => {
    const [first] = await listData('first')
    const metricValue = { metricValue: { case: 'floatValue' as const, value: 0.25 } }
    const datum = {
      id: first!.id,
      workflowEvaluationSampleResult: { inputEvaluationMetricValues: [{ evaluationMetricId: 'own', metricValue }] },
    }
    const call = { ...at(), workflowVersionEvaluationId: 'first' }
    const posted = await server.call('PostWorkflowVersionEvaluationData', {
      ...call,
      workflowVersionEvaluationData: [datum],
    })
    assert.equal(succeeded(posted).workflowVersionEvaluationData[0]?.input?.id, 'text-0')
    const [changed] = await listData('first')
    assert.equal(changed?.workflowEvaluationSampleResult?.inputEvaluationMetricValues[0]?.evaluationMetricId, 'own')
    const unknown = { ...call, workflowVersionEvaluationData: [datum, { ...datum, id: 'none' }] }
    refused(await server.call('PostWorkflowVersionEvaluationData', unknown), CONN_DOES_NOT_EXIST)
    const patch = (more: object, action = 'overwrite') =>
      server.call('PatchWorkflowVersionEvaluations', {
        ...at(),
        action,
        workflowVersionEvaluations: [{ id: 'first', ...more }],
      })
    succeeded(
      await patch({
        predictionsDatasetVersion: { datasetId: 'texts', id: 'texts-1' },
        status: { code: EVALUATION_FAILED, details: 'not good enough' },
        workflowEvaluationResult: { summary: { evaluationMetricValues: [{ evaluationMetricId: 'own', metricValue }] } },
      }),
    )
    const patched = await get('first')
    assert.deepEqual(
      [patched.status?.code, patched.status?.details, patched.predictionsDatasetVersion?.id],
      [EVALUATION_FAILED, 'not good enough', 'texts-1'],
    )
    assert.equal(patched.workflowEvaluationResult?.summary?.evaluationMetricValues.length, 1)
    refused(await patch({ status: { code: 10000 } }), EVALUATION_INVALID_ARGUMENT, /43100/)
    refused(await patch({}, 'merge'), EVALUATION_INVALID_ARGUMENT, /overwrite/)
  })

  test('what cannot be evaluated is refused or says why', async () => {
    const cases: [object, StatusCode, RegExp][] = [
      [wanted('x', { targetNodeId: 'none' }), EVALUATION_INVALID_ARGUMENT, /target_node_id is one of sentiment/],
      [wanted('x', { workflowVersionEvaluationTemplate: { id: 'none' } }), EVALUATION_INVALID_ARGUMENT, /template/],
      [wanted('x', { groundTruthDatasetVersion: undefined }), EVALUATION_INVALID_ARGUMENT, /ground_truth/],
      [wanted('x', { groundTruthDatasetVersion: { datasetId: 'none', id: 'none' } }), CONN_DOES_NOT_EXIST, /none/],
      [wanted('first'), EVALUATION_INVALID_ARGUMENT, /already/],
    ]
    for (const [evaluation, code, details] of cases) refused(await post(wanted('good'), evaluation), code, details)
    refused(
      await server.call('GetWorkflowVersionEvaluation', { ...at(), workflowVersionEvaluationId: 'good' }),
      CONN_DOES_NOT_EXIST,
    )
    const dataset = { groundTruthDatasetVersion: { datasetId: 'empty', id: 'empty-1' } }
    succeeded(await post(wanted('nothing', dataset)))
    runtime.answer = () => ({ code: StatusCode.INPUT_UNSUPPORTED_FORMAT, details: 'all are broken' })
    succeeded(await post(wanted('broken')))
    await server.services.jobs.idle()
    assert.match((await get('nothing')).status?.details ?? '', /labelled/)
    const broken = await get('broken')
    assert.deepEqual([broken.status?.code, broken.status?.details], [EVALUATION_FAILED, 'all are broken'])
  })
})
