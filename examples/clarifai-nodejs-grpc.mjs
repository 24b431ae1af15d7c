// Train by example over gRPC: a few labels, a model, its figures, what to label next, a better model.
//   node examples/clarifai-nodejs-grpc.mjs [FOLDER WITH A FOLDER OF PICTURES FOR EACH LABEL]
import { promisify } from 'node:util'
import { credentials, Metadata } from '@grpc/grpc-js'
import api from 'clarifai-nodejs-grpc/proto/clarifai/api/resources_pb'
import grpc from 'clarifai-nodejs-grpc/proto/clarifai/api/service_grpc_pb'
import service from 'clarifai-nodejs-grpc/proto/clarifai/api/service_pb'
import protobuf from 'google-protobuf/google/protobuf/struct_pb.js'
import { CODE, labelledPictures, showMetrics, until, useServer } from './kit.mjs'

const NEXT = 5
const APP = 'example-grpc'
const server = await useServer()
const client = new grpc.V2Client(new URL(server.url).host, credentials.createInsecure(), {
  'grpc.max_receive_message_length': 64 * 1024 * 1024,
})
const metadata = new Metadata()
metadata.set('authorization', `Key ${server.pat}`)
const inApp = new api.UserAppIDSet().setUserId(server.user).setAppId(APP)

/** Calls a method in the app; statuses other than success are errors. */
async function call(method, request, where = inApp) {
  const answer = await promisify(client[method].bind(client))(request.setUserAppId(where), metadata)
  const status = answer.getStatus()
  if (status.getCode() !== CODE.SUCCESS) throw new Error(`${method}: ${status.getDescription()} ${status.getDetails()}`)
  return answer
}

const concept = (id, value) => new api.Concept().setId(id).setValue(value)

/** Adds pictures, with their labels unless they are kept back, and waits until they are processed. */
async function add(pictures, { labelled, dataset }) {
  const inputs = pictures.map(({ id, label, bytes }) => {
    const data = new api.Data().setImage(new api.Image().setBase64(bytes))
    if (labelled) data.setConceptsList([concept(label, 1)])
    return new api.Input().setId(id).setData(data).setDatasetIdsList([dataset])
  })
  await call('postInputs', new service.PostInputsRequest().setInputsList(inputs))
  await until(
    async () => (await call('getInputCount', new service.GetInputCountRequest())).getCounts(),
    (counts) => counts.getToProcess() + counts.getProcessing() === 0,
  )
}

/** Trains a version from the dataset `train` and waits until it answers. */
async function train(labels) {
  const output = new api.OutputInfo()
    .setData(new api.Data().setConceptsList(labels.map((id) => new api.Concept().setId(id))))
    .setOutputConfig(new api.OutputConfig().setConceptsMutuallyExclusive(true))
  const info = new api.TrainInfo().setParams(protobuf.Struct.fromJavaScript({ dataset_id: 'train' }))
  const version = new api.ModelVersion().setOutputInfo(output).setTrainInfo(info)
  const request = new service.PostModelVersionsRequest().setModelId('scenes').setModelVersionsList([version])
  const id = (await call('postModelVersions', request)).getModel().getModelVersion().getId()
  const ask = new service.GetModelVersionRequest().setModelId('scenes').setVersionId(id)
  const trained = await until(
    async () => (await call('getModelVersion', ask)).getModelVersion(),
    (one) => !CODE.TRAINING.includes(one.getStatus().getCode()),
  )
  if (trained.getStatus().getCode() !== CODE.TRAINED) throw new Error(trained.getStatus().getDetails())
  return id
}

/** Figures of a version on the dataset `test`. */
async function evaluate(versionId) {
  const id = `on-test-${versionId}`
  const metrics = new api.EvalMetrics()
    .setId(id)
    .setModel(new api.Model().setId('scenes').setModelVersion(new api.ModelVersion().setId(versionId)))
    .setGroundTruthDataset(new api.Dataset().setId('test'))
  await call('postEvaluations', new service.PostEvaluationsRequest().setEvalMetricsList([metrics]))
  const done = await until(
    async () => (await call('getEvaluation', new service.GetEvaluationRequest().setEvaluationId(id))).getEvalMetrics(),
    (one) => !CODE.EVALUATING.includes(one.getStatus().getCode()),
  )
  if (done.getStatus().getCode() !== CODE.EVALUATED) throw new Error(done.getStatus().getDetails())
  const summary = done.getSummary()
  return {
    f1: summary.getMacroAvgF1Score(),
    precision: summary.getMacroAvgPrecision(),
    recall: summary.getMacroAvgRecall(),
    rocAuc: summary.getMacroAvgRocAuc(),
  }
}

/** Pictures of the pool that the version is least sure of, and that differ from each other. */
async function worthLabelling(versionId) {
  const rank = new api.Annotation()
    .setModelVersionId(versionId)
    .setAnnotationInfo(protobuf.Struct.fromJavaScript({ active_learning: 'diversity' }))
  const filter = new api.Filter().setInput(new api.Input().setDatasetIdsList(['pool']))
  const query = new api.Query().setRanksList([new api.Rank().setAnnotation(rank)]).setFiltersList([filter])
  const request = new service.PostInputsSearchesRequest()
    .setSearchesList([new api.Search().setQuery(query)])
    .setPagination(new service.Pagination().setPage(1).setPerPage(NEXT))
  const answer = await call('postInputsSearches', request)
  return answer.getHitsList().map((hit) => hit.getInput().getId())
}

/** What a person would do: says what the pictures show, and adds them to those that are learned from. */
async function label(pictures) {
  const members = pictures.map(({ id }) => new api.DatasetInput().setInput(new api.Input().setId(id)))
  const request = new service.PostDatasetInputsRequest().setDatasetId('train').setDatasetInputsList(members)
  await call('postDatasetInputs', request)
  const annotations = pictures.map(({ id, label: of }) =>
    new api.Annotation().setInputId(id).setData(new api.Data().setConceptsList([concept(of, 1)])),
  )
  await call('postAnnotations', new service.PostAnnotationsRequest().setAnnotationsList(annotations))
}

try {
  const pictures = await labelledPictures(process.argv[2])
  const workflow = new api.Workflow().setId('Universal').setUserId('clarifai').setAppId('main')
  const apps = new service.PostAppsRequest().setAppsList([new api.App().setId(APP).setDefaultWorkflow(workflow)])
  await call('postApps', apps, new api.UserAppIDSet().setUserId(server.user))
  const datasets = ['train', 'pool', 'test'].map((id) => new api.Dataset().setId(id))
  await call('postDatasets', new service.PostDatasetsRequest().setDatasetsList(datasets))
  const model = new api.Model().setId('scenes').setModelTypeId('embedding-classifier')
  await call('postModels', new service.PostModelsRequest().setModelsList([model]))
  await add(pictures.train, { labelled: true, dataset: 'train' })
  await add(pictures.test, { labelled: true, dataset: 'test' })
  await add(pictures.pool, { labelled: false, dataset: 'pool' })

  const first = await train(pictures.labels)
  const examples = pictures.test.length
  showMetrics(`after ${pictures.train.length} labels`, { examples, ...(await evaluate(first)) })
  const next = await worthLabelling(first)
  console.log(`worth labelling next: ${next.join(', ')}`)
  await label(pictures.pool.filter(({ id }) => next.includes(id)))
  const second = await train(pictures.labels)
  showMetrics(`after ${pictures.train.length + next.length} labels`, { examples, ...(await evaluate(second)) })
} finally {
  client.close()
  await server.stop()
}
