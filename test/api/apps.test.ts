import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { MessageInitShape } from '@bufbuild/protobuf'
import type { AppSchema } from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { Visible } from '../../src/domain/access/target.ts'
import { apps, concepts } from '../../src/store/repos/families.ts'
import { makeApp, refused, succeeded } from '../kit/apps.ts'
import { type CallAs, startTestServer, type TestServer, type TestUser } from '../kit/server.ts'

type AppInit = MessageInitShape<typeof AppSchema>

const { CONN_INVALID_REQUEST, CONN_DOES_NOT_EXIST, CONN_INSUFFICIENT_SCOPES } = StatusCode

describe('apps', () => {
  let server: TestServer
  let stranger: TestUser

  before(async () => {
    server = await startTestServer()
    stranger = await server.makeUser('stranger', Visible.PUBLIC)
  })
  after(() => server[Symbol.asyncDispose]())

  const post = (apps: AppInit[], as?: CallAs) => server.call('PostApps', { userAppId: { userId: 'me' }, apps }, as)
  const get = (appId: string, as?: CallAs, userId = 'admin') =>
    server.call('GetApp', { userAppId: { userId, appId } }, as)
  const patch = (app: AppInit, extra: { action?: string; metadataAction?: object; reindex?: boolean } = {}) =>
    server.call('PatchApps', { userAppId: { userId: 'me' }, apps: [app], action: 'overwrite', ...extra } as never)

  describe('PostApps', () => {
    test('an app by id alone is private, English, named like its id and based on Universal', async () => {
      const { apps } = succeeded(await post([{ id: 'plain' }]))
      const [app] = apps
      assert.deepEqual(
        [app?.id, app?.name, app?.userId, app?.defaultLanguage, app?.visibility?.gettable, app?.defaultWorkflowId],
        ['plain', 'plain', 'admin', 'en', Visible.PRIVATE, 'Universal'],
      )
      assert.deepEqual(
        [app?.defaultWorkflow?.id, app?.defaultWorkflow?.appId, app?.defaultWorkflow?.userId],
        ['Universal', 'plain', 'admin'],
      )
      assert.ok(app?.createdAt && app.modifiedAt)
      assert.equal(app.extraInfo, undefined)
    })

    test('what the caller says is kept; what only the server knows is not taken from him', async () => {
      const { apps } = succeeded(
        await post([
          {
            id: 'full',
            name: 'Full one',
            description: 'about',
            notes: 'long',
            metadata: { a: [1, { b: null }] },
            defaultLanguage: 'de',
            sampleMs: 500,
            visibility: { gettable: Visible.PUBLIC },
            image: { url: 'https://example.com/a.png' },
            isTemplate: true,
            userId: 'stranger',
            starCount: 7,
            isStarred: true,
            dataTierId: 'huge',
          },
        ]),
      )
      const { app } = succeeded(await get('full'))
      assert.deepEqual({ ...app, extraInfo: undefined }, { ...apps[0], extraInfo: undefined })
      assert.deepEqual(
        [
          app?.name,
          app?.description,
          app?.notes,
          app?.defaultLanguage,
          app?.sampleMs,
          app?.image?.url,
          app?.isTemplate,
        ],
        ['Full one', 'about', 'long', 'de', 500, 'https://example.com/a.png', true],
      )
      assert.deepEqual(app?.metadata, { a: [1, { b: null }] })
      assert.deepEqual([app?.userId, app?.starCount, app?.isStarred, app?.dataTierId], ['admin', 0, false, ''])
    })

    test('an app by name alone gets an id; one without both gets an id that is its name', async () => {
      const { apps } = succeeded(await post([{ name: 'Named' }, {}]))
      assert.match(apps[0]!.id, /^[0-9a-f]{32}$/)
      assert.equal(apps[0]?.name, 'Named')
      assert.equal(apps[1]?.name, apps[1]?.id)
    })

    test('the base workflow is copied: listed, default, the answer to an empty id, private', async () => {
      const workflow = { id: 'General', userId: 'clarifai', appId: 'main' }
      succeeded(await post([{ id: 'based', defaultWorkflow: workflow }]))
      const userAppId = { userId: 'me', appId: 'based' }
      const { workflows } = succeeded(await server.call('ListWorkflows', { userAppId }))
      assert.deepEqual(
        workflows.map(({ id, appId, userId, visibility }) => [id, appId, userId, visibility?.gettable]),
        [['General', 'based', 'admin', Visible.PRIVATE]],
      )
      const byDefault = succeeded(await server.call('GetWorkflow', { userAppId })).workflow
      assert.deepEqual(byDefault, workflows[0])
      assert.deepEqual(
        byDefault?.nodes.map(({ id, model }) => [id, model?.userId, model?.appId, model?.modelVersion?.id]),
        [
          ['general-v1.5-concept', 'clarifai', 'main', 'aa7f35c01e0642fda5cf400f543e7c40'],
          ['general-v1.5-embed', 'clarifai', 'main', 'bb186755eda04f9cbb6fe32e816be104'],
        ],
      )
    })

    test('the older field names a base workflow too; Empty has no nodes', async () => {
      const { apps } = succeeded(await post([{ id: 'old-style', defaultWorkflowId: 'Empty' }]))
      assert.equal(apps[0]?.defaultWorkflow?.id, 'Empty')
      const { workflow } = succeeded(
        await server.call('GetWorkflow', { userAppId: { userId: 'me', appId: 'old-style' } }),
      )
      assert.deepEqual(workflow?.nodes, [])
    })

    test('a workflow of an own app may be the base, one that is hidden may not', async () => {
      await makeApp(server, 'source')
      const nodes = [{ id: 'tags', model: { id: 'general-image-recognition' } }]
      succeeded(
        await server.call('PostWorkflows', {
          userAppId: { userId: 'me', appId: 'source' },
          workflows: [{ id: 'mine', nodes }],
        }),
      )
      const base = { defaultWorkflow: { id: 'mine', userId: 'admin', appId: 'source' } }
      const { apps } = succeeded(await post([{ id: 'from-own', ...base }]))
      assert.equal(apps[0]?.defaultWorkflowId, 'mine')
      refused(await post([{ id: 'thief', ...base }], { key: stranger.pat }), StatusCode.WORKFLOW_DOES_NOT_EXIST)
    })

    test('a taken id, bad ids, bad values and unknown workflows are refused and store nothing', async () => {
      succeeded(await post([{ id: 'taken' }]))
      refused(await post([{ id: 'beside' }, { id: 'taken' }]), StatusCode.DATABASE_DUPLICATE_KEY, /already exists/)
      refused(await get('beside'), CONN_DOES_NOT_EXIST)
      const bad: AppInit[] = [
        { id: 'a b' },
        { id: 'a/b' },
        { id: '-a' },
        { id: 'x'.repeat(49) },
        { id: 'l', defaultLanguage: 'tlh' },
        { id: 's', sampleMs: 99 },
        { id: 's', sampleMs: 60_001 },
        { id: 'n', notes: 'x'.repeat(64 * 1024 + 1) },
        { id: 'd', description: 'x'.repeat(17_000) },
        { id: 'm', metadata: { big: 'x'.repeat(1024 * 1024) } },
        { id: 'v', visibility: { gettable: 20 as never } },
        { id: 'i', image: { base64: Buffer.from('x') } },
      ]
      for (const app of bad) refused(await post([app]), CONN_INVALID_REQUEST)
      refused(await post([]), CONN_INVALID_REQUEST)
      refused(await post(Array.from({ length: 129 }, (_, at) => ({ id: `n${at}` }))), CONN_INVALID_REQUEST)
      const unknown = { id: 'w', defaultWorkflow: { id: 'Nope', userId: 'clarifai', appId: 'main' } }
      refused(await post([unknown]), StatusCode.WORKFLOW_DOES_NOT_EXIST)
      refused(await get('w'), CONN_DOES_NOT_EXIST)
    })

    test('nobody makes apps for others, nor without the scope', async () => {
      const apps = [{ id: 'theirs' }]
      refused(await server.call('PostApps', { userAppId: { userId: 'stranger' }, apps }), CONN_INSUFFICIENT_SCOPES)
      const key = await server.makeKey({ userPk: server.admin.pk, kind: 'pat', scopes: ['Apps_Get'] })
      refused(await post(apps, { key }), CONN_INSUFFICIENT_SCOPES, /Apps_Add/)
      const appKey = await appKeyOf('taken')
      const status = (await post(apps, { key: appKey })).status?.code
      assert.notEqual(status, StatusCode.SUCCESS)
    })
  })

  const appKeyOf = async (id: string): Promise<string> => {
    const { pk } = (await server.services.directory.app(server.admin.pk, id))!
    return server.makeKey({ userPk: server.admin.pk, appPk: pk, kind: 'app_key' })
  }

  describe('GetApp', () => {
    test('absent and hidden apps look the same; a public app of a public user is seen', async () => {
      await makeApp(server, 'secret')
      await makeApp(server, 'lookout', { owner: stranger, visibility: Visible.PUBLIC })
      const as = { key: stranger.pat }
      const [hidden, absent] = [await get('secret', as), await get('nothing-here', as)]
      assert.equal(hidden.status?.code, CONN_DOES_NOT_EXIST)
      assert.deepEqual({ ...hidden.status, reqId: '' }, { ...absent.status, reqId: '' })
      const { app } = succeeded(await get('lookout', undefined, 'stranger'))
      assert.equal(app?.userId, 'stranger')
      const appKey = await appKeyOf('secret')
      assert.equal(succeeded(await server.call('GetApp', {}, { key: appKey })).app?.id, 'secret')
    })

    test('counts come when asked for, of what the caller sees; the marker changes with the content', async () => {
      const { userAppId } = await makeApp(server, 'counted', { owner: stranger, visibility: Visible.PUBLIC })
      const own = { key: stranger.pat }
      const plain = succeeded(await server.call('GetApp', { userAppId }, own)).app?.extraInfo
      assert.equal(plain?.counts, undefined)
      assert.notEqual(plain?.searchRevisionMarker, '')
      for (const additionalFields of [['counts'], ['all']]) {
        const { app } = succeeded(await server.call('GetApp', { userAppId, additionalFields }, own))
        assert.deepEqual([app?.extraInfo?.counts?.workflows, app?.extraInfo?.counts?.models], [1n, 0n])
        const seen = succeeded(await server.call('GetApp', { userAppId, additionalFields }))
        assert.equal(seen.app?.extraInfo?.counts?.workflows, 0n)
      }
      const markerNow = async () =>
        succeeded(await server.call('GetApp', { userAppId }, own)).app?.extraInfo?.searchRevisionMarker
      assert.equal(await markerNow(), plain?.searchRevisionMarker)
      succeeded(await server.call('PostConcepts', { userAppId, concepts: [{ id: 'new' }] }, own))
      assert.notEqual(await markerNow(), plain?.searchRevisionMarker)
    })
  })

  describe('ListApps and PostAppsSearches', () => {
    let owner: TestUser
    before(async () => {
      owner = await server.makeUser('lister', Visible.PUBLIC)
      const apps: AppInit[] = [
        { id: 'gen-a', name: 'Zebra', description: 'Satisfied people', visibility: { gettable: Visible.PUBLIC } },
        { id: 'gen-b', name: 'Apple', notes: 'orchard', isTemplate: true },
        { id: 'other', name: 'Mango', visibility: { gettable: Visible.PUBLIC } },
      ]
      for (const app of apps) succeeded(await post([app], { key: owner.pat }))
    })

    const list = async (request: object, as: CallAs = { key: owner.pat }): Promise<string[]> => {
      const found = succeeded(await server.call('ListApps', { userAppId: { userId: 'lister' }, ...request }, as))
      for (const app of found.apps) assert.equal(app.extraInfo, undefined)
      return found.apps.map(({ id }) => id)
    }

    test('the newest change comes first; others see what is public; without a user it is the caller', async () => {
      assert.deepEqual(await list({}), ['other', 'gen-b', 'gen-a'])
      assert.deepEqual(await list({}, {}), ['other', 'gen-a'])
      assert.deepEqual(await list({ userAppId: undefined }), ['other', 'gen-b', 'gen-a'])
      refused(
        await server.call('ListApps', { userAppId: { userId: 'nobody-here' } }, { key: owner.pat }),
        CONN_DOES_NOT_EXIST,
      )
    })

    test('pages follow each other and end empty', async () => {
      assert.deepEqual(await list({ page: 1, perPage: 2 }), ['other', 'gen-b'])
      assert.deepEqual(await list({ page: 2, perPage: 2 }), ['gen-a'])
      assert.deepEqual(await list({ page: 999_999_999, perPage: 1000 }), [])
      const over = await server.call('ListApps', { perPage: 1001 }, { key: owner.pat })
      refused(over, CONN_INVALID_REQUEST)
    })

    test('lists can be sorted either way', async () => {
      const by = (field: string, sortAscending: boolean) =>
        list({ sortBy: { case: field, value: true }, sortAscending })
      assert.deepEqual(await by('sortByName', true), ['gen-b', 'other', 'gen-a'])
      assert.deepEqual(await by('sortByName', false), ['gen-a', 'other', 'gen-b'])
      assert.deepEqual(await by('sortById', true), ['gen-a', 'gen-b', 'other'])
      assert.deepEqual(await by('sortByCreatedAt', true), ['gen-a', 'gen-b', 'other'])
      assert.deepEqual(await by('sortByModifiedAt', true), ['gen-a', 'gen-b', 'other'])
    })

    test('filters narrow the list', async () => {
      assert.deepEqual(await list({ templateOnly: true }), ['gen-b'])
      assert.deepEqual(await list({ featuredOnly: true }), [])
      assert.deepEqual(await list({ starredOnly: true }), [])
      assert.deepEqual(await list({ visibility: { gettable: Visible.PUBLIC } }), ['other', 'gen-a'])
      assert.deepEqual(await list({ id: 'gen*' }), ['gen-b', 'gen-a'])
      assert.deepEqual(await list({ id: 'gen' }), [])
      assert.deepEqual(await list({ name: '*an*' }), ['other'])
      assert.deepEqual(await list({ name: '*orch*' }), ['gen-b'])
    })

    test('keywords are found by their stems in id, name, description and notes', async () => {
      assert.deepEqual(await list({ search: 'satisfy' }), ['gen-a'])
      assert.deepEqual(await list({ search: 'ORCHARD' }), ['gen-b'])
      assert.deepEqual(await list({ search: 'gen zebra' }), ['gen-a'])
      assert.deepEqual(await list({ query: 'zebra OR mango' }), ['other', 'gen-a'])
      assert.deepEqual(await list({ query: 'gen -zebra' }), ['gen-b'])
      const byRelevance = { sortBy: { case: 'sortByRelevance', value: true } }
      assert.deepEqual(await list({ ...byRelevance, search: 'gen' }), ['gen-b', 'gen-a'])
      refused(await server.call('ListApps', byRelevance as never), CONN_INVALID_REQUEST, /search/)
      const long = Array.from({ length: 33 }, (_, at) => `w${at}`).join(' ')
      refused(await server.call('ListApps', { search: long }), CONN_INVALID_REQUEST, /33 words/)
    })

    test('the older search takes a name with wildcards', async () => {
      const search = async (name: string, as: CallAs = { key: owner.pat }, userId = 'lister') => {
        const request = { userAppId: { userId }, appQuery: { name }, pagination: { page: 1, perPage: 10 } }
        return succeeded(await server.call('PostAppsSearches', request, as)).apps.map(({ id }) => id)
      }
      assert.deepEqual(await search('*a*'), ['other', 'gen-b', 'gen-a'])
      assert.deepEqual(await search('apple'), ['gen-b'])
      assert.deepEqual(await search('app'), [])
      assert.deepEqual(await search(''), ['other', 'gen-b', 'gen-a'])
      assert.deepEqual(await search('*a*', {}), ['other', 'gen-a'])
    })

    test('listing takes the scope', async () => {
      const key = await server.makeKey({ userPk: owner.pk, kind: 'pat', scopes: ['Models_Get'] })
      refused(await server.call('ListApps', {}, { key }), CONN_INSUFFICIENT_SCOPES, /Apps_Get/)
    })
  })

  describe('PatchApps, PatchApp and PatchAppsDetails', () => {
    test('named fields are replaced, others stay, and the answer is what is stored', async () => {
      await makeApp(server, 'changing')
      succeeded(await patch({ id: 'changing', description: 'first', notes: 'keep' }))
      const { apps } = succeeded(
        await patch({
          id: 'changing',
          name: 'New',
          description: 'second',
          sampleMs: 2000,
          visibility: { gettable: 50 },
        }),
      )
      const { app } = succeeded(await get('changing'))
      assert.deepEqual(
        [app?.name, app?.description, app?.notes, app?.sampleMs, app?.visibility?.gettable],
        ['New', 'second', 'keep', 2000, 50],
      )
      assert.deepEqual({ ...apps[0], extraInfo: undefined }, { ...app, extraInfo: undefined })
    })

    test('a made-public app is seen at once, a made-private one no more', async () => {
      succeeded(
        await server.call(
          'PatchApps',
          {
            userAppId: { userId: 'me' },
            apps: [{ id: 'shop', visibility: { gettable: Visible.PUBLIC } }],
            action: 'overwrite',
          },
          { key: (await makeApp(server, 'shop', { owner: stranger })).owner.pat },
        ),
      )
      succeeded(await get('shop', undefined, 'stranger'))
      succeeded(
        await server.call(
          'PatchApp',
          {
            userAppId: { userId: 'me', appId: 'shop' },
            app: { visibility: { gettable: Visible.PRIVATE } },
            action: 'overwrite',
          },
          { key: stranger.pat },
        ),
      )
      refused(await get('shop', undefined, 'stranger'), CONN_DOES_NOT_EXIST)
    })

    test('all or none; unknown apps, actions and values are refused', async () => {
      await makeApp(server, 'firm')
      const request = {
        userAppId: { userId: 'me' },
        apps: [
          { id: 'firm', name: 'x' },
          { id: 'nowhere', name: 'y' },
        ],
      }
      refused(await server.call('PatchApps', { ...request, action: 'overwrite' }), CONN_DOES_NOT_EXIST)
      assert.equal((await get('firm')).app?.name, 'firm')
      for (const action of ['', 'merge', 'delete']) {
        refused(await patch({ id: 'firm', name: 'x' }, { action }), CONN_INVALID_REQUEST)
      }
      refused(await patch({ id: 'firm', defaultLanguage: 'de' }), CONN_INVALID_REQUEST, /cannot change/)
      succeeded(await patch({ id: 'firm', defaultLanguage: 'en' }))
      refused(await patch({ id: 'firm', sampleMs: 3 }), CONN_INVALID_REQUEST)
      refused(await patch({ id: 'firm', visibility: { gettable: 11 as never } }), CONN_INVALID_REQUEST)
      refused(
        await server.call('PatchApps', { userAppId: { userId: 'me' }, action: 'overwrite' }),
        CONN_INVALID_REQUEST,
      )
      const many = Array.from({ length: 129 }, () => ({ id: 'firm' }))
      refused(
        await server.call('PatchApps', { apps: many, action: 'overwrite', userAppId: { userId: 'me' } }),
        CONN_INVALID_REQUEST,
      )
      refused(
        await server.call('PatchApp', { userAppId: { userId: 'me', appId: 'firm' }, action: 'overwrite' }),
        CONN_INVALID_REQUEST,
        /no app/,
      )
    })

    test('remove takes away the image, named by its url, and nothing else', async () => {
      await makeApp(server, 'pictured')
      succeeded(await patch({ id: 'pictured', image: { url: 'https://example.com/1.png' } }))
      const remove = (app: AppInit) => patch({ id: 'pictured', ...app }, { action: 'remove' })
      refused(await remove({ image: { url: 'https://example.com/2.png' } }), CONN_INVALID_REQUEST, /another image/)
      refused(await remove({ description: 'x' }), CONN_INVALID_REQUEST, /image alone/)
      refused(await remove({ image: { url: 'https://example.com/1.png' }, notes: 'x' }), CONN_INVALID_REQUEST)
      assert.equal((await get('pictured')).app?.image?.url, 'https://example.com/1.png')
      succeeded(await remove({ image: { url: 'https://example.com/1.png' } }))
      assert.equal((await get('pictured')).app?.image, undefined)
    })

    test('metadata has actions of its own', async () => {
      await makeApp(server, 'meta')
      const change = async (metadata: object | undefined, metadataAction?: object) =>
        succeeded(await patch({ id: 'meta', metadata } as AppInit, { metadataAction })).apps[0]?.metadata
      assert.deepEqual(await change({ a: 1, tag: [{ id: '1', data: 1 }] }), { a: 1, tag: [{ id: '1', data: 1 }] })
      assert.deepEqual(await change({ b: 2 }, { op: 'merge' }), { a: 1, tag: [{ id: '1', data: 1 }], b: 2 })
      const append = { op: 'merge', mergeConflictResolution: 'append' }
      assert.deepEqual(await change({ a: 5 }, append), { a: [1, 5], tag: [{ id: '1', data: 1 }], b: 2 })
      assert.deepEqual(await change({ x: true }, { op: 'overwrite', path: 'tag[0].data' }), {
        a: [1, 5],
        tag: [{ id: '1', data: { x: true } }],
        b: 2,
      })
      assert.deepEqual(await change(undefined, { op: 'delete', path: 'tag[0]' }), { a: [1, 5], tag: [], b: 2 })
      const bad = (metadataAction: object) => patch({ id: 'meta', metadata: { c: 1 } }, { metadataAction })
      refused(await bad({ op: 'sort' }), StatusCode.METADATA_INVALID_PATCH_ARGUMENTS)
      refused(await bad({ op: 'merge', mergeConflictResolution: 'fight' }), StatusCode.METADATA_INVALID_PATCH_ARGUMENTS)
      refused(await bad({ op: 'merge', path: 'a..b' }), StatusCode.METADATA_INVALID_PATCH_ARGUMENTS)
      refused(await bad({ op: 'delete', path: 'zzz.y' }), StatusCode.METADATA_MANIPULATION_ISSUE)
      assert.deepEqual((await get('meta')).app?.metadata, { a: [1, 5], tag: [], b: 2 })
    })

    test('another default workflow is copied in, or taken from the app; reindex is accepted', async () => {
      const { userAppId } = await makeApp(server, 'rebased')
      const rebase = (defaultWorkflow: object, reindex = false) =>
        patch({ id: 'rebased', defaultWorkflow } as AppInit, { reindex })
      const { apps } = succeeded(await rebase({ id: 'Text', userId: 'clarifai', appId: 'main' }, true))
      assert.deepEqual([apps[0]?.defaultWorkflowId, apps[0]?.defaultWorkflow?.appId], ['Text', 'rebased'])
      const ids = succeeded(await server.call('ListWorkflows', { userAppId })).workflows.map(({ id }) => id)
      assert.deepEqual(ids.toSorted(), ['Text', 'Universal'])
      assert.equal(succeeded(await server.call('GetWorkflow', { userAppId })).workflow?.id, 'Text')
      succeeded(await server.call('PostWorkflows', { userAppId, workflows: [{ id: 'own' }] }))
      assert.equal(succeeded(await rebase({ id: 'own' })).apps[0]?.defaultWorkflowId, 'own')
      assert.equal(
        succeeded(await rebase({ id: 'Universal', userId: 'admin', appId: 'rebased' })).apps[0]?.defaultWorkflowId,
        'Universal',
      )
      refused(await rebase({ id: 'missing' }), StatusCode.WORKFLOW_DOES_NOT_EXIST)
      assert.equal((await get('rebased')).app?.defaultWorkflowId, 'Universal')
    })

    test('details are notes, description and image of the one app in the path', async () => {
      const { userAppId } = await makeApp(server, 'detailed')
      await makeApp(server, 'detailed-other')
      const details = (apps: AppInit[]) => server.call('PatchAppsDetails', { userAppId, apps, action: 'overwrite' })
      const { apps } = succeeded(
        await details([
          { notes: 'n', description: 'd', name: 'ignored', metadata: { no: 1 }, defaultWorkflowId: 'Text' },
        ]),
      )
      assert.deepEqual(
        [apps[0]?.notes, apps[0]?.description, apps[0]?.name, apps[0]?.metadata, apps[0]?.defaultWorkflowId],
        ['n', 'd', 'detailed', undefined, 'Universal'],
      )
      refused(await details([{ id: 'detailed-other', notes: 'x' }]), CONN_INVALID_REQUEST, /detailed/)
    })

    test('strangers change nothing, not even in a public app, nor do keys without the scope', async () => {
      await makeApp(server, 'closed')
      const change = { userAppId: { userId: 'admin', appId: 'closed' }, app: { name: 'x' }, action: 'overwrite' }
      refused(await server.call('PatchApp', change, { key: stranger.pat }), CONN_DOES_NOT_EXIST)
      await makeApp(server, 'open-house', { owner: stranger, visibility: Visible.PUBLIC })
      refused(
        await server.call('PatchApp', { ...change, userAppId: { userId: 'stranger', appId: 'open-house' } }),
        CONN_INSUFFICIENT_SCOPES,
      )
      refused(
        await server.call('DeleteApp', { userAppId: { userId: 'stranger', appId: 'open-house' } }),
        CONN_INSUFFICIENT_SCOPES,
      )
      const key = await server.makeKey({ userPk: server.admin.pk, kind: 'pat', scopes: ['Apps_Get'] })
      refused(await server.call('PatchApp', change, { key }), CONN_INSUFFICIENT_SCOPES, /Apps_Add/)
    })
  })

  describe('PatchAppsIds', () => {
    const rename = (id: string, newId: string, extra: object = {}) =>
      server.call('PatchAppsIds', { userAppId: { userId: 'me' }, ids: [{ id, newId }], action: 'overwrite', ...extra })

    test('the app answers by its new id, with all it holds; the old one says where it went', async () => {
      const { userAppId } = await makeApp(server, 'before')
      succeeded(await server.call('PostConcepts', { userAppId, concepts: [{ id: 'c' }] }))
      const { apps } = succeeded(await rename('before', 'after'))
      assert.equal(apps[0]?.id, 'after')
      const concept = await server.call('GetConcept', { userAppId: { userId: 'me', appId: 'after' }, conceptId: 'c' })
      assert.equal(succeeded(concept).concept?.appId, 'after')
      const moved = refused(await get('before'), StatusCode.MOVED)
      assert.deepEqual(
        [
          moved.status?.redirectInfo?.resourceType,
          moved.status?.redirectInfo?.oldResourceId,
          moved.status?.redirectInfo?.newResourceId,
          moved.status?.redirectInfo?.url,
        ],
        ['app', 'before', 'after', '/v2/users/admin/apps/after'],
      )
      const patched = refused(await patch({ id: 'before', name: 'x' }), StatusCode.MOVED)
      assert.equal(patched.status?.redirectInfo?.newResourceId, 'after')
      refused(await rename('before', 'again'), StatusCode.MOVED)
      const asStranger = await get('before', { key: stranger.pat })
      refused(asStranger, CONN_DOES_NOT_EXIST)
    })

    test('several renames lead to the newest id, and a freed id can be used anew', async () => {
      await makeApp(server, 'r1')
      succeeded(await rename('r1', 'r2'))
      succeeded(await rename('r2', 'r3'))
      assert.equal(refused(await get('r1'), StatusCode.MOVED).status?.redirectInfo?.newResourceId, 'r3')
      await makeApp(server, 'r1')
      assert.equal(succeeded(await get('r1')).app?.id, 'r1')
      succeeded(await rename('r3', 'r2'))
      assert.equal(succeeded(await get('r2')).app?.id, 'r2')
    })

    test('one pair at a time, action overwrite, a free and valid new id', async () => {
      await makeApp(server, 'stay')
      await makeApp(server, 'occupied')
      const two = [
        { id: 'stay', newId: 'a' },
        { id: 'occupied', newId: 'b' },
      ]
      refused(await rename('stay', 'x', { ids: two }), CONN_INVALID_REQUEST)
      refused(await rename('stay', 'x', { ids: [] }), CONN_INVALID_REQUEST)
      refused(await rename('stay', 'x', { action: 'merge' }), CONN_INVALID_REQUEST)
      refused(await rename('stay', 'a b'), CONN_INVALID_REQUEST)
      refused(await rename('stay', ''), CONN_INVALID_REQUEST)
      refused(await rename('stay', 'occupied'), StatusCode.DATABASE_DUPLICATE_KEY, /already exists/)
      refused(await rename('absent-app', 'x'), CONN_DOES_NOT_EXIST)
      assert.equal(succeeded(await rename('stay', 'stay')).apps[0]?.id, 'stay')
    })
  })

  describe('DeleteApp', () => {
    test('takes everything in the app along, its keys and old ids too', async () => {
      const { userAppId } = await makeApp(server, 'doomed')
      succeeded(await server.call('PostConcepts', { userAppId, concepts: [{ id: 'c' }] }))
      succeeded(await server.call('PostModels', { userAppId, models: [{ id: 'm' }] }))
      succeeded(await server.call('PostWorkflows', { userAppId, workflows: [{ id: 'w' }] }))
      const key = await appKeyOf('doomed')
      succeeded(await server.call('ListWorkflows', {}, { key }))
      succeeded(
        await server.call('PatchAppsIds', {
          userAppId: { userId: 'me' },
          ids: [{ id: 'doomed', newId: 'gone' }],
          action: 'overwrite',
        }),
      )
      succeeded(await server.call('DeleteApp', { userAppId: { userId: 'me', appId: 'gone' } }))
      for (const id of ['gone', 'doomed']) refused(await get(id), CONN_DOES_NOT_EXIST)
      refused(await server.call('ListWorkflows', {}, { key }), StatusCode.CONN_KEY_NOT_FOUND)
      const { apps } = succeeded(await server.call('ListApps', { id: 'gone' }))
      assert.deepEqual(apps, [])
      await makeApp(server, 'gone')
      const again = { userAppId: { userId: 'me', appId: 'gone' } }
      assert.deepEqual(succeeded(await server.call('ListConcepts', again)).concepts, [])
      assert.deepEqual(succeeded(await server.call('ListModels', again)).models, [])
      assert.deepEqual(
        succeeded(await server.call('ListWorkflows', again)).workflows.map(({ id }) => id),
        ['Universal'],
      )
      refused(await server.call('DeleteApp', { userAppId: { userId: 'me', appId: 'never' } }), CONN_DOES_NOT_EXIST)
    })

    test('is over for callers at once; the rows go in the background, and a server that starts again goes on', async () => {
      const { pk, userAppId } = await makeApp(server, 'crowded')
      const { db, clock, jobs } = server.services
      await db.transact(async (tx) => {
        const now = clock.now()
        for (let at = 0; at < 600; at++) {
          const times = { created_at: now, modified_at: now }
          await concepts.insert(tx, { app_pk: pk, id: `c${at}`, name: `c${at}`, language: '', doc: '{}', ...times })
        }
      })
      succeeded(await server.call('DeleteApp', { userAppId }))
      refused(await get('crowded'), CONN_DOES_NOT_EXIST)
      refused(await server.call('ListConcepts', { userAppId }), CONN_DOES_NOT_EXIST)
      refused(
        await server.call('ListConcepts', { userAppId: { userId: '~deleted', appId: `gone:${pk}` } }),
        CONN_DOES_NOT_EXIST,
      )
      await jobs.idle()
      assert.equal(await concepts.count(db.read, { parent: pk }), 0)
      assert.equal(await apps.getByPk(db.read, pk), undefined)
      const [job] = await jobs.list({ kind: 'delete-app', limit: 1 })
      assert.equal(job?.status, 'succeeded')
      assert.ok((job?.done ?? 0) > 600)
    })

    test('takes the scope', async () => {
      const { userAppId } = await makeApp(server, 'safe')
      const key = await server.makeKey({ userPk: server.admin.pk, kind: 'pat', scopes: ['Apps_Get', 'Apps_Add'] })
      refused(await server.call('DeleteApp', { userAppId }, { key }), CONN_INSUFFICIENT_SCOPES, /Apps_Delete/)
    })
  })
})
