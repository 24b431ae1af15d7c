// Train by example with the Node SDK: a few labels, a model, what it is least sure of, a better model.
//   node examples/clarifai-nodejs.mjs [FOLDER WITH A FOLDER OF PICTURES FOR EACH LABEL]
import { App, Input, Model, User } from 'clarifai-nodejs'
import api from 'clarifai-nodejs-grpc/proto/clarifai/api/resources_pb'
import protobuf from 'google-protobuf/google/protobuf/struct_pb.js'
import { CODE, labelledPictures, showMetrics, until, useServer } from './kit.mjs'

const APP = 'example-sdk'
const NEXT = 5
const server = await useServer()
const authConfig = { userId: server.user, appId: APP, pat: server.pat, base: server.url }
// The SDK tells of every step on the console.
for (const name of ['info', 'table', 'debug']) console[name] = () => {}

/** For what the SDK has no method for: evaluations, and searches that ask a model. */
async function http(method, path, body) {
  const headers = { authorization: `Key ${server.pat}`, 'content-type': 'application/json' }
  const url = `${server.url}/v2/users/${server.user}/apps/${APP}${path}`
  const answer = await fetch(url, { method, headers, ...(body && { body: JSON.stringify(body) }) })
  const json = await answer.json()
  if (json.status.code !== CODE.SUCCESS) throw new Error(`${json.status.description} ${json.status.details ?? ''}`)
  return json
}

// As the SDK makes the concept of a label.
const conceptId = (label) => `id-${label}`

let added = 0

/** Adds pictures to a dataset, with their labels unless they are kept back, and waits until they are processed. */
async function add(pictures, { labelled, dataset }) {
  const inputs = pictures.map(({ id, label, bytes }) =>
    Input.getInputFromBytes({
      inputId: id,
      imageBytes: bytes,
      datasetId: dataset,
      ...(labelled && { labels: [label] }),
    }),
  )
  await new Input({ authConfig }).uploadInputs({ inputs, showLog: false })
  added += pictures.length
  await until(
    () => http('GET', '/inputs/status?json_names=camel'),
    ({ counts }) => counts.processed + counts.errors >= added,
  )
}

async function train(model, labels) {
  const output = new api.OutputInfo()
    .setData(new api.Data().setConceptsList(labels.map((label) => new api.Concept().setId(conceptId(label)))))
    .setOutputConfig(new api.OutputConfig().setConceptsMutuallyExclusive(true))
  const info = new api.TrainInfo().setParams(protobuf.Struct.fromJavaScript({ dataset_id: 'train' }))
  const made = await model.createVersion(new api.ModelVersion().setOutputInfo(output).setTrainInfo(info))
  const { id } = made.modelVersion
  const { modelVersion } = await until(
    () => http('GET', `/models/scenes/versions/${id}`),
    (answer) => !CODE.TRAINING.includes(answer.modelVersion.status.code),
  )
  if (modelVersion.status.code !== CODE.TRAINED) throw new Error(modelVersion.status.details)
  return id
}

async function evaluate(versionId) {
  const id = `on-test-${versionId}`
  const model = { id: 'scenes', modelVersion: { id: versionId } }
  await http('POST', '/evaluations', { evalMetrics: [{ id, model, groundTruthDataset: { id: 'test' } }] })
  const { evalMetrics } = await until(
    () => http('GET', `/evaluations/${id}`),
    (answer) => !CODE.EVALUATING.includes(answer.evalMetrics.status.code),
  )
  if (evalMetrics.status.code !== CODE.EVALUATED) throw new Error(evalMetrics.status.details)
  const { macroAvgF1Score, macroAvgPrecision, macroAvgRecall, macroAvgRocAuc } = evalMetrics.summary
  return { f1: macroAvgF1Score, precision: macroAvgPrecision, recall: macroAvgRecall, rocAuc: macroAvgRocAuc }
}

/** Pictures of the pool that the version is least sure of, and that differ from each other. */
async function worthLabelling(versionId) {
  const rank = { modelVersionId: versionId, annotationInfo: { active_learning: 'diversity' } }
  const query = { ranks: [{ annotation: rank }], filters: [{ input: { datasetIds: ['pool'] } }] }
  const body = { searches: [{ query }], pagination: { page: 1, perPage: NEXT } }
  const { hits } = await http('POST', '/inputs/searches', body)
  return hits.map(({ input }) => input.id)
}

/** What a person would do: says what the pictures show, and adds them to those that are learned from. */
async function label(pictures) {
  const datasetInputs = pictures.map(({ id }) => ({ input: { id } }))
  await http('POST', '/datasets/train/inputs', { datasetInputs })
  const annotations = pictures.map(({ id, label: of }) => ({
    inputId: id,
    data: { concepts: [{ id: conceptId(of), value: 1 }] },
  }))
  await http('POST', '/annotations', { annotations })
}

try {
  const pictures = await labelledPictures(process.argv[2])
  await new User({ ...authConfig, appId: '' }).createApp({ appId: APP, baseWorkflow: 'Universal' })
  const app = new App({ authConfig })
  for (const datasetId of ['train', 'pool', 'test']) await app.createDataset({ datasetId })
  await app.createModel({ modelId: 'scenes', params: { modelTypeId: 'embedding-classifier' } })
  const model = new Model({ modelId: 'scenes', authConfig })
  await add(pictures.train, { labelled: true, dataset: 'train' })
  await add(pictures.test, { labelled: true, dataset: 'test' })
  await add(pictures.pool, { labelled: false, dataset: 'pool' })

  const first = await train(model, pictures.labels)
  const examples = pictures.test.length
  showMetrics(`after ${pictures.train.length} labels`, { examples, ...(await evaluate(first)) })
  const next = await worthLabelling(first)
  console.log(`worth labelling next: ${next.join(', ')}`)
  await label(pictures.pool.filter(({ id }) => next.includes(id)))
  const second = await train(model, pictures.labels)
  showMetrics(`after ${pictures.train.length + next.length} labels`, { examples, ...(await evaluate(second)) })
} finally {
  await server.stop()
}
