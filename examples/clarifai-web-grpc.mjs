// Train by example over gRPC-Web, as a page in a browser would: a few labels, a model, its figures, what to label next, a
// better model.
//   node examples/clarifai-web-grpc.mjs [FOLDER WITH A FOLDER OF PICTURES FOR EACH LABEL]
import { createRequire } from 'node:module'
import web from 'clarifai-web-grpc'
import api from 'clarifai-web-grpc/proto/clarifai/api/resources_pb.js'
import service from 'clarifai-web-grpc/proto/clarifai/api/service_pb.js'
import xhr2 from 'xhr2'
import { CODE, labelledPictures, showMetrics, until, useServer } from './kit.mjs'

// Messages have to come from the very protobuf library that the client uses.
const { Struct } = createRequire(import.meta.resolve('clarifai-web-grpc'))(
  'google-protobuf/google/protobuf/struct_pb.js',
)
const NEXT = 5
const APP = 'example-web'
const server = await useServer()
// All that the client needs of a browser.
globalThis.XMLHttpRequest = xhr2
const client = new web.V2PromiseClient(server.url)
const metadata = { authorization: `Key ${server.pat}` }
const inApp = new api.UserAppIDSet().setUserId(server.user).setAppId(APP)

/** Calls a method in the app; statuses other than success are errors. */
async function call(method, request, where = inApp) {
  const answer = await client[method](request.setUserAppId(where), metadata)
  const status = answer.getStatus()
  if (status.getCode() !== CODE.SUCCESS) throw new Error(`${method}: ${status.getDescription()} ${status.getDetails()}`)
  return answer
}

const concept = (id, value) => new api.Concept().setId(id).setValue(value)

/** Adds pictures, with their labels unless they are kept back, and waits until they are processed. */
async function add(pictures, { labelled }) {
  const inputs = pictures.map(({ id, label, bytes }) => {
    const data = new api.Data().setImage(new api.Image().setBase64(bytes.toString('base64')))
    if (labelled) data.setConceptsList([concept(label, 1)])
    return new api.Input().setId(id).setData(data)
  })
  await call('postInputs', new service.PostInputsRequest().setInputsList(inputs))
  await until(
    async () => (await call('getInputCount', new service.GetInputCountRequest())).getCounts(),
    (counts) => counts.getToProcess() + counts.getProcessing() === 0,
  )
}

/** Trains a version from all labels and waits until it answers. */
async function train() {
  const request = new service.PostModelVersionsRequest().setModelId('scenes')
  const id = (await call('postModelVersions', request)).getModel().getModelVersion().getId()
  const ask = new service.GetModelVersionRequest().setModelId('scenes').setVersionId(id)
  const trained = await until(
    async () => (await call('getModelVersion', ask)).getModelVersion(),
    (one) => !CODE.TRAINING.includes(one.getStatus().getCode()),
  )
  if (trained.getStatus().getCode() !== CODE.TRAINED) throw new Error(trained.getStatus().getDetails())
  return id
}

/** How many pictures a version recognises. */
async function recognised(versionId, pictures) {
  const inputs = pictures.map(({ bytes }) =>
    new api.Input().setData(new api.Data().setImage(new api.Image().setBase64(bytes.toString('base64')))),
  )
  const request = new service.PostModelOutputsRequest().setModelId('scenes').setVersionId(versionId)
  const answer = await call('postModelOutputs', request.setInputsList(inputs))
  const best = answer.getOutputsList().map((output) => output.getData().getConceptsList()[0].getId())
  return `${pictures.filter(({ label: of }, at) => best[at] === of).length} of ${pictures.length} new pictures are recognised`
}

/** Figures of a version by cross-validation with all labels of the app. */
async function evaluate(versionId) {
  const start = new service.PostModelVersionMetricsRequest().setModelId('scenes').setVersionId(versionId)
  await call('postModelVersionMetrics', start)
  const ask = new service.GetModelVersionMetricsRequest().setModelId('scenes').setVersionId(versionId)
  const done = await until(
    async () => (await call('getModelVersionMetrics', ask)).getModelVersion().getMetrics(),
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

/** Unlabelled pictures that the version is least sure of, and that differ from each other. */
async function worthLabelling(versionId) {
  const rank = new api.Annotation()
    .setModelVersionId(versionId)
    .setAnnotationInfo(Struct.fromJavaScript({ active_learning: 'diversity' }))
  const query = new api.Query().setRanksList([new api.Rank().setAnnotation(rank)])
  const request = new service.PostInputsSearchesRequest()
    .setSearchesList([new api.Search().setQuery(query)])
    .setPagination(new service.Pagination().setPage(1).setPerPage(NEXT))
  const answer = await call('postInputsSearches', request)
  return answer.getHitsList().map((hit) => hit.getInput().getId())
}

/** What a person would do: says what the pictures show. */
async function label(pictures) {
  const annotations = pictures.map(({ id, label: of }) =>
    new api.Annotation().setInputId(id).setData(new api.Data().setConceptsList([concept(of, 1)])),
  )
  await call('postAnnotations', new service.PostAnnotationsRequest().setAnnotationsList(annotations))
}

try {
  const pictures = await labelledPictures(process.argv[2])
  const apps = [new api.App().setId(APP).setDefaultWorkflowId('Universal')]
  const inUser = new api.UserAppIDSet().setUserId(server.user)
  await call('postApps', new service.PostAppsRequest().setAppsList(apps), inUser)
  const output = new api.OutputInfo()
    .setData(new api.Data().setConceptsList(pictures.labels.map((id) => new api.Concept().setId(id))))
    .setOutputConfig(new api.OutputConfig().setConceptsMutuallyExclusive(true))
  const model = new api.Model().setId('scenes').setModelTypeId('embedding-classifier').setOutputInfo(output)
  await call('postModels', new service.PostModelsRequest().setModelsList([model]))

  await add(pictures.train, { labelled: true })
  const first = await train()
  console.log(`after ${pictures.train.length} labels: ${await recognised(first, pictures.test)}`)
  await add(pictures.pool, { labelled: false })
  const next = await worthLabelling(first)
  console.log(`worth labelling next: ${next.join(', ')}`)
  await label(pictures.pool.filter(({ id }) => next.includes(id)))
  const second = await train()
  const labels = pictures.train.length + next.length
  console.log(`after ${labels} labels: ${await recognised(second, pictures.test)}`)
  await add(pictures.test, { labelled: true })
  const examples = labels + pictures.test.length
  showMetrics(`cross-validated with ${examples} labels`, { examples, ...(await evaluate(await train())) })
} finally {
  await server.stop()
}
