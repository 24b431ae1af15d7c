import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, type JsonObject } from '@bufbuild/protobuf'
import { DataSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { seeded } from '../../workflow/test-graphs.ts'
import { byteTracker } from './byte-tracker.ts'
import { centroidTracker } from './centroid-tracker.ts'
import { kalmanFilterHungarianTracker } from './kalman-filter-hungarian-tracker.ts'
import { kalmanReidTracker } from './kalman-reid-tracker.ts'
import { MAX_LIVE_TRACKS, MAX_TRACKED_DETECTIONS } from './limits.ts'
import { apply, region, scope } from './test-support.ts'
import { type Seen, track, video } from './tracking/test-scenes.ts'
import { liveTracks } from './tracking/tracker.ts'

const all = [centroidTracker, byteTracker, kalmanFilterHungarianTracker, kalmanReidTracker]
const kalman = [kalmanFilterHungarianTracker, kalmanReidTracker]

/** Two that cross each other's height, in changing order: one goes right, one goes left below it. */
const walkers = (frame: number): Seen[] => {
  const one = { x: 0.2 + frame * 0.03, y: 0.3 }
  const other = { x: 0.8 - frame * 0.03, y: 0.6 }
  return frame % 2 === 0 ? [one, other] : [other, one]
}
const frames = (count: number, at: (frame: number) => Seen[]) => Array.from({ length: count }, (_, n) => at(n))

for (const engine of all) {
  test(`${engine.name}: two things keep their ids, whatever the order of the regions`, async () => {
    const ids = await track(engine, frames(12, walkers))
    assert.deepEqual(ids.slice(0, 3), [
      ['0', '1'],
      ['1', '0'],
      ['0', '1'],
    ])
    assert.deepEqual(ids[11], ['1', '0'])
  })

  test(`${engine.name}: the id survives a gap up to max_disappeared frames, not a longer one`, async () => {
    const still = [{ x: 0.5, y: 0.5 }]
    const gap = (missing: number) => [still, still, ...frames(missing, () => []), still, still]
    const ids = await track(engine, gap(3), { max_disappeared: 3 })
    assert.deepEqual(ids, [['0'], ['0'], [], [], [], ['0'], ['0']])
    assert.equal((await track(engine, gap(4), { max_disappeared: 3 })).at(-1)![0], '1')
  })

  test(`${engine.name}: things of another label are other things`, async () => {
    const ids = await track(engine, [
      [{ x: 0.5, y: 0.5, label: 'car' }],
      [{ x: 0.5, y: 0.5, label: 'person' }],
      [{ x: 0.5, y: 0.5, label: 'person' }],
    ])
    assert.deepEqual(ids, [['0'], ['1'], ['1']])
  })

  test(`${engine.name}: a single picture counts as the first frame`, async () => {
    assert.deepEqual(await track(engine, [walkers(0)]), [['0', '1']])
    assert.deepEqual(await track(engine, []), [])
    assert.deepEqual(await track(engine, [[], []]), [[], []])
  })

  test(`${engine.name}: unsure regions and short tracks have no id, but stay`, async () => {
    const lasting = { x: 0.2, y: 0.2 }
    const weak = { x: 0.8, y: 0.8, value: 0.3 }
    const brief = { x: 0.5, y: 0.5 }
    const scene = [[lasting, weak, brief], [lasting, weak, brief], [lasting, weak], [lasting]]
    const ids = await track(engine, scene, { min_confidence: 0.5, min_visible_frames: 2, track_id_prefix: 'cam1-' })
    assert.deepEqual(ids, [['cam1-0', '', ''], ['cam1-0', '', ''], ['cam1-0', ''], ['cam1-0']])
  })

  test(`${engine.name}: regions are passed on with all they hold, what came in is not changed`, async () => {
    const data = video([[{ id: 'r', x: 0.5, y: 0.5, value: 0.75 }]])
    const answer = await apply(engine, data)
    const [frame] = answer.frames
    assert.equal(frame!.frameInfo!.time, 500)
    const [kept] = frame!.data!.regions
    assert.deepEqual([kept!.id, kept!.value, kept!.trackId], ['r', 0.75, '0'])
    assert.equal(kept!.data!.concepts[0]!.id, 'person')
    assert.equal(kept!.regionInfo, data.frames[0]!.data!.regions[0]!.regionInfo)
    assert.equal(data.frames[0]!.data!.regions[0]!.trackId, '')
  })

  test(`${engine.name}: regions without a usable box are left alone`, async () => {
    const regions = [
      region('nan', [Number.NaN, 0, 1, 1]),
      region('infinite', [0, 0, Number.POSITIVE_INFINITY, 1]),
      region('turned', [0.9, 0.9, 0.1, 0.1]),
      create(DataSchema, { regions: [{ id: 'none' }] }).regions[0]!,
      { ...region('fine', [0, 0, 0.5, 0.5]), value: 0.9 },
    ]
    const answer = await apply(engine, create(DataSchema, { frames: [{ data: { regions } }, {}] }))
    assert.deepEqual(
      answer.frames[0]!.data!.regions.map(({ trackId }) => trackId),
      ['', '', '', '', '0'],
    )
    assert.equal(answer.frames[1]!.data, undefined)
  })

  test(`${engine.name}: parameters that make no sense are refused`, async () => {
    const wrong: JsonObject[] = [
      { min_confidence: 1.5 },
      { min_confidence: -0.1 },
      { min_confidence: 'NaN' },
      { min_visible_frames: 1e9 },
      { max_disappeared: -1 },
      { max_disappeared: 'soon' },
      { max_distance: -1 },
      { max_distance: 1e300 },
      { track_id_prefix: 7 },
      { track_id_prefix: 'x'.repeat(1000) },
    ]
    for (const params of wrong) {
      await assert.rejects(
        track(engine, [], params),
        { code: StatusCode.MODEL_INVALID_ARGUMENT },
        JSON.stringify(params),
      )
    }
  })

  test(`${engine.name}: a crowd beyond all limits is followed as far as they go`, async () => {
    const random = seeded(3)
    const crowd = () =>
      Array.from({ length: MAX_TRACKED_DETECTIONS + 50 }, () => ({ x: random(), y: random(), size: 0.01 }))
    const ids = await track(engine, frames(3, crowd), { max_distance: 0.001, new_track_confidence_thresh: 0 })
    assert.equal(ids[0]!.filter((id) => id !== '').length, MAX_TRACKED_DETECTIONS)
    assert.ok(ids.flat().every((id) => Number(id) < MAX_TRACKED_DETECTIONS * 3))
  })

  test(`${engine.name}: stops when the call is given up`, async () => {
    const abort = new AbortController()
    abort.abort(new Error('gone'))
    const within = { ...scope(), signal: abort.signal }
    await assert.rejects(apply(engine, video([walkers(0)]), {}, within), /gone/)
  })
}

test('of too many tracks those that were seen last are kept', () => {
  const tracks = Array.from({ length: MAX_LIVE_TRACKS + 2 }, (_, n) => ({ missing: n % 2 === 0 ? n : 0 }))
  const kept = liveTracks(tracks)
  assert.equal(kept.length, MAX_LIVE_TRACKS)
  assert.ok(kept.every(({ missing }) => missing < MAX_LIVE_TRACKS - 2))
})

test('centroid-tracker: the limit is the distance of middles', async () => {
  const jump = [[{ x: 0.1, y: 0.5 }], [{ x: 0.4, y: 0.9 }]]
  assert.deepEqual(await track(centroidTracker, jump, { max_distance: 0.51 }), [['0'], ['0']])
  assert.deepEqual(await track(centroidTracker, jump, { max_distance: 0.49 }), [['0'], ['1']])
})

test('centroid-tracker: the nearest pair comes first', async () => {
  const ids = await track(centroidTracker, [
    [
      { x: 0.1, y: 0.5 },
      { x: 0.3, y: 0.5 },
    ],
    [
      { x: 0.28, y: 0.5 },
      { x: 0.45, y: 0.5 },
    ],
  ])
  assert.deepEqual(ids, [
    ['0', '1'],
    ['1', '0'],
  ])
})

test('byte-tracker: a weak detection keeps a track, but begins none', async () => {
  const at = (value: number): Seen[] => [{ x: 0.5, y: 0.5, value }]
  assert.deepEqual(await track(byteTracker, [at(0.9), at(0.9), at(0.2), at(0.9)]), [['0'], ['0'], ['0'], ['0']])
  assert.deepEqual(await track(byteTracker, [at(0.65), at(0.65), at(0.9), at(0.65)]), [[''], [''], ['0'], ['0']])
  const eager = { new_track_confidence_thresh: 0.6 }
  assert.deepEqual(await track(byteTracker, [at(0.65), at(0.65)], eager), [['0'], ['0']])
})

test('byte-tracker: a weak detection does not bring back a track that was lost', async () => {
  const at = (value: number): Seen[] => [{ x: 0.5, y: 0.5, value }]
  assert.deepEqual(await track(byteTracker, [at(0.9), [], at(0.3), at(0.9)]), [['0'], [], [''], ['0']])
})

test('byte-tracker: what is seen only once after the beginning is nothing', async () => {
  const ghost = { x: 0.9, y: 0.9 }
  const steady = { x: 0.2, y: 0.2 }
  const ids = await track(byteTracker, [[steady], [steady, ghost], [steady], [steady]])
  assert.deepEqual(ids, [['0'], ['0', ''], ['0'], ['0']])
  const twice = await track(byteTracker, [[steady], [steady, ghost], [steady, ghost], [steady]])
  assert.deepEqual(twice, [['0'], ['0', '1'], ['0', '1'], ['0']])
})

for (const engine of kalman) {
  test(`${engine.name}: speed carries a track over a gap that its last place would not bridge`, async () => {
    const run = (frame: number): Seen[] => (frame > 4 && frame < 8 ? [] : [{ x: 0.05 + frame * 0.08, y: 0.5 }])
    const ids = await track(engine, frames(11, run), { max_distance: 0.09 })
    assert.deepEqual(new Set(ids.flat()), new Set(['0']))
    const standing = await track(engine, frames(11, run), { max_distance: 0.09, project_without_detect: false })
    assert.deepEqual([standing[4], standing[8]], [['0'], ['1']])
    assert.equal((await track(centroidTracker, frames(11, run), { max_distance: 0.09 }))[8]![0], '1')
  })

  test(`${engine.name}: missing things are shown where they should be for project_track frames`, async () => {
    const run = (frame: number): Seen[] => (frame > 4 ? [] : [{ x: 0.1 + frame * 0.1, y: 0.5 }])
    const params = { project_track: 2, use_detect_box: 1, observation_error: 0 }
    const answer = await apply(engine, video(frames(9, run)), { params })
    assert.deepEqual(
      answer.frames.map(({ data }) => data!.regions.length),
      [1, 1, 1, 1, 1, 1, 1, 0, 0],
    )
    const [shown] = answer.frames[6]!.data!.regions
    const box = shown!.regionInfo!.boundingBox!
    assert.ok(Math.abs((box.leftCol + box.rightCol) / 2 - 0.7) < 0.01, `${box.leftCol}`)
    assert.deepEqual([shown!.trackId, shown!.data!.concepts[0]!.id], ['0', 'person'])
    assert.notEqual(shown!.id, answer.frames[4]!.data!.regions[0]!.id)
    const held = await apply(engine, video(frames(9, run)), { params: { ...params, use_detect_box: 5 } })
    assert.ok(Math.abs(held.frames[6]!.data!.regions[0]!.regionInfo!.boundingBox!.leftCol - 0.45) < 1e-6)
  })

  test(`${engine.name}: a confidence below initialization_confidence begins no track`, async () => {
    const at = (value: number): Seen[] => [{ x: 0.5, y: 0.5, value }]
    const ids = await track(engine, [at(0.4), at(0.6), at(0.4)], { initialization_confidence: 0.5 })
    assert.deepEqual(ids, [[''], ['0'], ['0']])
  })

  test(`${engine.name}: rounds let sure detections choose first`, async () => {
    const sure = { x: 0.5, y: 0.5, value: 0.95 }
    const nearer = { x: 0.42, y: 0.5, value: 0.3 }
    const scene = [[{ x: 0.4, y: 0.5, value: 0.9 }], [sure, nearer]]
    assert.deepEqual(await track(engine, scene), [['0'], ['1', '0']])
    assert.deepEqual(await track(engine, scene, { association_confidence: [0.9, 0] }), [['0'], ['0', '1']])
  })

  test(`${engine.name}: the match limit refuses what fits far worse than usual`, async () => {
    const four = [0.1, 0.3, 0.5, 0.7].map((y) => ({ x: 0.2, y }))
    const odd = [...four.slice(0, 3), { x: 0.5, y: 0.7 }]
    const scene = [four, four, four, odd]
    assert.equal((await track(engine, scene))[3]![3], '3')
    assert.equal((await track(engine, scene, { match_limit_ratio: 1 }))[3]![3], '4')
    assert.equal((await track(engine, scene, { match_limit_ratio: 1, match_limit_min_matches: 9 }))[3]![3], '3')
  })

  test(`${engine.name}: filtered_probability answers the smoothed value`, async () => {
    const at = (value: number): Seen[] => [{ x: 0.5, y: 0.5, value }]
    const data = video([at(0.9), at(0.5)])
    const answer = await apply(engine, data, { params: { filtered_probability: true } })
    assert.deepEqual(
      answer.frames.map((frame) => Number(frame.data!.regions[0]!.value.toFixed(3))),
      [0.9, 0.7],
    )
  })

  test(`${engine.name}: without probabilities every detection counts as sure`, async () => {
    const params = { has_probability: false, min_confidence: 0.5 }
    assert.deepEqual(await track(engine, [[{ x: 0.5, y: 0.5, value: 0.1 }]], params), [['0']])
  })

  test(`${engine.name}: parameters of its own that make no sense are refused`, async () => {
    const wrong: JsonObject[] = [
      { distance_metric: 'near' },
      { association_confidence: [0.5, 2] },
      { association_confidence: Array.from({ length: 11 }, () => 0) },
      { association_confidence: [null] },
      { covariance_error: -1 },
      { observation_error: 'NaN' },
      { match_limit_ratio: 11 },
      { project_track: 1e9 },
      { keep_track_in_image: 2 },
      { max_detection: 0 },
      { max_detection: 1e6 },
    ]
    for (const params of wrong) {
      await assert.rejects(
        track(engine, [], params),
        { code: StatusCode.MODEL_INVALID_ARGUMENT },
        JSON.stringify(params),
      )
    }
  })

  test(`${engine.name}: vectors tell things apart that cross in one place`, async () => {
    const a = { vector: [1, 0, 0], size: 0.2 }
    const b = { vector: [0, 1, 0], size: 0.2 }
    const scene = [
      [
        { ...a, x: 0.4, y: 0.5 },
        { ...b, x: 0.5, y: 0.5 },
      ],
      [
        { ...b, x: 0.41, y: 0.5 },
        { ...a, x: 0.49, y: 0.5 },
      ],
    ]
    const visual = { distance_metric: 'visual_and_iou', max_distance: 0.9 }
    assert.deepEqual(await track(engine, scene, visual), [
      ['0', '1'],
      ['1', '0'],
    ])
    assert.deepEqual((await track(engine, scene, { distance_metric: 'iou', max_distance: 0.9 }))[1], ['0', '1'])
    assert.deepEqual((await track(engine, scene, { has_embedding: true, max_distance: 0.9 }))[1], ['1', '0'])
  })

  test(`${engine.name}: a track whose middle has left the picture can be kept inside`, async () => {
    const run = (frame: number): Seen[] => (frame > 4 ? [] : [{ x: 0.5 + frame * 0.1, y: 0.5 }])
    const params = { project_track: 9, observation_error: 0 }
    const right = async (keep_track_in_image: number) => {
      const answer = await apply(engine, video(frames(9, run)), { params: { ...params, keep_track_in_image } })
      return answer.frames[8]!.data!.regions[0]!.regionInfo!.boundingBox!.leftCol
    }
    assert.equal(await right(0), 1)
    assert.ok(Math.abs((await right(1)) - 0.95) < 0.01)
  })
}

const red = [1, 0.1, 0]
const green = [0, 1, 0.1]
const away = (count: number) => frames(count, () => [])
const comeback = (vector: number[]): Seen[][] => [
  [{ x: 0.1, y: 0.1, vector: red }],
  [{ x: 0.1, y: 0.1, vector: red }],
  ...away(5),
  [{ x: 0.9, y: 0.9, vector }],
]
const forgetful = { max_disappeared: 2 }

test('kalman-reid-tracker: who comes back elsewhere has the old id, others have not', async () => {
  assert.deepEqual((await track(kalmanReidTracker, comeback([0.9, 0.1, 0]), forgetful)).at(-1), ['0'])
  assert.deepEqual((await track(kalmanReidTracker, comeback(green), forgetful)).at(-1), ['1'])
  assert.deepEqual((await track(kalmanFilterHungarianTracker, comeback(red), forgetful)).at(-1), ['1'])
})

test('kalman-reid-tracker: not after max_dead frames, not beyond max_emb_distance', async () => {
  assert.deepEqual((await track(kalmanReidTracker, comeback(red), { ...forgetful, max_dead: 2 })).at(-1), ['1'])
  assert.deepEqual((await track(kalmanReidTracker, comeback(red), { ...forgetful, max_dead: 3 })).at(-1), ['0'])
  const strict = { ...forgetful, max_emb_distance: 0 }
  assert.deepEqual((await track(kalmanReidTracker, comeback([1, 0.3, 0]), strict)).at(-1), ['1'])
})

test('kalman-reid-tracker: each comes back as who it was, and a third is new', async () => {
  const ids = await track(
    kalmanReidTracker,
    [
      [
        { x: 0.1, y: 0.1, vector: red },
        { x: 0.5, y: 0.1, vector: green },
      ],
      ...away(4),
      [
        { x: 0.5, y: 0.9, vector: [0, 0, 1] },
        { x: 0.9, y: 0.9, vector: green },
        { x: 0.1, y: 0.9, vector: red },
      ],
    ],
    forgetful,
  )
  assert.deepEqual(ids.at(-1), ['2', '1', '0'])
})

test('kalman-reid-tracker: var_tracker says which of its vectors a track goes by', async () => {
  const turning = (last: number[]): Seen[][] => [
    [{ x: 0.1, y: 0.1, vector: [1, 0] }],
    [{ x: 0.1, y: 0.1, vector: [1, 0] }],
    [{ x: 0.1, y: 0.1, vector: [0, 1] }],
    ...away(5),
    [{ x: 0.9, y: 0.9, vector: last }],
  ]
  const back = async (var_tracker: string, last: number[]) =>
    (await track(kalmanReidTracker, turning(last), { ...forgetful, var_tracker, max_emb_distance: 0.02 })).at(-1)![0]
  assert.equal(await back('na', [0, 1]), '0')
  assert.equal(await back('na', [1, 0]), '1')
  assert.equal(await back('med', [1, 0]), '0')
  assert.equal(await back('ma', [2, 1]), '0')
  assert.equal(await back('ema', [1, 1]), '0')
  assert.equal(await back('manorm', [20, 10]), '0')
  await assert.rejects(back('best', [1, 0]), { code: StatusCode.MODEL_INVALID_ARGUMENT })
})

test('kalman-reid-tracker: vectors of other lengths, of zeros or of nonsense bring nobody back', async () => {
  for (const vector of [[1, 0.1], [0, 0, 0], [Number.NaN, 0, 0], []]) {
    assert.deepEqual((await track(kalmanReidTracker, comeback(vector), forgetful)).at(-1), ['1'])
  }
})

test('kalman-reid-tracker: a linker of its own is refused', async () => {
  await assert.rejects(track(kalmanReidTracker, [], { reid_model_path: '/models/linker' }), {
    code: StatusCode.MODEL_INVALID_ARGUMENT,
    details: /leave it empty/,
  })
})
