import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonObject } from '@bufbuild/protobuf'
import { seeded } from '../../workflow/test-graphs.ts'
import type { Engine, EngineMemory } from '../engine.ts'
import { byteTracker } from './byte-tracker.ts'
import { centroidTracker } from './centroid-tracker.ts'
import { kalmanFilterHungarianTracker } from './kalman-filter-hungarian-tracker.ts'
import { kalmanReidTracker } from './kalman-reid-tracker.ts'
import { TRACKER_MEMORY_CHARS } from './limits.ts'
import { scope } from './test-support.ts'
import { type Seen, track, video } from './tracking/test-scenes.ts'
import { VECTOR_MEMORIES } from './tracking/vector-memory.ts'

const all = [centroidTracker, byteTracker, kalmanFilterHungarianTracker, kalmanReidTracker]

type Scene = readonly (readonly Seen[])[]

/** Boxes with their ids, of frames that come a few at a time. */
async function stream(
  engine: Engine,
  parts: readonly Scene[],
  params: JsonObject = {},
  memory: EngineMemory = { text: undefined },
) {
  const loaded = await engine.load({})
  const seen: string[][] = []
  for (const part of parts) {
    const [answer] = await loaded.infer([{ data: video(part), scope: scope(), memory }], { params, concepts: [] })
    seen.push(...answer!.frames.map(({ data }) => data!.regions.map(({ trackId }) => trackId)))
  }
  return seen
}

/** Things that wander about from the first frame on, now and then hidden, each with a vector of its own. */
function wanderers(seed: number, count: number, frames: number): Scene {
  const random = seeded(seed)
  const things = Array.from({ length: count }, (_, at) => ({
    x: 0.1 + (0.8 * at) / count,
    y: random(),
    vector: [1, 0, 0, 0].map((_, place) => (place === at % 4 ? 1 : 0.125)),
  }))
  return Array.from({ length: frames }, (_, frame) => {
    for (const thing of things) {
      thing.x = Math.min(0.95, Math.max(0.05, thing.x + (random() - 0.5) * 0.02))
      thing.y = Math.min(0.95, Math.max(0.05, thing.y + (random() - 0.5) * 0.02))
    }
    return things.filter(() => frame === 0 || random() > 0.2).map((thing) => ({ ...thing }))
  })
}

const cut = (scene: Scene, size: number): Scene[] =>
  Array.from({ length: Math.ceil(scene.length / size) }, (_, at) => scene.slice(at * size, (at + 1) * size))

for (const engine of all) {
  test(`${engine.name}: frames that come call by call have the tracks of the whole video`, async () => {
    for (const seed of [1, 2, 3]) {
      const scene = wanderers(seed, 5, 24)
      const whole = await track(engine, scene)
      for (const size of [1, 5]) assert.deepEqual(await stream(engine, cut(scene, size)), whole)
    }
  })

  test(`${engine.name}: a memory of another tracker counts for nothing`, async () => {
    const other = engine === byteTracker ? centroidTracker : byteTracker
    const memory: EngineMemory = { text: undefined }
    await stream(other, [[[{ x: 0.2, y: 0.2 }]], [[{ x: 0.9, y: 0.9 }]]], {}, memory)
    assert.deepEqual(await stream(engine, [[[{ x: 0.5, y: 0.5 }]]], {}, memory), [['0']])
  })

  test(`${engine.name}: the memory is bounded; what does not fit begins anew`, async () => {
    const vector = Array.from({ length: 2_048 }, (_, at) => (at % 7) / 8)
    const crowd: Seen[] = Array.from({ length: 280 }, (_, at) => ({
      x: (at % 20) / 20 + 0.02,
      y: Math.floor(at / 20) / 15 + 0.02,
      size: 0.02,
      vector,
    }))
    const memory: EngineMemory = { text: undefined }
    const [first] = await stream(engine, [[crowd]], {}, memory)
    assert.equal(new Set(first).size, 280)
    assert.ok(memory.text!.length <= TRACKER_MEMORY_CHARS)
    const [second] = await stream(engine, [[crowd]], {}, memory)
    const kept = second!.filter((id) => first!.includes(id))
    assert.ok(kept.length >= 8, `${kept.length} tracks were kept`)
  })

  test(`${engine.name}: min_visible_frames counts over the calls`, async () => {
    const still: Scene = Array.from({ length: 4 }, () => [{ x: 0.5, y: 0.5 }])
    const ids = await stream(engine, cut(still, 1), { min_visible_frames: 2 })
    assert.deepEqual(ids, [[''], [''], ['0'], ['0']])
  })
}

test('kalman-reid-tracker: a thing that was given up in one call is known again in a later one', async () => {
  const walker = { x: 0.5, y: 0.5, vector: [1, 0.5, 0.25] }
  const elsewhere = { x: 0.1, y: 0.9, vector: [1, 0.5, 0.25] }
  const parts: Scene[] = [[[walker]], [[], []], [[elsewhere]]]
  for (const kind of Object.keys(VECTOR_MEMORIES)) {
    const params = { max_disappeared: 1, max_distance: 0.1, var_tracker: kind }
    assert.deepEqual(await stream(kalmanReidTracker, parts, params), [['0'], [], [], ['0']], kind)
    const longer = [parts[0]!, [[], [], []], parts[2]!]
    assert.deepEqual(
      await stream(kalmanReidTracker, longer, { ...params, max_dead: 1 }),
      [['0'], [], [], [], ['1']],
      kind,
    )
  }
})

test('kalman-reid-tracker: means of vectors go on over the calls', async () => {
  for (const kind of ['ma', 'ema', 'med', 'manorm', 'emanorm', 'mednorm']) {
    const scene: Scene = Array.from({ length: 10 }, (_, frame) => [
      { x: 0.3, y: 0.5, vector: [1, frame / 8, 0] },
      { x: 0.7, y: 0.5, vector: [frame / 8, 1, 0.5] },
    ])
    const params = { var_tracker: kind, distance_metric: 'visual_distance' }
    assert.deepEqual(
      await stream(kalmanReidTracker, cut(scene, 1), params),
      await track(kalmanReidTracker, scene, params),
    )
  }
})
