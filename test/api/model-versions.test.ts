import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { JsonObject, MessageInitShape } from '@bufbuild/protobuf'
import type { ModelVersionSchema } from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { Visible } from '../../src/domain/access/target.ts'
import { resolveModel } from '../../src/domain/models/resolve.ts'
import { makeApp, refused, succeeded, type TestApp } from '../kit/apps.ts'
import { startTestServer, type TestServer } from '../kit/server.ts'

type GivenVersion = MessageInitShape<typeof ModelVersionSchema>

const concepts = (...ids: string[]) => ({ concepts: ids.map((id) => ({ id, value: 1 })) })
const head = (params: JsonObject, ...ids: string[]) => ({
  outputInfo: { data: concepts(...ids), params },
})
const WEIGHTS = [
  [0.25, -1],
  [3, 4.5],
]

let server: TestServer
let app: TestApp

const post = (modelId: string, version?: GivenVersion) =>
  server.call('PostModelVersions', { userAppId: app.userAppId, modelId, modelVersions: version ? [version] : [] })
const makeModel = async (id: string, modelTypeId = '') => {
  succeeded(await server.call('PostModels', { userAppId: app.userAppId, models: [{ id, modelTypeId }] }))
  return id
}
const made = async (modelId: string, version?: GivenVersion) =>
  succeeded(await post(modelId, version)).model!.modelVersion!.id
const getVersion = (modelId: string, versionId: string) =>
  server.call('GetModelVersion', { userAppId: app.userAppId, modelId, versionId })
const idsOf = async (modelId: string, more: object = {}) =>
  succeeded(await server.call('ListModelVersions', { userAppId: app.userAppId, modelId, ...more })).modelVersions.map(
    ({ id }) => id,
  )
const target = () => {
  const { admin, services } = server
  const principal = {
    kind: 'pat',
    user: { ...admin, visibility: Visible.PRIVATE },
    scopes: { scopes: new Set([]), endpoints: new Set<string>() },
  } as const
  return async (modelId: string, versionId = '') => {
    const own = (await services.directory.app(admin.pk, 'versions'))!
    const place = { user: principal.user, app: own, rights: 'owner', scopes: principal.scopes } as const
    return resolveModel({ services, principal, target: place }, { modelId, versionId })
  }
}

before(async () => {
  server = await startTestServer()
  app = await makeApp(server, 'versions')
})
after(() => server[Symbol.asyncDispose]())

describe('making versions', () => {
  test('a model that needs no training is ready at once, with defaults filled in', async () => {
    await makeModel('threshold', 'concept-thresholder')
    const version = { description: 'v1', license: 'MIT', metadata: { k: 1 }, outputInfo: { data: concepts('dog') } }
    const { model } = succeeded(await post('threshold', version))
    const { modelVersion } = model!
    assert.match(modelVersion?.id ?? '', /^[0-9a-f]{32}$/)
    assert.deepEqual(
      [modelVersion?.status?.code, modelVersion?.status?.description],
      [StatusCode.MODEL_TRAINED, 'Model is trained and ready'],
    )
    assert.deepEqual(
      [modelVersion?.description, modelVersion?.license, modelVersion?.metadata, modelVersion?.activeConceptCount],
      ['v1', 'MIT', { k: 1 }, 1],
    )
    assert.equal(modelVersion?.outputInfo?.params?.filter_other_concepts, true)
    const read = succeeded(await getVersion('threshold', modelVersion!.id)).modelVersion
    assert.deepEqual(read, modelVersion)
  })

  test('a head that the caller brings is ready; its weights stand in the output info only', async () => {
    await makeModel('brought')
    const { model } = succeeded(
      await post('brought', head({ weights: WEIGHTS, bias: [0, 1], min_value: 0.1 }, 'cat', 'dog')),
    )
    assert.equal(model?.modelVersion?.status?.code, StatusCode.MODEL_TRAINED)
    assert.deepEqual(model?.modelVersion?.outputInfo?.params, {
      activation: 'sigmoid',
      max_concepts: 20,
      min_value: 0.1,
      select_concepts: [],
    })
    assert.equal(model?.modelVersion?.outputInfo?.data, undefined)
    const full = succeeded(await server.call('GetModelOutputInfo', { userAppId: app.userAppId, modelId: 'brought' }))
      .model?.modelVersion
    assert.deepEqual(full?.outputInfo?.params?.weights, WEIGHTS)
    assert.deepEqual(full?.outputInfo?.params?.bias, [0, 1])
    assert.deepEqual(
      full?.outputInfo?.data?.concepts.map(({ id }) => id),
      ['cat', 'dog'],
    )
  })

  test('weights may come as base64 of float32, and are kept so', async () => {
    await makeModel('packed')
    const weights = Buffer.from(Float32Array.from([1, 2, 3, 4]).buffer).toString('base64')
    succeeded(await post('packed', head({ weights, activation: 'softmax' }, 'cat', 'dog')))
    const { params } = (await target()('packed')).version.outputInfo!
    assert.deepEqual([params?.weights, params?.activation], [weights, 'softmax'])
  })

  test('heads that cannot be computed with are refused, saying why', async () => {
    await makeModel('wrong')
    const wrong: [JsonObject, RegExp][] = [
      [{ weights: [[1, 2]] }, /1 rows of weights for 2 concepts/],
      [{ weights: [[1, 2], [3]] }, /same length/],
      [{ weights: [[], []] }, /at least 1/],
      [
        {
          weights: [
            [1, 'two'],
            [3, 4],
          ],
        },
        /weights must be finite numbers/,
      ],
      [{ weights: '?' }, /weights must be finite numbers/],
      [{ weights: [1, 2] }, /weights must be finite numbers/],
      [{ bias: [1, 2] }, /no weights/],
      [{ weights: WEIGHTS, bias: [1] }, /1 biases for 2/],
      [{ weights: WEIGHTS, bias: [1, null] }, /bias must be finite numbers/],
      [{ weights: WEIGHTS, activation: 'relu' }, /activation/],
      [{ weights: [new Array(16_385).fill(0), new Array(16_385).fill(0)] }, /at most 16384/],
    ]
    for (const [params, details] of wrong) {
      refused(await post('wrong', head(params, 'cat', 'dog')), StatusCode.MODEL_INVALID_ARGUMENT, details)
    }
    assert.deepEqual(await idsOf('wrong'), [])
    await makeModel('no-head', 'visual-classifier')
    refused(await post('no-head', head({ weights: WEIGHTS }, 'cat', 'dog')), StatusCode.MODEL_INVALID_ARGUMENT, /Only/)
  })

  test('training that is not built is not pretended: the version is stored untrained and the call says so', async () => {
    await makeModel('trainee', 'visual-segmenter')
    const { model } = refused(
      await post('trainee', { outputInfo: { data: concepts('cat') } }),
      StatusCode.NOT_IMPLEMENTED,
      /not built for models of the type visual-segmenter/,
    )
    const id = model?.modelVersion?.id ?? ''
    const { modelVersion } = succeeded(await getVersion('trainee', id))
    assert.equal(modelVersion?.status?.code, StatusCode.MODEL_UNTRAINED)
    assert.equal(modelVersion?.completedAt, undefined)
  })

  test('training without concepts is a wrong argument', async () => {
    await makeModel('empty')
    refused(await post('empty'), StatusCode.MODEL_INVALID_ARGUMENT, /concepts/)
    refused(await post('empty', {}), StatusCode.MODEL_INVALID_ARGUMENT, /concepts/)
    assert.deepEqual(await idsOf('empty'), [])
  })

  test('without a description the last settings are used again', async () => {
    await makeModel('again')
    const first = await made('again', { ...head({ weights: WEIGHTS }, 'cat', 'dog'), description: 'kept' })
    const { model } = succeeded(await post('again'))
    assert.notEqual(model?.modelVersion?.id, first)
    assert.equal(model?.modelVersion?.description, 'kept')
    const full = succeeded(
      await server.call('GetModelOutputInfo', { userAppId: app.userAppId, modelId: 'again' }),
    ).model
    assert.equal(full?.modelVersion?.id, model?.modelVersion?.id)
    assert.deepEqual(full?.modelVersion?.outputInfo?.params?.weights, WEIGHTS)
  })

  test('bad parameters, bad base models, several versions at once and unknown models are refused', async () => {
    await makeModel('strict')
    const params = { weights: WEIGHTS }
    refused(
      await post('strict', head({ ...params, min_value: 2 }, 'cat', 'dog')),
      StatusCode.MODEL_INVALID_ARGUMENT,
      /min_value/,
    )
    const on = (id: string, version = ''): GivenVersion => ({
      ...head(params, 'cat', 'dog'),
      inputInfo: { baseEmbedModel: { id, modelVersion: { id: version } } },
    })
    refused(await post('strict', on('face-detection')), StatusCode.MODEL_INVALID_ARGUMENT, /no embeddings/)
    refused(await post('strict', on('absent')), StatusCode.MODEL_DOES_NOT_EXIST)
    refused(await post('strict', on('general-image-embedding', 'f'.repeat(32))), StatusCode.CONN_DOES_NOT_EXIST)
    refused(
      await server.call('PostModelVersions', { userAppId: app.userAppId, modelId: 'strict', modelVersions: [{}, {}] }),
      StatusCode.MODEL_INVALID_ARGUMENT,
      /one at a time/,
    )
    refused(await post('absent', {}), StatusCode.MODEL_DOES_NOT_EXIST)
    refused(await post('face-detection', {}), StatusCode.MODEL_DOES_NOT_EXIST)
    refused(
      await post('strict', { pretrainedModelConfig: { modelZipUrl: 'https://example.com/m.zip' } }),
      StatusCode.MODEL_INVALID_ARGUMENT,
      /cannot be brought along/,
    )
  })

  test('a version with 2000 concepts is stored and listed in the order given', async () => {
    await makeModel('wide')
    const ids = Array.from({ length: 2000 }, (_, i) => `c-${(i * 7919) % 2000}`)
    const version = await made('wide', head({ weights: ids.map((_, i) => [i]) }, ...ids))
    const page = async (number: number, search = '') =>
      succeeded(
        await server.call('ListModelConcepts', {
          userAppId: app.userAppId,
          modelId: 'wide',
          versionId: version,
          page: number,
          perPage: 1000,
          search,
        }),
      ).concepts.map(({ id }) => id)
    assert.deepEqual([...(await page(1)), ...(await page(2))], ids)
    assert.deepEqual(await page(3), [])
    assert.deepEqual(
      await page(1, '-199'),
      ids.filter((id) => id.includes('-199')),
    )
  })
})

describe('reading versions', () => {
  test('lists are sorted, narrowed and cut into pages', async () => {
    await makeModel('many')
    const one = await made('many', { ...head({ weights: [[1]] }, 'cat'), description: 'b' })
    const two = await made('many', { ...head({ weights: [[1], [2]] }, 'cat', 'dog'), description: 'a' })
    const three = await made('many', { description: 'c', outputInfo: { data: concepts('dog') } })
    await server.services.jobs.idle()
    assert.deepEqual(await idsOf('many'), [three, two, one])
    assert.deepEqual(await idsOf('many', { sortAscending: true }), [one, two, three])
    assert.deepEqual(await idsOf('many', { perPage: 2, page: 2 }), [one])
    assert.deepEqual(await idsOf('many', { page: 999_999_999 }), [])
    assert.deepEqual(await idsOf('many', { trainedOnly: true }), [two, one])
    assert.deepEqual(await idsOf('many', { conceptIds: ['dog'] }), [three, two])
    assert.deepEqual(await idsOf('many', { conceptIds: ['dog', 'cat'] }), [two])
    const by = (choice: string, sortAscending = true) => ({ sortBy: { case: choice, value: true }, sortAscending })
    assert.deepEqual(await idsOf('many', by('sortByDescription')), [two, one, three])
    assert.deepEqual(await idsOf('many', by('sortByStatusCode')), [one, two, three])
    assert.deepEqual(await idsOf('many', by('sortByNumInputs', false)), [three, two, one])
    refused(
      await server.call('ListModelVersions', { userAppId: app.userAppId, modelId: 'absent' }),
      StatusCode.MODEL_DOES_NOT_EXIST,
    )
  })

  test('predictions take the newest trained version, readers see the newest', async () => {
    await makeModel('two-faced')
    const trained = await made('two-faced', head({ weights: [[1]] }, 'cat'))
    await made('two-faced', { outputInfo: { data: concepts('dog') } })
    await server.services.jobs.idle()
    const got = succeeded(await server.call('GetModel', { userAppId: app.userAppId, modelId: 'two-faced' }))
    assert.equal(got.model?.modelVersion?.status?.code, StatusCode.MODEL_TRAINING_NO_DATA)
    const resolve = target()
    assert.equal((await resolve('two-faced')).version.id, trained)
    assert.deepEqual((await resolve('two-faced')).version.outputInfo?.params?.weights, [[1]])
    const newest = got.model!.modelVersion!.id
    assert.equal((await resolve('two-faced', newest)).version.status?.code, StatusCode.MODEL_TRAINING_NO_DATA)
    await makeModel('versionless')
    await assert.rejects(resolve('versionless'), { code: StatusCode.MODEL_UNTRAINED })
    await assert.rejects(resolve('absent'), { code: StatusCode.MODEL_DOES_NOT_EXIST })
  })

  test("a head works on the model that it names, else on the one of the app's default workflow", async () => {
    await makeModel('based')
    const on = { baseEmbedModel: { id: 'bbb5f41425b8468d9b7a554ff10f8581' } }
    succeeded(await post('based', { ...head({ weights: [[1]] }, 'cat'), inputInfo: on }))
    const resolve = target()
    const named = await resolve('based')
    assert.equal(named.baseEmbedder?.modelId, 'general-image-embedding')
    assert.equal(named.version.inputInfo?.baseEmbedModel?.appId, 'main')
    await makeModel('unbased')
    succeeded(await post('unbased', head({ weights: [[1]] }, 'cat')))
    const { apps } = succeeded(await server.call('ListApps', { userAppId: { userId: 'me' } }))
    const workflow = apps.find(({ id }) => id === 'versions')?.defaultWorkflow?.id
    assert.equal((await resolve('unbased')).baseEmbedder?.modelId, workflow ? 'general-image-embedding' : undefined)
  })

  test('output info, concepts, references and examples answer what is there', async () => {
    await makeModel('bare')
    const at = { userAppId: app.userAppId, modelId: 'bare' }
    assert.equal(succeeded(await server.call('GetModelOutputInfo', at)).model?.outputInfo, undefined)
    assert.deepEqual(succeeded(await server.call('ListModelConcepts', at)).concepts, [])
    assert.deepEqual(succeeded(await server.call('ListModelReferences', at)).modelReferences, [])
    assert.deepEqual(succeeded(await server.call('ListModelInputs', at)).inputs, [])
    refused(await getVersion('bare', ''), StatusCode.CONN_DOES_NOT_EXIST)
    const modelVersionId = await made('bare', head({ weights: [[1]] }, 'cat'))
    assert.equal(succeeded(await getVersion('bare', '')).modelVersion?.id, modelVersionId)
    const examples = succeeded(await server.call('ListModelVersionInputExamples', { ...at, modelVersionId }))
    assert.deepEqual(examples.modelVersionInputExamples, [])
    refused(
      await server.call('GetModelVersionInputExample', { ...at, modelVersionId, exampleId: 'x' }),
      StatusCode.CONN_DOES_NOT_EXIST,
    )
    const absent = 'f'.repeat(32)
    refused(await getVersion('bare', absent), StatusCode.CONN_DOES_NOT_EXIST)
    for (const rpc of ['GetModelOutputInfo', 'ListModelConcepts', 'ListModelInputs'] as const) {
      refused(await server.call(rpc, { ...at, versionId: absent }), StatusCode.CONN_DOES_NOT_EXIST)
      refused(await server.call(rpc, { ...at, modelId: 'absent' }), StatusCode.MODEL_DOES_NOT_EXIST)
    }
    refused(await server.call('ListModelReferences', { ...at, modelId: 'absent' }), StatusCode.MODEL_DOES_NOT_EXIST)
  })

  test('secrets among the parameters are never shown again', async () => {
    const types = succeeded(await server.call('ListModelTypes', { userAppId: app.userAppId, perPage: 1000 })).modelTypes
    const type = types.find(({ modelTypeFields }) => modelTypeFields.some(({ fieldType }) => fieldType === 21))!
    const field = type.modelTypeFields.find(({ fieldType }) => fieldType === 21)!
    const name = field.path.replace('output_info.params.', '')
    await makeModel('secretive', type.id)
    const required = type.modelTypeFields.filter((f) => f.required && f.path.startsWith('output_info.params.'))
    const params = Object.fromEntries(required.map((f) => [f.path.replace('output_info.params.', ''), 'x']))
    const { model } = succeeded(
      await post('secretive', { outputInfo: { params: { ...params, [name]: 'top secret' } } }),
    )
    const answers = [
      model,
      (await server.call('GetModelOutputInfo', { userAppId: app.userAppId, modelId: 'secretive' })).model,
      (await getVersion('secretive', '')).modelVersion,
    ]
    for (const answer of answers) {
      const text = JSON.stringify(answer, (_, value) => (typeof value === 'bigint' ? String(value) : value))
      assert.doesNotMatch(text, /top secret/)
    }
    assert.equal((await target()('secretive')).version.outputInfo?.params?.[name], 'top secret')
  })
})

describe('changing versions', () => {
  const patch = (modelId: string, version: GivenVersion, action: string) =>
    server.call('PatchModelVersions', { userAppId: app.userAppId, modelId, modelVersions: [version], action })

  test('texts, visibility and settings change; concepts and weights do not', async () => {
    await makeModel('patched')
    const id = await made('patched', { ...head({ weights: [[1]] }, 'cat'), metadata: { a: 1 } })
    const merged = succeeded(
      await patch(
        'patched',
        {
          id,
          description: 'new',
          license: 'MIT',
          metadata: { b: 2 },
          visibility: { gettable: Visible.PUBLIC },
          outputInfo: { params: { max_concepts: 5 } },
        },
        'merge',
      ),
    ).modelVersions[0]
    assert.deepEqual(
      [merged?.description, merged?.license, merged?.metadata, merged?.visibility?.gettable],
      ['new', 'MIT', { a: 1, b: 2 }, Visible.PUBLIC],
    )
    assert.deepEqual(merged?.outputInfo?.params?.max_concepts, 5)
    const over = succeeded(await patch('patched', { id, metadata: { c: 3 } }, 'overwrite')).modelVersions[0]
    assert.deepEqual([over?.metadata, over?.description], [{ c: 3 }, 'new'])
    const gone = succeeded(await patch('patched', { id, metadata: { c: 0 } }, 'remove')).modelVersions[0]
    assert.deepEqual(gone?.metadata ?? {}, {})
    const full = succeeded(await server.call('GetModelOutputInfo', { userAppId: app.userAppId, modelId: 'patched' }))
      .model?.modelVersion
    assert.deepEqual(full?.outputInfo?.params?.weights, [[1]])
    for (const version of [head({}, 'dog'), head({ weights: [[2]] })]) {
      refused(await patch('patched', { ...version, id }, 'merge'), StatusCode.MODEL_INVALID_ARGUMENT, /new version/)
    }
    refused(
      await patch('patched', { id, outputInfo: { params: { min_value: 7 } } }, 'merge'),
      StatusCode.MODEL_INVALID_ARGUMENT,
      /min_value/,
    )
    refused(await patch('patched', { id }, 'replace'), StatusCode.MODEL_INVALID_ARGUMENT)
    refused(await patch('patched', { id: 'f'.repeat(32) }, 'merge'), StatusCode.CONN_DOES_NOT_EXIST)
    refused(await patch('absent', { id }, 'merge'), StatusCode.MODEL_DOES_NOT_EXIST)
  })

  test('signatures of methods change by name, and numbers that no call could use are refused', async () => {
    await makeModel('spoken', 'any-to-any')
    const id = await made('spoken', { methodSignatures: [{ name: 'ask' }, { name: 'sing', description: 'old' }] })
    const patched = async (version: GivenVersion, action: string) =>
      succeeded(await patch('spoken', { ...version, id }, action)).modelVersions[0]!
    const names = ({ methodSignatures }: { methodSignatures: { name: string; description: string }[] }) =>
      methodSignatures.map(({ name, description }) => [name, description])
    const sing = { methodSignatures: [{ name: 'sing', description: 'new' }] }
    assert.deepEqual(names(await patched({ ...sing, inferenceComputeInfo: { cpuLimit: '2' } }, 'merge')), [
      ['ask', ''],
      ['sing', 'new'],
    ])
    const shown = succeeded(await getVersion('spoken', id)).modelVersion!
    assert.deepEqual([names(shown).length, shown.inferenceComputeInfo?.cpuLimit], [2, '2'])
    assert.deepEqual(names(await patched(sing, 'remove')), [['ask', '']])
    assert.deepEqual(names(await patched(sing, 'overwrite')), [['sing', 'new']])
    assert.deepEqual(names(await patched({ description: 'kept' }, 'overwrite')), [['sing', 'new']])
    await makeModel('absurd')
    for (const outputConfig of [{ maxConcepts: 1e9 }, { minValue: Number.NaN }, { minValue: -1 }, { minValue: 2 }]) {
      const field = 'maxConcepts' in outputConfig ? /max_concepts/ : /min_value/
      const version = { outputInfo: { ...head({}, 'cat').outputInfo, outputConfig } }
      refused(await post('absurd', version), StatusCode.MODEL_INVALID_ARGUMENT, field)
      refused(
        await patch('spoken', { id, outputInfo: { outputConfig } }, 'merge'),
        StatusCode.MODEL_INVALID_ARGUMENT,
        field,
      )
    }
  })

  test('a patch of the model in the old place keeps a head as long as its concepts stay', async () => {
    await makeModel('kept')
    const first = await made('kept', head({ weights: WEIGHTS }, 'cat', 'dog'))
    const patchModel = async (outputInfo: object, action: string) =>
      succeeded(
        await server.call('PatchModels', { userAppId: app.userAppId, models: [{ id: 'kept', outputInfo }], action }),
      ).models[0]?.modelVersion
    const configured = await patchModel({ outputConfig: { conceptsMutuallyExclusive: true } }, 'overwrite')
    assert.notEqual(configured?.id, first)
    assert.equal(configured?.status?.code, StatusCode.MODEL_TRAINED)
    assert.deepEqual((await target()('kept', configured?.id)).version.outputInfo?.params?.weights, WEIGHTS)
    const fewer = await patchModel({ data: concepts('dog') }, 'remove')
    assert.deepEqual([fewer?.status?.code, fewer?.activeConceptCount], [StatusCode.MODEL_UNTRAINED, 1])
  })

  test('deleting the latest makes the one before it the latest; workflows that use it are marked', async () => {
    await makeModel('shrinking', 'image-crop')
    const one = await made('shrinking', {})
    const two = await made('shrinking', {})
    const row = await server.services.db.transact(async (tx) => {
      const now = 1
      const base = { doc: '{}', visibility: 10, description: '', created_at: now, modified_at: now }
      const workflow = await tx
        .insertInto('workflows')
        .values({ ...base, app_pk: app.pk, id: 'uses', name: '', latest_version_pk: null })
        .returning('pk')
        .executeTakeFirstOrThrow()
      const versions = [one, two].map((id) => ({
        ...base,
        workflow_pk: workflow.pk,
        id: id.toUpperCase(),
        doc: JSON.stringify({ nodes: [{ id: 'n', model: { id: 'shrinking', model_version: { id } } }] }),
      }))
      await tx.insertInto('workflow_versions').values(versions).execute()
      return workflow
    })
    const remove = (versionId: string, modelId = 'shrinking') =>
      server.call('DeleteModelVersion', { userAppId: app.userAppId, modelId, versionId })
    succeeded(await remove(two))
    const got = succeeded(await server.call('GetModel', { userAppId: app.userAppId, modelId: 'shrinking' }))
    assert.equal(got.model?.modelVersion?.id, one)
    const marks = await server.services.db.read
      .selectFrom('workflow_versions')
      .select(['id', 'is_deprecated'])
      .where('workflow_pk', '=', row.pk)
      .orderBy('pk')
      .execute()
    assert.deepEqual(marks, [
      { id: one.toUpperCase(), is_deprecated: 0 },
      { id: two.toUpperCase(), is_deprecated: 1 },
    ])
    refused(await remove(two), StatusCode.CONN_DOES_NOT_EXIST)
    refused(await remove(one, 'absent'), StatusCode.MODEL_DOES_NOT_EXIST)
    succeeded(await remove(one))
    assert.deepEqual(await idsOf('shrinking'), [])
  })

  test('publishing opens version and model; the last one to be hidden hides the model', async () => {
    await makeModel('published', 'image-crop')
    const one = await made('published', {})
    const two = await made('published', {})
    const call = (
      rpc: 'PostModelVersionsPublish' | 'PostModelVersionsUnPublish',
      ids: string[],
      modelId = 'published',
    ) => server.call(rpc, { userAppId: app.userAppId, modelId, publications: ids.map((versionId) => ({ versionId })) })
    const visibility = async () => {
      const { model } = succeeded(await server.call('GetModel', { userAppId: app.userAppId, modelId: 'published' }))
      return [model?.visibility?.gettable, model?.modelVersion?.visibility?.gettable]
    }
    succeeded(await call('PostModelVersionsPublish', [one, two]))
    assert.deepEqual(await visibility(), [Visible.PUBLIC, Visible.PUBLIC])
    succeeded(await call('PostModelVersionsUnPublish', [two]))
    assert.deepEqual(await visibility(), [Visible.PUBLIC, Visible.PRIVATE])
    succeeded(await call('PostModelVersionsUnPublish', [one]))
    assert.deepEqual(await visibility(), [Visible.PRIVATE, Visible.PRIVATE])
    refused(await call('PostModelVersionsPublish', [one, 'f'.repeat(32)]), StatusCode.CONN_DOES_NOT_EXIST)
    assert.deepEqual(await visibility(), [Visible.PRIVATE, Visible.PRIVATE])
    refused(await call('PostModelVersionsPublish', []), StatusCode.MODEL_INVALID_ARGUMENT)
    refused(await call('PostModelVersionsPublish', [one], 'absent'), StatusCode.MODEL_DOES_NOT_EXIST)
  })
})
