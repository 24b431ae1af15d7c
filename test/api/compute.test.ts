import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { StatusCode } from '../../src/contract/status-code.ts'
import { Visible } from '../../src/domain/access/target.ts'
import { makeApp, refused, succeeded, type TestApp } from '../kit/apps.ts'
import { startOnEngine } from '../kit/on-engine.ts'
import type { TestServer, TestUser } from '../kit/server.ts'
import { onEachEngine } from '../store/kit.ts'

const idsOf = (items: readonly { readonly id: string }[]) => items.map(({ id }) => id)

onEachEngine('compute', (engine) => {
  let server: TestServer
  let ann: TestUser
  let bob: TestUser
  let app: TestApp
  let versionId: string
  const mine = { userId: 'ann' }

  before(async () => {
    server = await startOnEngine(engine)
    ann = await server.makeUser('ann', Visible.PUBLIC)
    bob = await server.makeUser('bob', Visible.PUBLIC)
    app = await makeApp(server, 'home', { owner: ann })
    const models = [{ id: 'echo', modelTypeId: 'any-to-any' }]
    succeeded(await server.call('PostModels', { userAppId: app.userAppId, models }, as(ann)))
    const made = await server.call(
      'PostModelVersions',
      { userAppId: app.userAppId, modelId: 'echo', modelVersions: [{ description: 'first' }] },
      as(ann),
    )
    versionId = succeeded(made).model!.modelVersion!.id
  })
  after(() => server[Symbol.asyncDispose]())

  const as = (user: TestUser) => ({ key: user.pat })
  const postClusters = (...computeClusters: object[]) =>
    server.call('PostComputeClusters', { userAppId: mine, computeClusters }, as(ann))
  const postPools = (computeClusterId: string, ...nodepools: object[]) =>
    server.call('PostNodepools', { userAppId: mine, computeClusterId, nodepools }, as(ann))
  const place = async (cluster: string, ...pools: string[]) => {
    succeeded(await postClusters({ id: cluster, cloudProvider: { id: 'local' }, clusterType: 'local-dev' }))
    if (pools.length > 0) succeeded(await postPools(cluster, ...pools.map((id) => ({ id }))))
  }
  const worker = (version = versionId) => ({
    worker: {
      case: 'model' as const,
      value: { id: 'echo', userId: 'ann', appId: 'home', ...(version && { modelVersion: { id: version } }) },
    },
  })
  const inPool = (cluster: string, id: string) => ({ id, computeCluster: { id: cluster, userId: 'ann' } })

  test('clusters are the user’s own, never show their key, and are seen by others where they are public', async () => {
    const { computeClusters } = succeeded(
      await postClusters({ id: 'rack', region: 'na', managedBy: 'user', key: { id: ann.pat } }, { id: 'open' }),
    )
    assert.deepEqual([computeClusters[0]!.userId, computeClusters[0]!.key?.id], ['ann', ''])
    const { doc } = await server.services.db.read
      .selectFrom('compute_clusters')
      .select('doc')
      .where('id', '=', 'rack')
      .executeTakeFirstOrThrow()
    assert.ok(!doc.includes(ann.pat))
    refused(await postClusters({ id: 'rack' }), StatusCode.DATABASE_DUPLICATE_KEY)
    refused(await postClusters({ id: 'x', key: { id: bob.pat } }), StatusCode.CONN_DOES_NOT_EXIST)
    refused(await postClusters({ id: 'a b' }), StatusCode.COMPUTE_CLUSTER_INVALID_ARGUMENT)
    const patch = (action: string) =>
      server.call(
        'PatchComputeClusters',
        { userAppId: mine, computeClusters: [{ id: 'open', visibility: { gettable: Visible.PUBLIC } }], action },
        as(ann),
      )
    refused(await patch('merge'), StatusCode.COMPUTE_CLUSTER_INVALID_ARGUMENT)
    succeeded(await patch('overwrite'))
    const list = async (user: TestUser, request: object = { userAppId: mine }) =>
      idsOf(succeeded(await server.call('ListComputeClusters', request, as(user))).computeClusters)
    assert.deepEqual(
      [await list(ann), await list(bob), await list(ann, {})],
      [['open', 'rack'], ['open'], ['open', 'rack']],
    )
    const get = (id: string) => server.call('GetComputeCluster', { userAppId: mine, computeClusterId: id }, as(bob))
    succeeded(await get('open'))
    refused(await get('rack'), StatusCode.COMPUTE_CLUSTER_DOES_NOT_EXIST)
    const steal = { userAppId: mine, ids: ['open'] }
    refused(await server.call('DeleteComputeClusters', steal, as(bob)), StatusCode.CONN_INSUFFICIENT_SCOPES)
  })

  test('nodepools are in a cluster, are listed by cluster and by user, and check their numbers', async () => {
    await place('pools', 'one', 'two')
    refused(await postPools('nothing', { id: 'x' }), StatusCode.COMPUTE_CLUSTER_DOES_NOT_EXIST)
    refused(
      await postPools('pools', { id: 'x', minInstances: 3, maxInstances: 2 }),
      StatusCode.NODEPOOL_INVALID_ARGUMENT,
      /more than/,
    )
    const get = { userAppId: mine, computeClusterId: 'pools', nodepoolId: 'one' }
    const { nodepool } = succeeded(await server.call('GetNodepool', get, as(ann)))
    assert.deepEqual([nodepool?.computeCluster?.id, nodepool?.computeCluster?.userId], ['pools', 'ann'])
    const missing = { ...get, nodepoolId: 'three' }
    refused(await server.call('GetNodepool', missing, as(ann)), StatusCode.NODEPOOL_DOES_NOT_EXIST)
    const list = async (request: object) =>
      idsOf(succeeded(await server.call('ListNodepools', request, as(ann))).nodepools)
    assert.deepEqual(await list({ userAppId: mine, computeClusterId: 'pools' }), ['two', 'one'])
    assert.deepEqual(await list({ userAppId: mine, perPage: 1 }), ['two'])
    assert.deepEqual(await list({ userAppId: mine, computeClusterId: 'pools', activeUsage: true }), [])
    const patch = { userAppId: mine, computeClusterId: 'pools', nodepools: [{ id: 'one', maxInstances: 4 }] }
    const patched = await server.call('PatchNodepools', { ...patch, action: 'merge' }, as(ann))
    assert.equal(succeeded(patched).nodepools[0]!.enforcedMaxInstances, 4)
  })

  test('runners get an id, name what they work for, and are found in their nodepool alone', async () => {
    await place('run', 'here', 'there')
    const where = { userAppId: mine, computeClusterId: 'run', nodepoolId: 'here' }
    const post = (runner: object, more = {}) =>
      server.call('PostRunners', { ...where, ...more, runners: [runner] }, as(ann))
    const [made] = succeeded(await post({ description: 'mine', worker: worker(), numReplicas: 1 })).runners
    assert.match(made!.id, /^[0-9a-f]{32}$/)
    assert.deepEqual(
      [made!.nodepool?.id, made!.nodepool?.computeCluster?.id, made!.userId, made!.worker?.worker.case],
      ['here', 'run', 'ann', 'model'],
    )
    refused(
      await post({ worker: { worker: { case: 'model', value: { id: 'nothing', appId: 'home' } } } }),
      StatusCode.MODEL_DOES_NOT_EXIST,
    )
    refused(
      await post({ worker: { worker: { case: 'workflow', value: { id: 'w' } } } }),
      StatusCode.RUNNER_INVALID_ARGUMENT,
    )
    const get = (more = {}) => server.call('GetRunner', { ...where, runnerId: made!.id, ...more }, as(ann))
    assert.deepEqual(succeeded(await get()).runner, made)
    succeeded(await get({ nodepoolId: '', computeClusterId: '' }))
    refused(await get({ nodepoolId: 'there' }), StatusCode.RUNNER_DOES_NOT_EXIST)
    // Older clients know no nodepools, and their runners have ids of their own choice.
    const old = await server.call('PostRunners', { userAppId: mine, runners: [{ id: 'old', labels: ['a'] }] }, as(ann))
    assert.equal(succeeded(old).runners[0]!.nodepool, undefined)
    const list = async (request: object) =>
      idsOf(succeeded(await server.call('ListRunners', { userAppId: mine, ...request }, as(ann))).runners)
    assert.deepEqual(await list({}), ['old', made!.id])
    assert.deepEqual(await list(where), [made!.id])
    assert.deepEqual(await list({ minReplicas: 1 }), [made!.id])
    assert.deepEqual(await list({ modelVersionIds: [versionId] }), [made!.id])
    assert.deepEqual(await list({ modelVersionIds: ['0'.repeat(32)] }), [])
    const patch = { ...where, runners: [{ id: made!.id, numReplicas: 2 }], action: 'merge' }
    assert.equal(succeeded(await server.call('PatchRunners', patch, as(ann))).runners[0]!.numReplicas, 2)
    const remove = (ids: string[]) => server.call('DeleteRunners', { ...where, ids }, as(ann))
    refused(await remove(['old']), StatusCode.RUNNER_DOES_NOT_EXIST)
    succeeded(await remove([made!.id]))
    assert.deepEqual(await list({}), ['old'])
    refused(
      await server.call('GetRunner', { userAppId: mine, runnerId: 'old' }, as(bob)),
      StatusCode.CONN_INSUFFICIENT_SCOPES,
    )
  })

  test('deployments name nodepools and a model; they go with their last nodepool', async () => {
    await place('deploy', 'a', 'b')
    const post = (deployment: object) =>
      server.call('PostDeployments', { userAppId: mine, deployments: [deployment] }, as(ann))
    const pools = [inPool('deploy', 'a'), inPool('deploy', 'b')]
    const [made] = succeeded(await post({ id: 'both', worker: worker(), nodepools: pools })).deployments
    assert.deepEqual([made!.userId, idsOf(made!.nodepools)], ['ann', ['a', 'b']])
    refused(await post({ id: 'x', nodepools: pools }), StatusCode.DEPLOYMENT_INVALID_ARGUMENT, /worker/)
    refused(await post({ id: 'x', worker: worker() }), StatusCode.DEPLOYMENT_INVALID_ARGUMENT, /nodepools/)
    refused(
      await post({ id: 'x', worker: worker(), nodepools: [inPool('deploy', 'c')] }),
      StatusCode.NODEPOOL_DOES_NOT_EXIST,
    )
    succeeded(await post({ id: 'single', worker: worker(''), nodepools: [inPool('deploy', 'b')] }))
    const list = async (request: object) =>
      idsOf(succeeded(await server.call('ListDeployments', { userAppId: mine, ...request }, as(ann))).deployments)
    assert.deepEqual(await list({}), ['single', 'both'])
    assert.deepEqual(await list({ nodepoolId: 'a', computeClusterId: 'deploy' }), ['both'])
    assert.deepEqual(await list({ modelVersionIds: [versionId] }), ['both'])
    const patch = { id: 'both', description: 'now', nodepools: [inPool('deploy', 'b')] }
    const patched = await server.call(
      'PatchDeployments',
      { userAppId: mine, deployments: [patch], action: 'overwrite' },
      as(ann),
    )
    assert.deepEqual(idsOf(succeeded(patched).deployments[0]!.nodepools), ['b'])
    const remove = { userAppId: mine, computeClusterId: 'deploy' }
    succeeded(await server.call('DeleteNodepools', { ...remove, ids: ['a'] }, as(ann)))
    assert.deepEqual(await list({}), ['single', 'both'])
    succeeded(await server.call('DeleteComputeClusters', { userAppId: mine, ids: ['deploy'] }, as(ann)))
    assert.deepEqual(await list({}), [])
  })

  test('what there is of clouds is the machine itself', async () => {
    const { cloudProviders } = succeeded(await server.call('ListCloudProviders', {}, as(ann)))
    assert.deepEqual(idsOf(cloudProviders), ['local'])
    const regions = async (id: string) =>
      succeeded(await server.call('ListCloudRegions', { cloudProvider: { id } }, as(ann))).regions
    assert.deepEqual([await regions('local'), await regions('aws')], [['na'], []])
    const request = { cloudProvider: { id: 'local' }, region: 'na' }
    const { instanceTypes } = succeeded(await server.call('ListInstanceTypes', request, as(ann)))
    assert.match(instanceTypes[0]!.computeInfo!.cpuMemory, /^\d+Mi$/)
    assert.equal(
      succeeded(await server.call('ListInstanceTypes', { ...request, region: 'eu' }, as(ann))).instanceTypes.length,
      0,
    )
  })
})
