// Train by example with the REST client for JavaScript: a few labels, a model, its figures, what it says of new pictures.
//   node examples/clarifai.mjs [FOLDER WITH A FOLDER OF PICTURES FOR EACH LABEL]
import { createRequire } from 'node:module'
import { CODE, labelledPictures, showMetrics, until, useServer } from './kit.mjs'

const { App } = createRequire(import.meta.url)('clarifai')
const APP = 'example-rest'
const server = await useServer()
const authorization = `Key ${server.pat}`

/** For the little that the client has no method for. */
async function http(path, body) {
  const headers = { authorization, 'content-type': 'application/json' }
  const answer = await fetch(`${server.url}/v2/users/${server.user}${path}`, {
    headers,
    ...(body && { method: 'POST', body: JSON.stringify(body) }),
  })
  const json = await answer.json()
  if (json.status.code !== CODE.SUCCESS) throw new Error(`${json.status.description} ${json.status.details ?? ''}`)
  return json
}

let added = 0

/** Adds labelled pictures and waits until they are processed. */
async function add(app, pictures) {
  const inputs = pictures.map(({ id, label, bytes }) => ({
    id,
    base64: bytes.toString('base64'),
    concepts: [{ id: label, value: true }],
  }))
  await app.inputs.create(inputs)
  added += pictures.length
  await until(
    async () => (await app.inputs.getStatus()).counts,
    (counts) => counts.processed + counts.errors >= added,
  )
}

/** Figures of a version by cross-validation with all labels of the app; the client starts it, HTTP asks for the answer. */
async function evaluate(model) {
  await model.runModelEval()
  const path = `/apps/${APP}/models/${model.id}/versions/${model.versionId}/metrics`
  const { model_version: version } = await until(
    () => http(`${path}?json_names=snake`),
    (answer) => !CODE.EVALUATING.includes(answer.model_version.metrics.status.code),
  )
  const { status, summary } = version.metrics
  if (status.code !== CODE.EVALUATED) throw new Error(status.details)
  return {
    f1: summary.macro_avg_f1_score,
    precision: summary.macro_avg_precision,
    recall: summary.macro_avg_recall,
    rocAuc: summary.macro_avg_roc_auc,
  }
}

try {
  const pictures = await labelledPictures(process.argv[2])
  const workflow = { id: 'Universal', user_id: 'clarifai', app_id: 'main' }
  await http('/apps', { apps: [{ id: APP, default_workflow: workflow }] })
  const app = new App({ apiEndpoint: server.url, apiKey: server.pat, userId: server.user, appId: APP })
  await add(app, pictures.train)
  const model = await app.models.create('scenes', pictures.labels, { conceptsMutuallyExclusive: true })
  await model.train(true)
  let right = 0
  for (const { label, bytes } of pictures.pool) {
    const { outputs } = await model.predict({ base64: bytes.toString('base64') })
    if (outputs[0].data.concepts[0].id === label) right++
  }
  console.log(`after ${pictures.train.length} labels: ${right} of ${pictures.pool.length} new pictures are recognised`)
  await add(app, pictures.test)
  await model.train(true)
  const examples = pictures.train.length + pictures.test.length
  showMetrics(`cross-validated with ${examples} labels`, { examples, ...(await evaluate(model)) })
} finally {
  await server.stop()
}
