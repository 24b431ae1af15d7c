import { create, type JsonObject } from '@bufbuild/protobuf'
import { ConceptSchema, ModelVersionSchema } from '../src/contract/index.ts'
import { decodeDoc } from '../src/contract/json/index.ts'
import { StatusCode } from '../src/contract/status-code.ts'
import { classify, headOf } from '../src/engines/embedding-classifier.ts'
import { modelVersions } from '../src/store/repos/families.ts'
import { readHead } from '../src/store/repos/model-versions.ts'
import { versionPksOf } from '../src/store/repos/vector-spaces.ts'
import { PRODUCT_THREADS, STRENGTH } from '../src/training/limits.ts'
import { openOnnxProducts } from '../src/training/onnx-products.ts'
import { crossFit, trainHead } from '../src/training/train-head.ts'
import { alternate, noteOf } from './kit/alternate.ts'
import { type DataPlane, openDataPlane } from './kit/data-plane.ts'
import { clouds, EMBEDDER, putExamples } from './kit/labelled.ts'
import { plainSgd } from './kit/plain-sgd.ts'
import type { Result } from './kit/result.ts'
import { median, spread } from './kit/statistics.ts'

const CALLS = 5
const FOLDS = 5
const FOLD_ROUNDS = 3
const SGD_RATES = [0.3, 1, 3]
const SGD_MS_MAX = 60_000
/** Losses that differ by less are the same. */
const SAME_LOSS = 1.001

/** Trainings from the call to a version that answers, and the solver against SGD by hand. */
export async function run(): Promise<Result[]> {
  return [
    await fromCall({ examples: 200, dims: 1_280, concepts: 10, aim: '<= 0.5' }),
    await fromCall({ examples: 5_000, dims: 1_280, concepts: 20, aim: '<= 1.5' }),
    await nextSuggestion(5_000, 576, 10),
    await againstSgd(2_000, 1_280, 20),
    await fiveFold(5_000, 1_280, 20),
  ]
}

async function fromCall(order: { examples: number; dims: number; concepts: number; aim: string }): Promise<Result> {
  const { examples, dims, concepts, aim } = order
  await using plane = await openDataPlane({ processing: true })
  const vectors = clouds(examples, dims, concepts)
  await putExamples(plane, vectors, dims, concepts)
  const ids = Array.from({ length: concepts }, (_, at) => ({ id: `concept-${at}` }))
  const seconds: number[] = []
  let log = ''
  for (let call = 0; call <= CALLS; call++) {
    // A model of its own each time: another version of one with nothing new would take its head over.
    const modelId = `head-${call}`
    await plane.call('PostModels', { userAppId: plane.userAppId, models: [{ id: modelId }] })
    const start = performance.now()
    log = await train(plane, modelId, ids, [...vectors.subarray(0, dims)])
    seconds.push((performance.now() - start) / 1_000)
  }
  const [first, ...rest] = seconds
  const split = log.split('\n').at(-1)
  return {
    name: `training on ${examples} stored vectors x ${dims} x ${concepts} concepts, from the call to a version that answers`,
    ours: median(rest),
    unit: 's on the clock',
    aim,
    note: `${spread(rest, 2)}; the first, which starts the training process, ${first!.toFixed(2)} s; the last: ${split}`,
  }
}

/** Inputs that nobody has labelled, among which the next suggestion is. */
const POOL = 1_000

/** One turn of active learning: a label, a head trained with it, and what to label next. */
async function nextSuggestion(examples: number, dims: number, concepts: number): Promise<Result> {
  await using plane = await openDataPlane({ processing: true })
  const { userAppId } = plane
  const vectors = clouds(examples + POOL, dims, concepts)
  await putExamples(plane, vectors, dims, concepts, examples)
  await plane.call('PostModels', { userAppId, models: [{ id: 'head' }] })
  const ids = Array.from({ length: concepts }, (_, at) => ({ id: `concept-${at}` }))
  const known = [...vectors.subarray(0, dims)]
  const suggest = async (): Promise<string> => {
    const { models } = await plane.call('ListModels', { userAppId })
    const modelVersionId = models[0]!.modelVersion!.id
    const annotation = { modelVersionId, annotationInfo: { active_learning: 'uncertainty' } }
    const searches = [{ query: { ranks: [{ annotation }] } }]
    const pagination = { page: 1, perPage: 5 }
    const { hits } = await plane.call('PostInputsSearches', { userAppId, searches, pagination })
    return hits[0]!.input!.id
  }
  await train(plane, 'head', ids, known)
  let next = await suggest()
  const turns: number[] = []
  let log = ''
  for (let turn = 0; turn <= CALLS; turn++) {
    const start = performance.now()
    const id = `concept-${Number(next.slice('in-'.length)) % concepts}`
    const annotations = [{ inputId: next, data: { concepts: [{ id, value: 1 }] } }]
    await plane.call('PostAnnotations', { userAppId, annotations })
    log = await train(plane, 'head', ids, known)
    const after = await suggest()
    if (after === next) throw new Error(`${next} has a label and is suggested again`)
    next = after
    turns.push(performance.now() - start)
  }
  return {
    name: `from a label to the next suggestion of a head trained with it, at ${examples} examples x ${dims} x ${concepts} concepts`,
    ours: median(turns.slice(1)),
    unit: 'ms on the clock',
    aim: '<= 300',
    note: `${spread(turns.slice(1), 0)}; the last: ${log.split('\n').at(-1)}`,
  }
}

/** One training; ends when the head that the version has answers a vector. Says what its log says. */
async function train(
  plane: DataPlane,
  modelId: string,
  concepts: readonly { readonly id: string }[],
  vector: number[],
): Promise<string> {
  const { userAppId } = plane
  const version = { inputInfo: { baseEmbedModel: EMBEDDER }, outputInfo: { data: { concepts: [...concepts] } } }
  const made = await plane.call('PostModelVersions', { userAppId, modelId, modelVersions: [version] })
  const versionId = made.model!.modelVersion!.id
  for (;;) {
    const { modelVersion } = await plane.call('GetModelVersion', { userAppId, modelId, versionId })
    const { code = 0, details } = modelVersion!.status ?? {}
    if (code !== StatusCode.MODEL_TRAINED) {
      if (code !== StatusCode.MODEL_TRAINING && code !== StatusCode.MODEL_QUEUED_FOR_TRAINING) throw new Error(details)
      await new Promise((resolve) => setTimeout(resolve, 2))
      continue
    }
    const { read } = plane.services.db
    const [pk] = await versionPksOf(read, versionId)
    const params = JSON.parse((await readHead(read, pk!))!) as JsonObject
    const learned = concepts.map((concept) => create(ConceptSchema, concept))
    const [best] = classify(headOf({ params, concepts: learned }), vector, learned)
    if (best!.id !== 'concept-0') throw new Error(`the head says ${best!.id} of an example of concept-0`)
    return decodeDoc(ModelVersionSchema, (await modelVersions.getByPk(read, pk!))!.doc).trainLog
  }
}

/** What an evaluation by cross-validation computes, against the training whose head it evaluates. */
async function fiveFold(examples: number, dims: number, concepts: number): Promise<Result> {
  const onnx = await openOnnxProducts(PRODUCT_THREADS)
  const order = orderOf(clouds(examples, dims, concepts), dims, concepts)
  const tools = { makeProducts: (matrix: Float32Array, length: number) => onnx.of(matrix, length) }
  const compared = await alternate(
    FOLD_ROUNDS,
    1,
    () => crossFit(order, FOLDS, tools),
    () => trainHead(order, tools),
  )
  return {
    name: `${FOLDS}-fold scores of ${examples} x ${dims} x ${concepts} concepts, vs one training with calibration`,
    ours: compared.ours.cpuMs,
    baseline: compared.baseline.cpuMs,
    unit: 'ms of processor time',
    ratio: median(compared.cpuRatios),
    aim: '<= 3',
    note: noteOf(compared),
  }
}

function orderOf(vectors: Float32Array, dims: number, concepts: number) {
  const examples = vectors.length / dims
  const rows = Int32Array.from({ length: examples }, (_, row) => row)
  const labels = { rows, concepts: rows.map((row) => row % concepts), values: new Float32Array(examples).fill(1) }
  return { embeddings: vectors, dims, concepts, labels, mutuallyExclusive: false }
}

async function againstSgd(examples: number, dims: number, concepts: number): Promise<Result> {
  const onnx = await openOnnxProducts(PRODUCT_THREADS)
  const vectors = clouds(examples, dims, concepts)
  const order = orderOf(vectors, dims, concepts)
  const tools = { makeProducts: (matrix: Float32Array, length: number) => onnx.of(matrix, length) }
  const times: number[] = []
  let loss = 0
  for (let round = 0; round <= CALLS; round++) {
    const start = performance.now()
    const head = await trainHead({ ...order, hyper: { calibrate: false } }, tools)
    times.push(performance.now() - start)
    loss = head.log.loss
  }
  const ours = median(times.slice(1))
  const tried = SGD_RATES.map((rate) => ({
    rate,
    ...plainSgd({ vectors, dims, concepts, strength: STRENGTH }, rate, loss * SAME_LOSS, SGD_MS_MAX / SGD_RATES.length),
  }))
  const reached = tried.filter(({ passes }) => passes !== undefined)
  const best = (reached.length > 0 ? reached : tried).sort((a, b) => a.ms - b.ms || a.loss - b.loss)[0]!
  const how =
    best.passes === undefined ? `not reached in that time, loss ${best.loss.toFixed(4)}` : `${best.passes} passes`
  return {
    name: `solver on ${examples} x ${dims} x ${concepts} concepts, vs mini-batch SGD in plain JavaScript to the same loss`,
    ours: best.ms / ours,
    baseline: 1,
    unit: 'times as fast',
    ratio: best.ms / ours,
    aim: '>= 10',
    note: `${ours.toFixed(0)} ms and ${best.ms.toFixed(0)} ms (best of rates ${SGD_RATES.join(', ')}: ${best.rate}; ${how}), loss ${loss.toFixed(4)}`,
  }
}
