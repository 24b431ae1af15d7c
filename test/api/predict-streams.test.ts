import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import sharp from 'sharp'
import { platformPhoto } from '../../src/engines/test-weights.ts'
import { makeApp, succeeded, type TestApp } from '../kit/apps.ts'
import { startTestServer, type TestServer } from '../kit/server.ts'

const TRACKERS = ['centroid-tracker', 'byte-tracker', 'kalman-filter-hungarian-tracker', 'kalman-reid-tracker']

describe('streams of pictures through a real detector and trackers', () => {
  let server: TestServer
  let app: TestApp
  let photo: Buffer
  let mirrored: Buffer
  let blank: Buffer

  before(async () => {
    photo = await platformPhoto()
    mirrored = await sharp(photo).flop().jpeg().toBuffer()
    blank = await sharp({ create: { width: 320, height: 240, channels: 3, background: '#777' } })
      .jpeg()
      .toBuffer()
    server = await startTestServer({ models: true })
    app = await makeApp(server, 'streams')
    for (const id of TRACKERS) {
      const { userAppId } = app
      succeeded(await server.call('PostModels', { userAppId, models: [{ id, modelTypeId: id }] }))
      const low = { confidence_thresh: 0.2, new_track_confidence_thresh: 0.3 }
      const params = id === 'byte-tracker' ? low : { max_distance: 0.05 }
      succeeded(
        await server.call('PostModelVersions', {
          userAppId,
          modelId: id,
          modelVersions: [{ outputInfo: { params } }],
        }),
      )
    }
    const hidden = (id: string, model: string, ...from: string[]) => ({
      id,
      model: { id: model, userId: 'clarifai', appId: 'main' },
      nodeInputs: from.map((nodeId) => ({ nodeId })),
      suppressOutput: true,
    })
    const nodes = [
      hidden('find', 'general-image-detection'),
      hidden('crop', 'margin-100-image-crop', 'find'),
      hidden('embed', 'general-image-embedding', 'crop'),
      ...TRACKERS.map((id) => {
        const from = id === 'kalman-reid-tracker' ? 'embed' : 'find'
        return { id, model: { id }, nodeInputs: [{ nodeId: from }] }
      }),
    ]
    succeeded(await server.call('PostWorkflows', { userAppId: app.userAppId, workflows: [{ id: 'follow', nodes }] }))
  })
  after(() => server[Symbol.asyncDispose]())

  /** Track ids of the detections, by tracker and picture; and the state. */
  const follow = async (pictures: readonly Buffer[], state?: string) => {
    const answer = succeeded(
      await server.call('PostWorkflowResults', {
        userAppId: app.userAppId,
        workflowId: 'follow',
        inputs: pictures.map((base64) => ({ data: { image: { base64 } } })),
        ...(state === undefined ? {} : { workflowState: { id: state } }),
      }),
    )
    const ids = TRACKERS.map((_, at) =>
      answer.results.map(({ outputs }) => outputs[at]!.data?.regions.map(({ trackId }) => trackId) ?? []),
    )
    return { ids, state: answer.workflowState?.id }
  }

  test('tracks go on from picture to picture and from call to call, also over an empty one', async () => {
    const { ids: alone } = await follow([photo, photo])
    const first = await follow([photo, photo], 'init')
    const second = await follow([blank], first.state)
    const third = await follow([photo], second.state)
    for (const [at, name] of TRACKERS.entries()) {
      const [one, two] = first.ids[at]!
      const shown = one!.filter((id) => id !== '')
      assert.ok(shown.length >= 2, name)
      assert.equal(new Set(shown).size, shown.length, name)
      assert.deepEqual(two, one, name)
      assert.deepEqual(second.ids[at], [[]], name)
      assert.deepEqual(third.ids[at], [one], name)
      assert.deepEqual(alone[at], [one, one], name)
    }
  })

  test('what is somewhere else is another thing, with a number that was not given before', async () => {
    const first = await follow([photo], 'init')
    const second = await follow([mirrored], first.state)
    for (const [at, name] of TRACKERS.entries()) {
      if (name === 'byte-tracker') continue // Shows a new track only once it was seen twice.
      const numbers = (ids: readonly string[]) => ids.filter((id) => id !== '').map(Number)
      const before = numbers(first.ids[at]![0]!)
      const fresh = numbers(second.ids[at]![0]!).filter((id) => !before.includes(id))
      assert.ok(fresh.length > 0, name)
      assert.ok(Math.min(...fresh) > Math.max(...before), name)
    }
  })
})
