import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { MessageInitShape } from '@bufbuild/protobuf'
import type { AnnotationSchema, FilterSchema } from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { insertModelVersion } from '../kit/annotators.ts'
import { makeApp, refused, succeeded, type TestApp } from '../kit/apps.ts'
import { startOnEngine } from '../kit/on-engine.ts'
import type { TestServer } from '../kit/server.ts'
import { putInputs } from '../kit/stored-inputs.ts'
import { onEachEngine } from '../store/kit.ts'

// Two numbers: how much of a cat, how much of a dog. The head below looks at cats first of all.
const VECTORS = {
  cat: [1, 0],
  dog: [-1, 0],
  unsure: [0.05, 1],
  twin: [0.05, 1],
  other: [0.1, -1],
  labelled: [0, 1],
}

onEachEngine('active learning', (engine) => {
  let server: TestServer
  let app: TestApp
  let version: string
  let older: string

  before(async () => {
    server = await startOnEngine(engine)
    app = await makeApp(server, 'teaches')
    const ids = Object.keys(VECTORS)
    await putInputs(
      server.services,
      app,
      ids.map((id) => ({ id, ...(id === 'labelled' && { data: { concepts: [{ id: 'cat', value: 1 }] } }) })),
    )
    const embedder = await insertModelVersion(server, app, { modelId: 'eyes', modelTypeId: 'visual-embedder' })
    const annotations = Object.entries(VECTORS).map(
      ([inputId, vector]): MessageInitShape<typeof AnnotationSchema> => ({
        inputId,
        modelVersionId: embedder,
        data: { embeddings: [{ vector, numDimensions: 2 }] },
      }),
    )
    succeeded(await server.call('PostAnnotations', { userAppId: app.userAppId, annotations }))
    const models = [{ id: 'pets', modelTypeId: 'embedding-classifier' }]
    succeeded(await server.call('PostModels', { userAppId: app.userAppId, models }))
    version = await trained({ weights: [[4, 0]], bias: [0] })
    older = await trained({ weights: [[4, 4]], bias: [0] })
  })
  after(() => server[Symbol.asyncDispose]())

  async function trained(params: { weights: number[][]; bias: number[] }): Promise<string> {
    const { model } = succeeded(
      await server.call('PostModelVersions', {
        userAppId: app.userAppId,
        modelId: 'pets',
        modelVersions: [
          {
            inputInfo: { baseEmbedModel: { id: 'eyes' } },
            outputInfo: { data: { concepts: [{ id: 'cat' }] }, params },
          },
        ],
      }),
    )
    return model!.modelVersion!.id
  }

  const search = (
    annotation: MessageInitShape<typeof AnnotationSchema>,
    filters: MessageInitShape<typeof FilterSchema>[] = [],
    minValue = 0,
  ) =>
    server.call('PostInputsSearches', {
      userAppId: app.userAppId,
      searches: [{ minValue, query: { ranks: [{ annotation }], filters } }],
    })
  const by = async (
    active_learning: string,
    info = {},
    filters: MessageInitShape<typeof FilterSchema>[] = [],
    minValue = 0,
  ) => {
    const annotation = { modelVersionId: version, annotationInfo: { active_learning, ...info } }
    return succeeded(await search(annotation, filters, minValue)).hits.map(({ input, score }) => [
      input!.id,
      Math.round(score * 100) / 100,
    ])
  }

  test('uncertainty: what the head is least sure of first, without what people have labelled', async () => {
    const found = await by('uncertainty')
    assert.deepEqual(
      found.map(([id]) => id),
      ['unsure', 'twin', 'other', 'cat', 'dog'],
    )
    assert.deepEqual(found.slice(0, 3), [
      ['unsure', 0.9],
      ['twin', 0.9],
      ['other', 0.8],
    ])
  })

  test('diversity: twins do not both come first', async () => {
    const found = await by('diversity')
    assert.deepEqual(
      found.slice(0, 2).map(([id]) => id),
      ['unsure', 'other'],
    )
    assert.deepEqual(found.at(-1), ['twin', 0])
  })

  test('disagreement: where two versions say different things', async () => {
    const found = await by('disagreement', { other_model_version_id: older })
    assert.deepEqual(
      found.slice(0, 3).map(([id]) => id),
      ['other', 'unsure', 'twin'],
    )
    assert.deepEqual(found.slice(-2), [
      ['cat', 0],
      ['dog', 0],
    ])
  })

  test('filters, min_value and pages hold as in every search', async () => {
    const filters = [{ annotation: { inputId: 'cat' } }, { annotation: { inputId: 'labelled' } }]
    assert.deepEqual(
      (await by('uncertainty', {}, filters.slice(0, 1))).map(([id]) => id),
      ['cat'],
    )
    assert.deepEqual(await by('uncertainty', {}, filters.slice(1)), [])
    assert.equal((await by('uncertainty', {}, [], 0.85)).length, 2)
    const negated = succeeded(
      await server.call('PostInputsSearches', {
        userAppId: app.userAppId,
        pagination: { page: 1, perPage: 1 },
        searches: [
          {
            query: {
              ranks: [
                {
                  negate: true,
                  annotation: { modelVersionId: version, annotationInfo: { active_learning: 'uncertainty' } },
                },
              ],
            },
          },
        ],
      }),
    )
    assert.ok(['cat', 'dog'].includes(negated.hits[0]!.input!.id))
    assert.equal(negated.hits.length, 1)
  })

  test('what makes no sense is refused with a sentence', async () => {
    const no = async (annotation: MessageInitShape<typeof AnnotationSchema>, words: RegExp) =>
      refused(await search(annotation), StatusCode.SEARCH_INVALID_REQUEST, words)
    const uncertainty = { active_learning: 'uncertainty' }
    await no({ modelVersionId: version, annotationInfo: { active_learning: 'guessing' } }, /use uncertainty, diversity/)
    await no({ annotationInfo: uncertainty }, /name its version/)
    await no({ modelVersionId: 'nonsense', annotationInfo: uncertainty }, /no model version 'nonsense'/)
    await no({ modelVersionId: version, annotationInfo: { active_learning: 'disagreement' } }, /other_model_version_id/)
    await no(
      { modelVersionId: version, annotationInfo: uncertainty, data: { concepts: [{ id: 'fish' }] } },
      /no concept 'fish'/,
    )
    const embedder = await insertModelVersion(server, app, { modelId: 'boxes' })
    await no({ modelVersionId: embedder, annotationInfo: uncertainty }, /no trained head/)
  })
})
