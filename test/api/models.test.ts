import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { MessageInitShape } from '@bufbuild/protobuf'
import type { ModelSchema, Visibility_Gettable } from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { Visible } from '../../src/domain/access/target.ts'
import { makeApp, refused, succeeded, type TestApp } from '../kit/apps.ts'
import { startTestServer, type TestServer } from '../kit/server.ts'

type GivenModel = MessageInitShape<typeof ModelSchema>

const OLD_GENERAL = 'aaa03c23b3724a16a56b629203edc62c'
const CAT_AND_DOG = {
  data: {
    concepts: [
      { id: 'cat', value: 1 },
      { id: 'dog', value: 1 },
    ],
  },
}

let server: TestServer
let app: TestApp

const post = (model: GivenModel, as = {}) =>
  server.call('PostModels', { userAppId: app.userAppId, models: [model] }, as)
const get = (modelId: string, versionId = '', as = {}) =>
  server.call('GetModel', { userAppId: app.userAppId, modelId, versionId }, as)
const patch = (model: GivenModel, action: string) =>
  server.call('PatchModels', { userAppId: app.userAppId, models: [model], action })
const conceptsOf = async (modelId: string) => {
  const { model } = succeeded(await server.call('GetModelOutputInfo', { userAppId: app.userAppId, modelId }))
  return model?.modelVersion?.outputInfo?.data?.concepts.map(({ id }) => id)
}

before(async () => {
  server = await startTestServer()
  app = await makeApp(server, 'lab')
})
after(() => server[Symbol.asyncDispose]())

describe('making models', () => {
  test('an id alone makes a model of the default type, without a version', async () => {
    const { model } = succeeded(await post({ id: 'plain' }))
    assert.deepEqual(
      [model?.id, model?.name, model?.displayName, model?.modelTypeId, model?.appId, model?.userId],
      ['plain', 'plain', 'plain', 'embedding-classifier', 'lab', 'admin'],
    )
    assert.equal(model?.visibility?.gettable, Visible.PRIVATE)
    assert.equal(model?.modelVersion, undefined)
    assert.ok(model?.createdAt)
    assert.deepEqual(succeeded(await get('plain')).model, model)
  })

  test('a name alone makes an id; the deprecated single field is taken as well', async () => {
    const made = succeeded(await server.call('PostModels', { userAppId: app.userAppId, model: { name: 'old style' } }))
    assert.match(made.model?.id ?? '', /^[0-9a-f]{32}$/)
    assert.equal(made.model?.name, 'old style')
  })

  test('output info in the old place makes an untrained version and the concepts that are missing', async () => {
    succeeded(await server.call('PostConcepts', { userAppId: app.userAppId, concepts: [{ id: 'cat', name: 'Cat' }] }))
    const outputConfig = { conceptsMutuallyExclusive: true }
    const { model } = succeeded(await post({ id: 'older', outputInfo: { ...CAT_AND_DOG, outputConfig } }))
    assert.match(model?.modelVersion?.id ?? '', /^[0-9a-f]{32}$/)
    assert.equal(model?.modelVersion?.status?.code, StatusCode.MODEL_UNTRAINED)
    assert.equal(model?.modelVersion?.status?.description, 'Model not yet trained')
    assert.equal(model?.modelVersion?.activeConceptCount, 2)
    assert.equal(model?.outputInfo?.outputConfig?.conceptsMutuallyExclusive, true)
    assert.match(model?.outputInfo?.message ?? '', /^Show output_info with: GET/)
    const full = succeeded(
      await server.call('GetModelOutputInfo', { userAppId: app.userAppId, modelId: 'older' }),
    ).model
    for (const info of [full?.outputInfo, full?.modelVersion?.outputInfo]) {
      assert.deepEqual(
        info?.data?.concepts.map(({ id, name, appId, userId }) => [id, name, appId, userId]),
        [
          ['cat', 'Cat', 'lab', 'admin'],
          ['dog', 'dog', 'lab', 'admin'],
        ],
      )
    }
    assert.deepEqual(full?.modelVersion?.outputInfo?.params, { max_concepts: 20, min_value: 0, select_concepts: [] })
  })

  test('an operator is ready with its version; its type may go by another name', async () => {
    const { model } = succeeded(
      await post({ id: 'cropper', modelTypeId: 'image-cropper', outputInfo: { params: { margin: 1.5 } } }),
    )
    assert.equal(model?.modelTypeId, 'image-crop')
    assert.equal(model?.modelVersion?.status?.code, StatusCode.MODEL_TRAINED)
    assert.ok(model?.modelVersion?.completedAt)
  })

  test('what must not be stored is refused and leaves nothing behind', async () => {
    const concept = (id: string, appId = '') => ({ outputInfo: { data: { concepts: [{ id, appId }] } } })
    const wrong: [GivenModel, RegExp][] = [
      [{ id: 'x_' }, /not valid/],
      [{ id: 'x'.repeat(49) }, /49 characters/],
      [{}, /no id/],
      [{ id: 'bad', modelTypeId: 'toaster' }, /no model type 'toaster'/],
      [{ id: 'bad', modelTypeId: 'image-color-recognizer' }, /cannot be made by users/],
      [{ id: 'bad', notes: 'x'.repeat(65 * 1024) }, /notes/],
      [{ id: 'bad', languages: ['klingonese'] }, /no language/],
      [{ id: 'bad', toolkits: [' '] }, /toolkits/],
      [{ id: 'bad', visibility: { gettable: 20 as Visibility_Gettable } }, /visibility 20/],
      [{ id: 'bad', image: { base64: new Uint8Array([1]) } }, /url/],
      [{ id: 'bad', ...concept('cat', 'main') }, /names an app/],
      [{ id: 'bad', ...concept('a/b') }, /concept id/],
      [{ id: 'bad', outputInfo: { data: { concepts: [{ id: 'cat' }, { id: 'cat' }] } } }, /twice/],
      [{ id: 'bad', modelTypeId: 'image-crop', outputInfo: { params: { margin: 'wide' } } }, /margin/],
    ]
    for (const [model, details] of wrong) refused(await post(model), StatusCode.MODEL_INVALID_ARGUMENT, details)
    refused(await get('bad'), StatusCode.MODEL_DOES_NOT_EXIST)
    for (const models of [[], [{ id: 'one' }, { id: 'two' }]]) {
      refused(
        await server.call('PostModels', { userAppId: app.userAppId, models }),
        StatusCode.MODEL_INVALID_ARGUMENT,
        /exactly one/,
      )
    }
  })

  test('an id in use is a duplicate', async () => {
    succeeded(await post({ id: 'taken' }))
    refused(await post({ id: 'taken' }), StatusCode.DATABASE_DUPLICATE_KEY, /already exists/)
  })

  test('new concepts need the scope to add concepts', async () => {
    const scopes = ['Apps_Get', 'Concepts_Get', 'Models_Add', 'Models_Get', 'Models_Train', 'Workflows_Get']
    const key = await server.makeKey({ userPk: server.admin.pk, kind: 'pat', scopes })
    const unseen = { data: { concepts: [{ id: 'never-seen' }] } }
    refused(
      await post({ id: 'scoped', outputInfo: unseen }, { key }),
      StatusCode.CONN_INSUFFICIENT_SCOPES,
      /Concepts_Add/,
    )
    succeeded(await post({ id: 'scoped' }, { key }))
  })
})

describe('finding models', () => {
  test('a missing model has the code and description that clients look for', async () => {
    const { status } = refused(await get('missing'), StatusCode.MODEL_DOES_NOT_EXIST)
    assert.equal(status?.description, 'Model does not exist')
  })

  test('public models are found from every app by id, old id and version', async () => {
    for (const id of ['general-image-recognition', OLD_GENERAL]) {
      const { model } = succeeded(await get(id, 'aa9ca48295b37401f8af92ad1af0d91d'))
      assert.deepEqual(
        [model?.id, model?.appId, model?.userId, model?.modelVersion?.id],
        ['general-image-recognition', 'main', 'clarifai', 'aa9ca48295b37401f8af92ad1af0d91d'],
      )
    }
    const latest = succeeded(await get(OLD_GENERAL)).model?.modelVersion
    assert.equal(latest?.id, 'aa7f35c01e0642fda5cf400f543e7c40')
    assert.equal(latest?.status?.code, StatusCode.MODEL_TRAINED)
    assert.equal(latest?.activeConceptCount, 80)
    refused(await get(OLD_GENERAL, 'f'.repeat(32)), StatusCode.CONN_DOES_NOT_EXIST)
  })

  test('a key that is bound to an app finds its own models and the public ones without naming the app', async () => {
    const key = await server.makeKey({ userPk: server.admin.pk, appPk: app.pk, kind: 'app_key' })
    succeeded(await post({ id: 'own-of-key' }))
    const own = succeeded(await server.call('GetModel', { modelId: 'own-of-key' }, { key }))
    assert.equal(own.model?.appId, 'lab')
    const open = succeeded(await server.call('GetModel', { modelId: OLD_GENERAL }, { key }))
    assert.equal(open.model?.appId, 'main')
  })

  test('an own model goes before a public one of the same id', async () => {
    succeeded(await post({ id: 'color-recognition' }))
    assert.equal(succeeded(await get('color-recognition')).model?.appId, 'lab')
    succeeded(await server.call('DeleteModel', { userAppId: app.userAppId, modelId: 'color-recognition' }))
    assert.equal(succeeded(await get('color-recognition')).model?.appId, 'main')
  })

  test('strangers see a public model with its public version only; the rest looks absent', async () => {
    const owner = await server.makeUser('publisher', Visible.PUBLIC)
    const shop = await makeApp(server, 'shop', { owner, visibility: Visible.PUBLIC })
    const as = { key: owner.pat }
    const userAppId = shop.userAppId
    succeeded(await server.call('PostModels', { userAppId, models: [{ id: 'hidden' }] }, as))
    succeeded(
      await server.call(
        'PostModels',
        { userAppId, models: [{ id: 'shown', modelTypeId: 'image-crop', visibility: { gettable: Visible.PUBLIC } }] },
        as,
      ),
    )
    const versions: string[] = []
    for (const description of ['first', 'second']) {
      const made = succeeded(
        await server.call('PostModelVersions', { userAppId, modelId: 'shown', modelVersions: [{ description }] }, as),
      )
      versions.push(made.model?.modelVersion?.id ?? '')
    }
    refused(await server.call('GetModel', { userAppId, modelId: 'hidden' }), StatusCode.MODEL_DOES_NOT_EXIST)
    assert.equal(
      succeeded(await server.call('GetModel', { userAppId, modelId: 'shown' })).model?.modelVersion,
      undefined,
    )
    succeeded(
      await server.call(
        'PostModelVersionsPublish',
        { userAppId, modelId: 'shown', publications: [{ versionId: versions[0] }] },
        as,
      ),
    )
    const seen = succeeded(await server.call('GetModel', { userAppId, modelId: 'shown' })).model
    assert.equal(seen?.modelVersion?.id, versions[0])
    refused(
      await server.call('GetModel', { userAppId, modelId: 'shown', versionId: versions[1] }),
      StatusCode.CONN_DOES_NOT_EXIST,
    )
    const listed = succeeded(await server.call('ListModelVersions', { userAppId, modelId: 'shown' }))
    assert.deepEqual(
      listed.modelVersions.map(({ id }) => id),
      [versions[0]],
    )
    refused(
      await server.call('DeleteModel', { userAppId, modelId: 'shown' }),
      StatusCode.CONN_INSUFFICIENT_SCOPES,
      /owner/,
    )
  })

  test('stars and presets come when they are asked for', async () => {
    succeeded(await post({ id: 'starred', presets: { mood: 'calm' } }))
    const { models } = succeeded(
      await server.call('ListModels', { userAppId: app.userAppId, name: 'starred', additionalFields: ['presets'] }),
    )
    assert.deepEqual(models[0]?.presets, { mood: 'calm' })
    const rest = succeeded(await get('starred')).model
    assert.equal(rest?.presets, undefined)
    const row = await server.services.db.read
      .selectFrom('models')
      .select('pk')
      .where('id', '=', 'starred')
      .executeTakeFirstOrThrow()
    const other = await server.makeUser('fan')
    await server.services.db.transact(async (tx) => {
      for (const user_pk of [server.admin.pk, other.pk]) {
        await tx.insertInto('stars').values({ user_pk, kind: 'model', resource_pk: row.pk, created_at: 1 }).execute()
      }
    })
    const stars = succeeded(
      await server.call('GetModel', { userAppId: app.userAppId, modelId: 'starred', additionalFields: ['stars'] }),
    ).model
    assert.deepEqual([stars?.starCount, stars?.isStarred], [2, true])
    const starred = succeeded(await server.call('ListModels', { userAppId: app.userAppId, starredOnly: true }))
    assert.deepEqual(
      starred.models.map(({ id }) => id),
      ['starred'],
    )
  })
})

describe('changing models', () => {
  test('merge and overwrite change what is named and keep the rest', async () => {
    succeeded(await post({ id: 'changing', description: 'old', metadata: { a: 1 }, toolkits: ['one'] }))
    const merged = succeeded(await patch({ id: 'changing', metadata: { b: 2 }, toolkits: ['one', 'two'] }, 'merge'))
    assert.deepEqual(merged.models[0]?.metadata, { a: 1, b: 2 })
    assert.deepEqual(merged.models[0]?.toolkits, ['one', 'two'])
    assert.equal(merged.models[0]?.description, 'old')
    const over = succeeded(
      await patch({ id: 'changing', metadata: { c: 3 }, name: 'Changed', visibility: { gettable: 50 } }, 'overwrite'),
    )
    assert.deepEqual(over.models[0]?.metadata, { c: 3 })
    assert.deepEqual([over.models[0]?.name, over.models[0]?.visibility?.gettable], ['Changed', Visible.PUBLIC])
    assert.equal(over.models[0]?.modelVersion, undefined)
  })

  test('the type never changes', async () => {
    succeeded(await post({ id: 'typed', modelTypeId: 'image-crop' }))
    const { models } = succeeded(
      await patch({ id: 'typed', modelTypeId: 'visual-classifier', notes: 'n' }, 'overwrite'),
    )
    assert.deepEqual([models[0]?.modelTypeId, models[0]?.notes], ['image-crop', 'n'])
  })

  test('remove takes away the image, alone', async () => {
    const image = { url: 'https://example.com/a.png' }
    succeeded(await post({ id: 'pictured', image, description: 'kept' }))
    refused(await patch({ id: 'pictured', image, description: 'kept' }, 'remove'), StatusCode.MODEL_INVALID_ARGUMENT)
    refused(await patch({ id: 'pictured', toolkits: ['x'] }, 'remove'), StatusCode.MODEL_INVALID_ARGUMENT)
    const { models } = succeeded(await patch({ id: 'pictured', image }, 'remove'))
    assert.equal(models[0]?.image, undefined)
    assert.equal(models[0]?.description, 'kept')
  })

  test('unknown actions, unknown models and public models are refused; nothing of the call is kept', async () => {
    succeeded(await post({ id: 'steady' }))
    refused(await patch({ id: 'steady', name: 'x' }, 'replace'), StatusCode.MODEL_INVALID_ARGUMENT, /replace/)
    refused(await patch({ id: 'face-detection', name: 'x' }, 'merge'), StatusCode.MODEL_DOES_NOT_EXIST)
    const two = await server.call('PatchModels', {
      userAppId: app.userAppId,
      models: [
        { id: 'steady', name: 'x' },
        { id: 'absent', name: 'y' },
      ],
      action: 'merge',
    })
    refused(two, StatusCode.MODEL_DOES_NOT_EXIST)
    assert.equal(succeeded(await get('steady')).model?.name, 'steady')
    refused(
      await server.call('PatchModels', { userAppId: app.userAppId, models: [], action: 'merge' }),
      StatusCode.MODEL_INVALID_ARGUMENT,
    )
  })

  test('concepts of older clients make a version when they change, and only then', async () => {
    const first = succeeded(await post({ id: 'evolving', outputInfo: CAT_AND_DOG })).model?.modelVersion?.id
    const one = (id: string) => ({ data: { concepts: [{ id, value: 1 }] } })
    const same = succeeded(await patch({ id: 'evolving', name: 'evolving', outputInfo: one('cat') }, 'merge'))
    assert.equal(same.models[0]?.modelVersion?.id, first)
    const more = succeeded(await patch({ id: 'evolving', outputInfo: one('eel') }, 'merge'))
    assert.notEqual(more.models[0]?.modelVersion?.id, first)
    assert.equal(more.models[0]?.modelVersion?.activeConceptCount, 3)
    assert.deepEqual(await conceptsOf('evolving'), ['cat', 'dog', 'eel'])
    succeeded(await patch({ id: 'evolving', name: 'evolving', outputInfo: one('dog') }, 'remove'))
    assert.deepEqual(await conceptsOf('evolving'), ['cat', 'eel'])
    succeeded(await patch({ id: 'evolving', outputInfo: one('fox') }, 'overwrite'))
    assert.deepEqual(await conceptsOf('evolving'), ['fox'])
    const versions = succeeded(
      await server.call('ListModelVersions', { userAppId: app.userAppId, modelId: 'evolving' }),
    )
    assert.deepEqual(
      versions.modelVersions.map(({ activeConceptCount }) => activeConceptCount),
      [1, 2, 3, 2],
    )
  })

  test('a renamed concept shows its new name in every version', async () => {
    succeeded(await post({ id: 'naming', outputInfo: { data: { concepts: [{ id: 'gull' }] } } }))
    const concepts = [{ id: 'gull', name: 'Seagull' }]
    succeeded(await server.call('PatchConcepts', { userAppId: app.userAppId, concepts, action: 'overwrite' }))
    const { model } = succeeded(
      await server.call('GetModelOutputInfo', { userAppId: app.userAppId, modelId: 'naming' }),
    )
    assert.equal(model?.modelVersion?.outputInfo?.data?.concepts[0]?.name, 'Seagull')
  })

  test('a new id leaves a trace at the old one', async () => {
    succeeded(await post({ id: 'before' }))
    const rename = (ids: { id: string; newId: string }[], action = 'overwrite') =>
      server.call('PatchModelIds', { userAppId: app.userAppId, ids, action })
    const { models } = succeeded(await rename([{ id: 'before', newId: 'afterwards' }]))
    assert.equal(models[0]?.id, 'afterwards')
    const { status } = refused(await get('before'), StatusCode.MOVED)
    assert.deepEqual(
      [status?.redirectInfo?.newResourceId, status?.redirectInfo?.url],
      ['afterwards', '/v2/users/admin/apps/lab/models/afterwards'],
    )
    succeeded(await get('afterwards'))
    succeeded(await post({ id: 'other' }))
    refused(await rename([{ id: 'other', newId: 'afterwards' }]), StatusCode.DATABASE_DUPLICATE_KEY, /already exists/)
    refused(await rename([{ id: 'other', newId: 'no good' }]), StatusCode.MODEL_INVALID_ARGUMENT)
    refused(await rename([{ id: 'other', newId: 'new' }], 'merge'), StatusCode.MODEL_INVALID_ARGUMENT)
    refused(await rename([]), StatusCode.MODEL_INVALID_ARGUMENT, /exactly one/)
    refused(await rename([{ id: 'absent', newId: 'new' }]), StatusCode.MODEL_DOES_NOT_EXIST)
  })

  test('lists of tags are replaced as a whole, by those who may write', async () => {
    succeeded(await post({ id: 'tagged' }))
    const base = { userAppId: app.userAppId, modelId: 'tagged', action: 'overwrite' }
    const toolkits = ['Torch', 'ONNX', 'Torch']
    assert.deepEqual(succeeded(await server.call('PatchModelToolkits', { ...base, toolkits })).toolkits, [
      'Torch',
      'ONNX',
    ])
    const usecases = ['counting']
    assert.deepEqual(succeeded(await server.call('PatchModelUseCases', { ...base, usecases })).usecases, usecases)
    const languages = ['de', 'zh-TW']
    assert.deepEqual(succeeded(await server.call('PatchModelLanguages', { ...base, languages })).languages, languages)
    const checkConsents = ['faces']
    assert.deepEqual(
      succeeded(await server.call('PatchModelCheckConsents', { ...base, checkConsents })).checkConsents,
      checkConsents,
    )
    const { model } = succeeded(await get('tagged'))
    assert.deepEqual(
      model?.languagesFull.map(({ id, name }) => [id, name]),
      [
        ['de', 'German'],
        ['zh-TW', 'Chinese (Taiwan)'],
      ],
    )
    const listed = succeeded(
      await server.call('ListModels', { userAppId: app.userAppId, toolkits: ['ONNX'], languages: ['de', 'it'] }),
    )
    assert.deepEqual(
      listed.models.map(({ id }) => id),
      ['tagged'],
    )
    succeeded(await server.call('PatchModelToolkits', { ...base, toolkits: [] }))
    assert.deepEqual(
      succeeded(await server.call('ListModels', { userAppId: app.userAppId, toolkits: ['ONNX'] })).models,
      [],
    )
    refused(await server.call('PatchModelToolkits', { ...base, action: 'merge' }), StatusCode.MODEL_INVALID_ARGUMENT)
    refused(
      await server.call('PatchModelLanguages', { ...base, languages: ['no such'] }),
      StatusCode.MODEL_INVALID_ARGUMENT,
    )
    refused(await server.call('PatchModelUseCases', { ...base, modelId: 'absent' }), StatusCode.MODEL_DOES_NOT_EXIST)
    const key = await server.makeKey({ userPk: server.admin.pk, kind: 'pat', scopes: ['Apps_Get', 'Models_Get'] })
    refused(
      await server.call('PatchModelCheckConsents', { ...base, checkConsents }, { key }),
      StatusCode.CONN_INSUFFICIENT_SCOPES,
      /Models_Add/,
    )
  })
})

describe('deleting models', () => {
  test('one, several or all go, with versions and traces; concepts stay', async () => {
    const own = await makeApp(server, 'bin')
    const { userAppId } = own
    for (const id of ['a', 'b', 'c', 'd']) {
      succeeded(await server.call('PostModels', { userAppId, models: [{ id, outputInfo: CAT_AND_DOG }] }))
    }
    const ids = async () =>
      succeeded(
        await server.call('ListModels', {
          userAppId,
          sortBy: { case: 'sortByName', value: true },
          sortAscending: true,
        }),
      ).models.map(({ id }) => id)
    succeeded(await server.call('DeleteModel', { userAppId, modelId: 'a' }))
    assert.deepEqual(await ids(), ['b', 'c', 'd'])
    refused(await server.call('DeleteModel', { userAppId, modelId: 'a' }), StatusCode.MODEL_DOES_NOT_EXIST)
    refused(await server.call('DeleteModel', { userAppId, modelId: 'face-detection' }), StatusCode.MODEL_DOES_NOT_EXIST)
    refused(await server.call('DeleteModels', { userAppId, ids: ['b', 'a'] }), StatusCode.MODEL_DOES_NOT_EXIST)
    assert.deepEqual(await ids(), ['b', 'c', 'd'])
    succeeded(await server.call('DeleteModels', { userAppId, ids: ['b'] }))
    assert.deepEqual(await ids(), ['c', 'd'])
    refused(await server.call('DeleteModels', { userAppId, ids: [] }), StatusCode.MODEL_INVALID_ARGUMENT)
    succeeded(await server.call('DeleteModels', { userAppId, deleteAll: true }))
    assert.deepEqual(await ids(), [])
    assert.equal(succeeded(await server.call('ListConcepts', { userAppId })).concepts.length, 2)
    const left = await server.services.db.read
      .selectFrom('model_versions')
      .innerJoin('models', 'models.pk', 'model_versions.model_pk')
      .select('model_versions.pk')
      .where('models.app_pk', '=', own.pk)
      .execute()
    assert.deepEqual(left, [])
  })

  test('an old id of a deleted model means nothing any more', async () => {
    succeeded(await post({ id: 'gone-1' }))
    const ids = [{ id: 'gone-1', newId: 'gone-2' }]
    succeeded(await server.call('PatchModelIds', { userAppId: app.userAppId, ids, action: 'overwrite' }))
    succeeded(await server.call('DeleteModel', { userAppId: app.userAppId, modelId: 'gone-2' }))
    refused(await get('gone-1'), StatusCode.MODEL_DOES_NOT_EXIST)
  })
})

describe('model types', () => {
  test('they are listed page by page and found by id', async () => {
    const list = async (page: number, perPage: number) =>
      succeeded(await server.call('ListModelTypes', { userAppId: app.userAppId, page, perPage })).modelTypes
    const all = await list(1, 1000)
    assert.ok(all.length > 40)
    assert.ok(all.every(({ internalOnly }) => !internalOnly))
    assert.deepEqual(await list(2, 10), all.slice(10, 20))
    assert.deepEqual(await list(999_999_999, 10), [])
    const got = succeeded(
      await server.call('GetModelType', { userAppId: app.userAppId, modelTypeId: 'visual-classifier' }),
    )
    assert.deepEqual(got.modelType?.inputFields, ['image'])
    refused(
      await server.call('GetModelType', { userAppId: app.userAppId, modelTypeId: 'toaster' }),
      StatusCode.CONN_DOES_NOT_EXIST,
    )
  })
})
