import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { StatusCode } from '../../src/contract/status-code.ts'
import { Visible } from '../../src/domain/access/target.ts'
import { moduleVersions } from '../../src/store/repos/families.ts'
import { setApproved } from '../../src/store/repos/modules.ts'
import { makeApp, refused, succeeded, type TestApp } from '../kit/apps.ts'
import { startOnEngine } from '../kit/on-engine.ts'
import type { TestServer, TestUser } from '../kit/server.ts'
import { onEachEngine } from '../store/kit.ts'

const open = { gettable: Visible.PUBLIC }

onEachEngine('modules', (engine) => {
  let server: TestServer
  let ann: TestUser
  let bob: TestUser
  let home: TestApp
  let elsewhere: TestApp

  before(async () => {
    server = await startOnEngine(engine)
    ann = await server.makeUser('ann', Visible.PUBLIC)
    bob = await server.makeUser('bob', Visible.PUBLIC)
    home = await makeApp(server, 'home', { owner: ann, visibility: Visible.PUBLIC })
    elsewhere = await makeApp(server, 'elsewhere', { owner: bob, visibility: Visible.PUBLIC })
  })
  after(() => server[Symbol.asyncDispose]())

  const as = (user: TestUser) => ({ key: user.pat })
  const post = (...modules: object[]) => server.call('PostModules', { userAppId: home.userAppId, modules }, as(ann))
  const get = (moduleId: string, user = ann) =>
    server.call('GetModule', { userAppId: home.userAppId, moduleId }, as(user))
  const postVersions = (moduleId: string, ...versions: object[]) =>
    server.call('PostModuleVersions', { userAppId: home.userAppId, moduleId, moduleVersions: versions }, as(ann))
  const patchVersions = (moduleId: string, version: object, action = 'merge') =>
    server.call(
      'PatchModuleVersions',
      { userAppId: home.userAppId, moduleId, moduleVersions: [version], action },
      as(ann),
    )
  const getVersion = (moduleId: string, moduleVersionId: string, user = ann) =>
    server.call('GetModuleVersion', { userAppId: home.userAppId, moduleId, moduleVersionId }, as(user))
  const named = (moduleId: string, id: string) => ({ ...home.userAppId, moduleId, id })
  const install = (app: TestApp, wish: object, user = app.owner) =>
    server.call('PostInstalledModuleVersions', { userAppId: app.userAppId, installedModuleVersions: [wish] }, as(user))
  const getInstall = (app: TestApp, installedModuleVersionId: string, user = app.owner) =>
    server.call('GetInstalledModuleVersion', { userAppId: app.userAppId, installedModuleVersionId }, as(user))
  const makeKey = (app: TestApp, installedModuleVersionId: string, user = app.owner) =>
    server.call('PostInstalledModuleVersionsKey', { userAppId: app.userAppId, installedModuleVersionId }, as(user))

  async function approve(moduleId: string, id: string): Promise<void> {
    await server.services.db.transact(async (tx) => {
      const module = await tx.selectFrom('modules').select('pk').where('id', '=', moduleId).executeTakeFirstOrThrow()
      const version = await moduleVersions.get(tx, module.pk, id)
      await setApproved(tx, version!.pk, true)
    })
  }

  /** A public module with an approved public version `1_0`. */
  async function published(id: string, version: object = {}): Promise<void> {
    succeeded(await post({ id, visibility: open }))
    succeeded(await postVersions(id, { id: '1_0', ...version }))
    await approve(id, '1_0')
    succeeded(await patchVersions(id, { id: '1_0', visibility: open }))
  }

  test('are made, found, patched and deleted with their versions', async () => {
    const wish = {
      id: 'viewer',
      description: 'shows things',
      metadata: { a: 1 },
      image: { url: 'https://x.org/i.png' },
    }
    const { modules } = succeeded(await post(wish))
    const [made] = modules
    assert.deepEqual([made!.userId, made!.appId, made!.visibility?.gettable], ['ann', 'home', Visible.PRIVATE])
    assert.deepEqual(succeeded(await get('viewer')).module, made)
    refused(await post({ id: 'other' }, { id: 'viewer' }), StatusCode.DATABASE_DUPLICATE_KEY, /already exists/)
    refused(await get('other'), StatusCode.MODULE_DOES_NOT_EXIST)
    refused(await post({}), StatusCode.MODULE_INVALID_ARGUMENT, /no id/)
    refused(await get('viewer', bob), StatusCode.MODULE_DOES_NOT_EXIST)

    const patch = (action: string, module: object) =>
      server.call('PatchModules', { userAppId: home.userAppId, modules: [module], action }, as(ann))
    const changed = succeeded(await patch('overwrite', { id: 'viewer', description: 'new', metadata: { b: 2 } }))
    assert.deepEqual([changed.modules[0]!.description, changed.modules[0]!.metadata], ['new', { b: 2 }])
    refused(await patch('merge', { id: 'viewer', description: 'x' }), StatusCode.MODULE_INVALID_ARGUMENT)
    const bare = succeeded(await patch('remove', { id: 'viewer', image: { url: 'https://x.org/i.png' } }))
    assert.equal(bare.modules[0]!.image, undefined)

    succeeded(await postVersions('viewer', { id: '1_0' }, { id: '1_1' }))
    assert.equal(succeeded(await get('viewer')).module?.moduleVersion?.id, '1_1')
    succeeded(await server.call('DeleteModules', { userAppId: home.userAppId, ids: ['viewer'] }, as(ann)))
    refused(await getVersion('viewer', '1_0'), StatusCode.MODULE_DOES_NOT_EXIST)
    const left = await server.services.db.read.selectFrom('module_versions').select('pk').execute()
    assert.deepEqual(left, [])
  })

  test('versions: a request never approves one, and only an approved one can be published', async () => {
    succeeded(await post({ id: 'reviewed', visibility: open }))
    const nav = { title: 'Reviewed', moduleSubNavs: [{ title: 'a', queryKey: 'page', queryValue: 'a' }] }
    const wish = { id: '1_0', approved: true, moduleNav: nav, gitCommitUrl: 'https://github.com/a/b/commit/1' }
    const [made] = succeeded(await postVersions('reviewed', wish)).moduleVersions
    assert.deepEqual([made!.approved, made!.moduleId, made!.appId, made!.userId], [false, 'reviewed', 'home', 'ann'])
    refused(await postVersions('reviewed', { id: '1_0' }), StatusCode.DATABASE_DUPLICATE_KEY)
    refused(
      await postVersions('reviewed', { id: '2', visibility: open }),
      StatusCode.MODULE_INVALID_ARGUMENT,
      /approve/,
    )
    refused(
      await postVersions('reviewed', { id: '2', gitCommitUrl: 'file:///etc' }),
      StatusCode.MODULE_INVALID_ARGUMENT,
      /http/,
    )
    const publish = () => patchVersions('reviewed', { id: '1_0', approved: true, visibility: open })
    refused(await publish(), StatusCode.MODULE_INVALID_ARGUMENT, /not approved/)
    refused(await getVersion('reviewed', '1_0', bob), StatusCode.CONN_DOES_NOT_EXIST)
    await approve('reviewed', '1_0')
    succeeded(await publish())
    assert.equal(succeeded(await getVersion('reviewed', '1_0', bob)).moduleVersion?.approved, true)

    const added = {
      id: '1_0',
      notes: 'n',
      moduleNav: { moduleSubNavs: [{ title: 'b' }] },
      gitCommitUrl: 'https://y.org',
    }
    const [merged] = succeeded(await patchVersions('reviewed', added)).moduleVersions
    assert.deepEqual(
      [merged!.moduleNav?.title, merged!.moduleNav?.moduleSubNavs.length, merged!.notes, merged!.gitCommitUrl],
      ['Reviewed', 2, 'n', wish.gitCommitUrl],
    )
    refused(await patchVersions('reviewed', { id: '1_0' }, 'overwrite'), StatusCode.MODULE_INVALID_ARGUMENT)
    succeeded(await postVersions('reviewed', { id: '1_1' }))
    const list = async (user: TestUser) =>
      succeeded(
        await server.call('ListModuleVersions', { userAppId: home.userAppId, moduleId: 'reviewed' }, as(user)),
      ).moduleVersions.map(({ id }) => id)
    assert.deepEqual([await list(ann), await list(bob)], [['1_1', '1_0'], ['1_0']])
    // To a stranger the newest version is the newest public one.
    assert.equal(succeeded(await get('reviewed', bob)).module?.moduleVersion?.id, '1_0')
  })

  test('lists: of an app, of a user, of everybody; by words, and in order', async () => {
    succeeded(await post({ id: 'list-b', description: 'paints boxes', visibility: open }, { id: 'list-a' }))
    const list = async (request: object, user = ann) =>
      succeeded(await server.call('ListModules', request, as(user))).modules.map(({ id }) => id)
    const byId = { sortBy: { case: 'sortById', value: true }, sortAscending: true, name: 'list-*' }
    assert.deepEqual(await list({ userAppId: home.userAppId, ...byId }), ['list-a', 'list-b'])
    assert.deepEqual(await list({ userAppId: home.userAppId, ...byId }, bob), ['list-b'])
    assert.deepEqual(await list({ userAppId: { userId: 'ann' }, ...byId }), ['list-a', 'list-b'])
    assert.deepEqual(await list({ userAppId: { userId: 'ann' }, ...byId }, bob), ['list-b'])
    assert.deepEqual(await list({ ...byId }, bob), ['list-b'])
    assert.deepEqual(await list({ search: 'painted box' }, bob), ['list-b'])
    assert.deepEqual(await list({ userAppId: home.userAppId, visibility: { gettable: 10 }, name: 'list-*' }), [
      'list-a',
    ])
    assert.deepEqual(await list({ userAppId: home.userAppId, starredOnly: true }), [])
    const counts = succeeded(await server.call('GetResourceCounts', { userAppId: home.userAppId }, as(bob)))
    const seen = await list({ userAppId: home.userAppId }, bob)
    assert.equal(Number(counts.modules), seen.length)
  })

  test('installs name a version that the caller sees; only the creator names where it is deployed', async () => {
    await published('shared')
    succeeded(await postVersions('shared', { id: 'draft' }))
    const wish = { id: 'here', moduleVersion: named('shared', '1_0') }
    const deployed = { ...wish, deployUrl: 'http://localhost:8501' }
    refused(await install(elsewhere, deployed), StatusCode.MODULE_INVALID_ARGUMENT, /creator/)
    refused(await install(elsewhere, { id: 'x' }), StatusCode.MODULE_INVALID_ARGUMENT, /all four/)
    refused(
      await install(elsewhere, { id: 'x', moduleVersion: named('nothing', '1_0') }),
      StatusCode.MODULE_DOES_NOT_EXIST,
    )
    refused(
      await install(elsewhere, { id: 'x', moduleVersion: named('shared', 'draft') }),
      StatusCode.CONN_DOES_NOT_EXIST,
    )
    const { installedModuleVersions } = succeeded(await install(elsewhere, wish))
    const [made] = installedModuleVersions
    assert.deepEqual(
      [made!.appId, made!.userId, made!.moduleVersion?.moduleId, made!.moduleVersion?.userId, made!.keyId],
      ['elsewhere', 'bob', 'shared', 'ann', ''],
    )
    refused(await install(elsewhere, wish), StatusCode.DATABASE_DUPLICATE_KEY)
    assert.equal(
      succeeded(await install(home, deployed)).installedModuleVersions[0]!.deployUrl,
      'http://localhost:8501',
    )
    refused(await getInstall(elsewhere, 'here', ann), StatusCode.CONN_DOES_NOT_EXIST)
    const usage = async () =>
      succeeded(
        await server.call(
          'GetModuleVersionUsageCount',
          { userAppId: home.userAppId, moduleId: 'shared', moduleVersionId: '1_0' },
          as(ann),
        ),
      ).usageCount
    assert.equal(await usage(), 2)
    const listed = await server.call('ListInstalledModuleVersions', { userAppId: elsewhere.userAppId }, as(bob))
    assert.deepEqual(
      succeeded(listed).installedModuleVersions.map(({ id }) => id),
      ['here'],
    )
    const remove = { userAppId: elsewhere.userAppId, ids: ['here'] }
    succeeded(await server.call('DeleteInstalledModuleVersions', remove, as(bob)))
    refused(await server.call('DeleteInstalledModuleVersions', remove, as(bob)), StatusCode.CONN_DOES_NOT_EXIST)
    assert.equal(await usage(), 1)
  })

  test('a key of an install belongs to who asked, has what the module asks for and is replaced by the next', async () => {
    await published('keyed', { metadata: { scopes: ['Predict', 'Models_Get', 'Apps_Get', 'Concepts_Get'] } })
    succeeded(await install(elsewhere, { id: 'keyed', moduleVersion: named('keyed', '1_0'), visibility: open }))
    const first = succeeded(await makeKey(elsewhere, 'keyed')).key!
    assert.deepEqual([...first.scopes].sort(), ['Apps_Get', 'Concepts_Get', 'Models_Get', 'Predict'])
    assert.equal(first.type, 'personal_access_token')
    const works = async (key: string) =>
      (await server.call('ListModels', { userAppId: elsewhere.userAppId }, { key })).status?.code
    assert.equal(await works(first.id), StatusCode.SUCCESS)
    const shown = succeeded(await getInstall(elsewhere, 'keyed')).installedModuleVersion!
    assert.notEqual(shown.keyId, '')
    // A stranger sees the public install, makes a key of his own and never sees the owner's.
    assert.equal(succeeded(await getInstall(elsewhere, 'keyed', ann)).installedModuleVersion?.keyId, '')
    const strangers = succeeded(await makeKey(elsewhere, 'keyed', ann)).key!
    const whose = await server.call('MyScopesUser', { userAppId: { userId: 'me' } }, { key: strangers.id })
    assert.deepEqual([...succeeded(whose).scopes].length, 4)
    const second = succeeded(await makeKey(elsewhere, 'keyed')).key!
    assert.equal(await works(first.id), StatusCode.CONN_KEY_NOT_FOUND)
    assert.equal(await works(second.id), StatusCode.SUCCESS)
    assert.equal(await works(strangers.id), StatusCode.SUCCESS)
    // Nobody gives more than his own key has.
    const narrow = await server.makeKey({
      userPk: bob.pk,
      kind: 'pat',
      scopes: [
        'InstalledModuleVersions_Add',
        'InstalledModuleVersions_Get',
        'Modules_Get',
        'Apps_Get',
        'Keys_Add',
        'Keys_Get',
      ],
    })
    const request = { userAppId: elsewhere.userAppId, installedModuleVersionId: 'keyed' }
    refused(
      await server.call('PostInstalledModuleVersionsKey', request, { key: narrow }),
      StatusCode.CONN_INSUFFICIENT_SCOPES,
    )
    assert.equal(await works(second.id), StatusCode.SUCCESS)
    // With the version all installs and their keys go.
    const remove = { userAppId: home.userAppId, moduleId: 'keyed', ids: ['1_0'] }
    succeeded(await server.call('DeleteModuleVersions', remove, as(ann)))
    refused(await getInstall(elsewhere, 'keyed'), StatusCode.CONN_DOES_NOT_EXIST)
    for (const key of [second, strangers]) assert.equal(await works(key.id), StatusCode.CONN_KEY_NOT_FOUND)
  })

  test('a module that asks for nothing in particular gets a key that only reads; a deleted app takes all along', async () => {
    refused(
      await postVersions('list-a', { id: 'x', metadata: { scopes: ['Nothing'] } }),
      StatusCode.CONN_INVALID_REQUEST,
      /no scope/,
    )
    refused(await postVersions('list-a', { id: 'x', metadata: { scopes: 'All' } }), StatusCode.MODULE_INVALID_ARGUMENT)
    await published('plain')
    const doomed = await makeApp(server, 'doomed', { owner: bob })
    succeeded(await install(doomed, { id: 'one', moduleVersion: named('plain', '1_0') }))
    succeeded(await install(elsewhere, { id: 'two', moduleVersion: named('plain', '1_0') }))
    const here = succeeded(await makeKey(doomed, 'one')).key!
    const there = succeeded(await makeKey(elsewhere, 'two')).key!
    assert.ok(here.scopes.includes('Predict') && here.scopes.includes('Models_Get'))
    assert.deepEqual(
      here.scopes.filter((scope) => /_(Add|Delete|Patch)$|^All$/.test(scope)),
      [],
    )
    const status = async (key: string) =>
      (await server.call('ListModels', { userAppId: elsewhere.userAppId }, { key })).status?.code
    assert.deepEqual([await status(here.id), await status(there.id)], [StatusCode.SUCCESS, StatusCode.SUCCESS])
    succeeded(await server.call('DeleteApp', { userAppId: doomed.userAppId }, as(bob)))
    assert.deepEqual(
      [await status(here.id), await status(there.id)],
      [StatusCode.CONN_KEY_NOT_FOUND, StatusCode.SUCCESS],
    )
    succeeded(await server.call('DeleteApp', { userAppId: home.userAppId }, as(ann)))
    assert.equal(await status(there.id), StatusCode.CONN_KEY_NOT_FOUND)
  })
})
