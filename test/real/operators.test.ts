// Workflow operators on what real models find in real pictures, films and texts, through the whole server. Those that
// push, mail, map synonyms and track have files of their own in test/api.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { JsonObject } from '@bufbuild/protobuf'
import { prepareZXingModule, writeBarcode } from 'zxing-wasm/writer'
import type { BoundingBox, Data, Region } from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { pictureOfWords } from '../../src/engines/ocr/test-text.ts'
import { facePhotos, platformPhoto } from '../../src/engines/test-weights.ts'
import { sharp } from '../../src/media/sharp-setup.ts'
import { encodeVideo } from '../../src/media/test-media.ts'
import { makeApp, succeeded, type TestApp } from '../kit/apps.ts'
import { startTestServer, type TestServer } from '../kit/server.ts'

let server: TestServer
let app: TestApp
let platform: Buffer
let count = 0

before(async () => {
  platform = await platformPhoto()
  server = await startTestServer({ models: true })
  app = await makeApp(server, 'operators')
})
after(() => server[Symbol.asyncDispose]())

interface Operator {
  readonly type: string
  readonly params?: JsonObject
  readonly concepts?: readonly { id: string; value?: number }[]
}

/** A node: a public model by its id or an operator, fed by other nodes. */
type Node = readonly [id: string, what: string | Operator, ...from: string[]]

async function modelOf(place: TestApp, what: string | Operator) {
  if (typeof what === 'string') return { id: what, userId: 'clarifai', appId: 'main' }
  const { userAppId } = place
  const id = `${what.type}-${count++}`
  succeeded(await server.call('PostModels', { userAppId, models: [{ id, modelTypeId: what.type }] }))
  const outputInfo = { params: what.params, data: { concepts: [...(what.concepts ?? [])] } }
  const made = await server.call('PostModelVersions', { userAppId, modelId: id, modelVersions: [{ outputInfo }] })
  assert.equal(succeeded(made).model?.modelVersion?.status?.code, StatusCode.MODEL_TRAINED)
  return { id, ...userAppId }
}

async function workflowOf(place: TestApp, nodes: readonly Node[]): Promise<string> {
  const workflow = { id: `workflow-${count++}`, nodes: [] as object[] }
  for (const [id, what, ...from] of nodes) {
    const model = await modelOf(place, what)
    workflow.nodes.push({ id, model, nodeInputs: from.map((nodeId) => ({ nodeId })) })
  }
  succeeded(await server.call('PostWorkflows', { userAppId: place.userAppId, workflows: [workflow as never] }))
  return workflow.id
}

/** Makes a workflow of the nodes and runs it on an input; what each node answers by its id. */
async function run(data: object, nodes: readonly Node[], place = app): Promise<Record<string, Data>> {
  const workflowId = await workflowOf(place, nodes)
  const inputs = [{ data: data as never }]
  const { results } = succeeded(
    await server.call('PostWorkflowResults', { userAppId: place.userAppId, workflowId, inputs }),
  )
  return Object.fromEntries(nodes.map(([id], at) => [id, results[0]!.outputs[at]!.data!]))
}

const image = (base64: Uint8Array) => ({ image: { base64 } })
const text = (raw: string) => ({ text: { raw } })
const names = (data: Data | undefined): string[] => data!.concepts.map(({ name }) => name)
const boxOf = ({ regionInfo }: Region): BoundingBox => regionInfo!.boundingBox!
const person = (value: number) => [{ id: 'ai_L5WRoOAE', value }]

/** Area that two boxes share, of the area of both together. */
function overlap(a: BoundingBox, b: BoundingBox): number {
  const area = (box: Pick<BoundingBox, 'topRow' | 'leftCol' | 'bottomRow' | 'rightCol'>) =>
    Math.max(0, box.bottomRow - box.topRow) * Math.max(0, box.rightCol - box.leftCol)
  const shared = area({
    topRow: Math.max(a.topRow, b.topRow),
    leftCol: Math.max(a.leftCol, b.leftCol),
    bottomRow: Math.min(a.bottomRow, b.bottomRow),
    rightCol: Math.min(a.rightCol, b.rightCol),
  })
  return shared / (area(a) + area(b) - shared)
}

describe('what is found in a picture', () => {
  test('is filtered by concept, by region and by chance', async () => {
    const made = await run(image(platform), [
      ['tags', 'general-image-recognition'],
      ['sure', { type: 'concept-thresholder', concepts: person(0.5) }, 'tags'],
      ['unsure', { type: 'concept-thresholder', params: { concept_threshold_type: 3 }, concepts: person(0.5) }, 'tags'],
      ['boxes', 'general-image-detection'],
      ['near', { type: 'region-thresholder', concepts: person(0.65) }, 'boxes'],
      ['all', { type: 'random-sample', params: { keep_fraction: 1 } }, 'boxes'],
      ['none', { type: 'random-sample', params: { keep_fraction: 0 } }, 'boxes'],
    ])
    assert.ok(made.tags!.concepts.length > 1)
    assert.deepEqual([names(made.sure), names(made.unsure)], [['person'], []])
    const values = made.boxes!.regions.map(({ value }) => value)
    assert.deepEqual(
      made.near!.regions.map(({ value }) => value),
      values.filter((value) => value >= 0.65),
    )
    assert.ok(made.near!.regions.length > 0 && made.near!.regions.length < values.length, `${values}`)
    assert.equal(made.all!.regions.length, values.length)
    assert.equal(made.none!.regions.length, 0)
  })

  test('is counted, told apart by distance, and cut out', async () => {
    const made = await run(image(platform), [
      ['boxes', 'general-image-detection'],
      ['people', { type: 'object-counter', concepts: person(1) }, 'boxes'],
      ['dogs', { type: 'object-counter', concepts: [{ id: 'ai_8S2Vq3cR' }] }, 'boxes'],
      ['alone', { type: 'isolation-operator', params: { min_distance: 1.4 } }, 'boxes'],
      ['cut', { type: 'image-crop', params: { margin: 1.5 } }, 'boxes'],
      ['vectors', 'general-image-embedding', 'cut'],
    ])
    const { length } = made.boxes!.regions
    assert.deepEqual([made.people!.metadata, made.dogs!.metadata], [{ object_count: length }, { object_count: 0 }])
    assert.deepEqual(
      made.alone!.regions.map(({ data }) => data!.concepts.map(({ name }) => name).at(-1)),
      Array(length).fill('crowded'),
    )
    const { width } = await sharp(made.cut!.regions[0]!.data!.image!.base64).metadata()
    const { leftCol, rightCol } = made.boxes!.regions[0]!.regionInfo!.boundingBox!
    const box = (rightCol - leftCol) * (await sharp(platform).metadata()).width!
    assert.ok(width! > box * 1.2 && width! < box * 1.6, `${width} for a box of ${box}`)
    for (const { data } of made.vectors!.regions) assert.equal(data!.embeddings[0]!.vector.length, 576)
  })

  test('on tiles is put together to what the whole picture shows', async () => {
    const large = await sharp(platform).resize(1024).jpeg().toBuffer()
    const made = await run(image(large), [
      ['tiles', { type: 'image-tiling-operator', params: { tile_size: 512, max_object_size: 200 } }],
      ['boxes', 'general-image-detection', 'tiles'],
      ['whole', { type: 'tiling-region-aggregator-operator', params: { min_confidence: 0.4 } }, 'boxes'],
      ['once', 'general-image-detection'],
    ])
    assert.ok(made.tiles!.regions.length >= 6)
    const people = ({ regions }: Data) => regions.filter(({ data }) => data!.concepts[0]!.name === 'person').map(boxOf)
    const [found, alone] = [people(made.whole!), people(made.once!)]
    const again = alone.filter((box) => found.some((other) => overlap(box, other) > 0.5))
    assert.ok(again.length >= 2, `of ${alone.length} people ${again.length} are found on tiles as well`)
    assert.ok(found.every((box, at) => found.slice(at + 1).every((other) => overlap(box, other) < 0.5)))
  })

  test('faces are turned upright by their points', async () => {
    const { evening } = await facePhotos()
    const made = await run(image(evening), [
      ['points', 'face-landmarks'],
      ['upright', { type: 'image-align', params: { image_size: 160 } }, 'points'],
      ['again', 'face-landmarks', 'upright'],
    ])
    const { width, height } = await sharp(made.upright!.image!.base64).metadata()
    assert.deepEqual([width, height], [160, 160])
    const [left, right] = [33, 263].map((at) => made.again!.regions[0]!.regionInfo!.keypointLocations[at]!)
    assert.ok(Math.abs(left!.row - right!.row) < 0.05, `eyes at ${left!.row} and ${right!.row}`)
  })

  test('codes are read', async () => {
    const wasm = await readFile(fileURLToPath(import.meta.resolve('zxing-wasm/writer/zxing_writer.wasm')))
    await prepareZXingModule({ overrides: { wasmBinary: wasm.buffer as ArrayBuffer }, fireImmediately: true })
    const code = await writeBarcode('4006381333931', { format: 'EAN13', scale: 3, addQuietZones: true })
    const input = Buffer.from(await code.image!.arrayBuffer())
    const photo = await sharp(platform)
      .composite([{ input, left: 60, top: 60 }])
      .jpeg()
      .toBuffer()
    const made = await run(image(photo), [['codes', { type: 'barcode-operator' }]])
    assert.deepEqual(
      made.codes!.regions.map(({ data }) => data!.text!.raw),
      ['4006381333931'],
    )
  })
})

test('an input is let through by its kind, its metadata and what was found in it', async () => {
  const filter = (params: JsonObject, concepts: Operator['concepts'] = []) => ({
    type: 'input-filter',
    params,
    concepts,
  })
  const nodes: Node[] = [
    ['pictures', filter({ input_types: ['image'] })],
    ['texts', filter({ input_types: ['text'] })],
    ['north', filter({ metadata: { camera: 'north' } })],
    ['south', filter({ metadata: { camera: 'south' } })],
    ['seen', 'general-image-recognition', 'north'],
    ['unseen', 'general-image-recognition', 'south'],
    ['people', filter({}, person(0.5)), 'seen'],
    ['dogs', filter({}, [{ id: 'ai_8S2Vq3cR', value: 0.5 }]), 'seen'],
  ]
  const made = await run({ ...image(platform), metadata: { camera: 'north', shift: 2 } }, nodes)
  const isEmpty = ({ image: picture, concepts }: Data) => !picture && concepts.length === 0
  assert.deepEqual(
    nodes.map(([id]) => [id, isEmpty(made[id]!)]),
    [
      ['pictures', false],
      ['texts', true],
      ['north', false],
      ['south', true],
      ['seen', false],
      ['unseen', true],
      ['people', false],
      ['dogs', true],
    ],
  )
})

test('operators that are called alone take what others have found from the caller', async () => {
  const alone = async (operator: Operator, data: object) => {
    const { id } = await modelOf(app, operator)
    const request = { userAppId: app.userAppId, modelId: id, inputs: [{ data: data as never }] }
    return succeeded(await server.call('PostModelOutputs', request)).outputs[0]!.data!
  }
  const box = (leftCol: number) => ({ boundingBox: { topRow: 0.1, leftCol, bottomRow: 0.5, rightCol: leftCol + 0.3 } })
  const thing = (id: string, leftCol: number) => ({
    id,
    regionInfo: box(leftCol),
    data: { concepts: [{ id: 'dog', value: 0.9 }] },
  })
  const regions = [thing('a', 0.1), thing('b', 0.6)]
  const sure = await alone(
    { type: 'concept-thresholder', concepts: [{ id: 'cat', value: 0.5 }] },
    {
      concepts: [
        { id: 'cat', value: 0.6 },
        { id: 'dog', value: 0.9 },
      ],
    },
  )
  assert.deepEqual(
    sure.concepts.map(({ id }) => id),
    ['cat'],
  )
  assert.deepEqual((await alone({ type: 'object-counter' }, { regions })).metadata, { object_count: 2 })
  const cut = await alone({ type: 'image-crop' }, { ...image(platform), regions })
  assert.equal(cut.regions.length, 2)
  assert.ok(cut.regions[0]!.data!.image!.base64.length > 0)
  const frames = [0, 0.02].map((by, index) => ({
    frameInfo: { index, time: index * 1000 },
    data: { regions: [thing('a', 0.1 + by), thing('b', 0.6 + by)] },
  }))
  const followed = await alone({ type: 'centroid-tracker' }, { frames })
  const [before, behind] = followed.frames.map(({ data }) => data!.regions.map(({ trackId }) => trackId))
  assert.ok(before!.every((id) => id !== ''))
  assert.deepEqual(before, behind)
  // What the caller says of a picture is nothing that a model has found.
  const counted = await run({ ...image(platform), regions: [...regions, ...regions, ...regions] }, [
    ['boxes', 'general-image-detection'],
    ['things', { type: 'object-counter' }, 'boxes'],
  ])
  assert.equal(counted.things!.metadata!.object_count, counted.boxes!.regions.length)
})

test('tracks of a film get a vector each', async () => {
  const [width, height] = [480, 360]
  const { sofa } = await facePhotos()
  const grey = await sharp(sofa).resize(width, height, { fit: 'fill' }).greyscale().raw().toBuffer()
  const luma = (_frame: number, x: number, y: number) => grey[y * width + x]!
  const film = { container: 'mp4', codec: 'mpeg4', width, height, fps: 2, frames: 6, gop: 1, luma }
  const made = await run({ video: { base64: await encodeVideo(film) } }, [
    ['boxes', 'people-detection-yolov5'],
    ['cut', { type: 'image-crop' }, 'boxes'],
    ['vectors', 'general-image-embedding', 'cut'],
    ['tracks', { type: 'kalman-reid-tracker' }, 'vectors'],
    ['means', { type: 'track-representation-operator' }, 'tracks'],
  ])
  const ids = new Set(made.tracks!.frames.flatMap(({ data }) => data!.regions.flatMap(({ trackId }) => trackId || [])))
  assert.deepEqual(made.means!.tracks.map(({ id }) => id).toSorted(), [...ids].toSorted())
  assert.ok(ids.size >= 1)
  for (const { data } of made.means!.tracks) assert.equal(data!.embeddings[0]!.vector.length, 576)
})

describe('text', () => {
  test('is classified by expression, words and language, joined from a tagger, and put into a prompt', async () => {
    const made = await run(text('Marie Curie was born in Warsaw, and the cat slept.'), [
      [
        'expression',
        { type: 'regex-based-classifier', params: { regex: '\\bcats?\\b' }, concepts: [{ id: 'animal' }] },
      ],
      ['words', { type: 'keyword-filter-operator', params: { keywords: ['warsaw', 'paris'] } }],
      ['language', { type: 'language-id-operator', params: { library: 'fasttext' } }],
      ['tokens', 'ner_english_v2'],
      ['entities', { type: 'tokens-to-entity-operator' }, 'tokens'],
      ['prompt', { type: 'prompter', params: { prompt_template: 'Translate: {data.text.raw}' } }],
    ])
    assert.deepEqual(names(made.expression), ['animal'])
    assert.deepEqual(names(made.words), ['warsaw'])
    assert.deepEqual(
      made.language!.concepts.map(({ id }) => id),
      ['en'],
    )
    assert.deepEqual(
      made.entities!.regions.map(({ regionInfo, data }) => [regionInfo!.span!.rawText, data!.concepts[0]!.name]),
      [
        ['Marie Curie', 'PER'],
        ['Warsaw', 'LOC'],
      ],
    )
    assert.equal(made.prompt!.text!.raw, 'Translate: Marie Curie was born in Warsaw, and the cat slept.')
  })

  test('in a picture is read and joined in reading order', async () => {
    const picture = await pictureOfWords(1000, 400, [
      { text: 'TRAIN', left: 260, top: 60, dot: 6 },
      { text: 'THIS', left: 60, top: 60, dot: 6 },
      { text: 'HORSE', left: 60, top: 240, dot: 6 },
    ])
    const made = await run(image(await picture.encode('png')), [
      ['boxes', 'ocr-scene-english-paddleocr'],
      ['joined', { type: 'text-aggregation-operator' }, 'boxes'],
      ['plain', { type: 'tesseract-operator' }],
    ])
    assert.equal(made.joined!.text!.raw, 'THIS TRAIN\nHORSE')
    assert.match(made.plain!.text!.raw, /THIS\s+TRAIN\s+HORSE/)
  })
})

describe('inputs of apps', () => {
  const TEXTS = {
    soup: 'Cook the onions and carrots slowly before you add the stock.',
    bread: 'Knead flour, water and yeast, let it rest and bake it in the oven.',
    engine: 'The motor of the car needs new oil and another spark plug.',
  }
  let library: TestApp

  before(async () => {
    const [userId, appId] = ['admin', 'library']
    const defaultWorkflow = { id: 'Text', userId: 'clarifai', appId: 'main' }
    succeeded(await server.call('PostApps', { userAppId: { userId }, apps: [{ id: appId, defaultWorkflow }] }))
    library = { ...app, userAppId: { userId, appId } }
    const concepts = (id: string) => [{ id: id === 'engine' ? 'garage' : 'kitchen', value: 1 }]
    const inputs = Object.entries(TEXTS).map(([id, raw]) => ({ id, data: { ...text(raw), concepts: concepts(id) } }))
    succeeded(await server.call('PostInputs', { userAppId: library.userAppId, inputs }))
    await server.services.jobs.idle()
  })

  const hits = (data: Data | undefined) => data!.hits.map(({ input }) => input!.id)
  const question = text('Which vegetables go into the pot first?')

  test('are searched, here and from elsewhere, and vote', async () => {
    const here = await run(
      question,
      [
        ['vector', 'multilingual-text-embedding'],
        ['like', { type: 'input-searcher', params: { max_results: 2 } }, 'vector'],
        ['vote', { type: 'knn-concept', params: { k: 2 }, concepts: [{ id: 'kitchen' }, { id: 'garage' }] }, 'vector'],
      ],
      library,
    )
    assert.equal(hits(here.like)[0], 'soup')
    assert.equal(hits(here.like).length, 2)
    assert.equal(names(here.vote)[0], 'kitchen')
    const params = { app_id: 'library', user_id: 'admin', max_results: 1 }
    const elsewhere = await run(question, [['like', { type: 'cross-app-input-searcher', params }]])
    assert.deepEqual(hits(elsewhere.like), ['soup'])
  })

  test('go into prompts', async () => {
    const params = { prompt_template: '{data.hits}\n--\n{data.text.raw}', max_results: 1 }
    const made = await run(question, [['prompt', { type: 'rag-prompter', params }]], library)
    assert.equal(made.prompt!.text!.raw, `${TEXTS.soup}\n--\n${question.text.raw}`)
  })

  test('get what the default workflow finds as annotations', async () => {
    const place = await makeApp(server, 'written')
    const id = await workflowOf(place, [
      ['filter', { type: 'input-filter', params: { metadata: { shelf: 'science' } } }],
      ['names', 'ner_english_v2', 'filter'],
      ['writer', { type: 'annotation-writer', params: { annotation_status: 24151 } }, 'names'],
    ])
    const { userAppId } = place
    const apps = [{ id: userAppId.appId, defaultWorkflow: { id, ...userAppId } }]
    succeeded(await server.call('PatchApps', { userAppId: { userId: userAppId.userId }, apps, action: 'overwrite' }))
    const inputs = ['science', 'novels'].map((shelf) => ({
      id: shelf,
      data: { ...text('Marie Curie was born in Warsaw.'), metadata: { shelf } },
    }))
    succeeded(await server.call('PostInputs', { userAppId, inputs }))
    await server.services.jobs.idle()
    const { annotations } = await server.call('ListAnnotations', {
      userAppId,

      listAllAnnotations: true,
    })
    const written = annotations.filter(({ status }) => status?.code === StatusCode.ANNOTATION_PENDING)
    assert.deepEqual([...new Set(written.map(({ inputId }) => inputId))], ['science'])
    const spans = written.flatMap(({ data }) => data!.regions.map(({ regionInfo }) => regionInfo!.span!.rawText))
    assert.deepEqual(spans.toSorted(), ['Marie Curie', 'Warsaw'])
  })
})
