import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { DataSchema, RegionInfoSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { checkAnnotationData, isEmptyData } from './check-data.ts'

type Init = MessageInitShape<typeof DataSchema>
type Shape = MessageInitShape<typeof RegionInfoSchema>

const check = (init: Init, charCount?: number) => checkAnnotationData(create(DataSchema, init), { charCount })
const shape = (info: Shape, charCount?: number) =>
  check({ regions: [{ regionInfo: create(RegionInfoSchema, info) }] }, charCount)
const refuse = (work: () => void, details: RegExp) =>
  assert.throws(work, { code: StatusCode.ANNOTATION_INVALID_ARGUMENT, details })
const box = (topRow: number, leftCol: number, bottomRow: number, rightCol: number) => ({
  boundingBox: { topRow, leftCol, bottomRow, rightCol },
})
const points = (...pairs: [number, number][]) => ({
  polygon: { points: pairs.map(([row, col]) => ({ row, col })) },
})

describe('shapes', () => {
  test('boxes lie inside of the picture and cover something', () => {
    shape(box(0, 0, 1, 1))
    refuse(() => shape(box(-0.1, 0, 1, 1)), /top_row/)
    refuse(() => shape(box(0, 0, 1.01, 1)), /bottom_row/)
    refuse(() => shape(box(0, 0, 1, Number.NaN)), /right_col.*NaN/)
    refuse(() => shape(box(0, Number.NEGATIVE_INFINITY, 1, 1)), /left_col/)
    refuse(() => shape(box(0.5, 0, 0.5, 1)), /covers nothing/)
    refuse(() => shape(box(0, 0.6, 1, 0.5)), /covers nothing/)
  })

  test('polygons have three corners that are not on one line', () => {
    shape(points([0, 0], [0, 1], [1, 0]))
    shape(points([0, 0], [1, 1], [0, 1], [1, 0]))
    refuse(() => shape(points([0, 0], [1, 1])), /2 points/)
    refuse(() => shape(points([0, 0], [0.5, 0.5], [1, 1])), /one line/)
    refuse(() => shape(points([0.5, 0.5], [0.5, 0.5], [0.5, 0.5])), /one line/)
    refuse(() => shape(points([0, 0], [0, 1], [1, 2])), /col/)
    refuse(() => shape({ polygon: { points: Array(10_001).fill({ row: 0.5, col: 0.5 }) } }), /10001/)
  })

  test('points and keypoints lie inside, but for keypoints that are not in the picture', () => {
    shape({ point: { row: 0.5, col: 1, z: -3 } })
    refuse(() => shape({ point: { row: 2, col: 0 } }), /row/)
    refuse(() => shape({ point: { row: 0, col: 0, z: Number.NaN } }), /z/)
    shape({
      ...box(0, 0, 1, 1),
      keypointLocations: [
        { row: 0.1, col: 0.1 },
        { row: -1, col: -1, visibility: 3 },
      ],
    })
    refuse(() => shape({ keypointLocations: [{ row: -1, col: 0 }] }), /keypoint/)
  })

  test('spans and tokens go forward and end within the text', () => {
    shape({ span: { charStart: 0, charEnd: 4 } }, 4)
    shape({ token: { charStart: 3, charEnd: 4 } })
    refuse(() => shape({ span: { charStart: 4, charEnd: 4 } }), /char_start/)
    refuse(() => shape({ token: { charStart: 0, charEnd: 5 } }, 4), /text that has 4/)
  })

  test('masks have a picture', () => {
    shape({ mask: { image: { url: 'https://example.com/mask.png' } } })
    shape({ mask: { image: { base64: new Uint8Array(3) } } })
    refuse(() => shape({ mask: {} }), /no picture/)
    refuse(() => shape({ mask: { image: { url: 'nonsense' } } }), /not valid/)
  })

  test('a region has one form; without any it names a detected one', () => {
    refuse(() => shape({ ...box(0, 0, 1, 1), point: { row: 0, col: 0 } }), /both/)
    refuse(() => shape({}), /empty/)
    refuse(() => check({ regions: [{}] }), /neither/)
    check({ regions: [{ id: 'detected' }] })
  })
})

describe('data', () => {
  test('an annotation has one place', () => {
    const region = { regionInfo: box(0, 0, 1, 1) }
    refuse(() => check({ regions: [region, region] }), /2 regions/)
    refuse(() => check({ regions: [region], frames: [{ frameInfo: { time: 1 }, data: {} }] }), /2 regions/)
    check({ frames: [{ frameInfo: { time: 1 }, data: { regions: [region] } }] })
    refuse(() => check({ frames: [{ frameInfo: { time: 1 }, data: { regions: [region, region] } }] }), /at most one/)
    refuse(() => check({ regions: [{ ...region, data: { regions: [region] } }] }), /no further/)
  })

  test('frames, time segments and tracks say when', () => {
    refuse(() => check({ frames: [{ data: {} }] }), /frame_info/)
    refuse(() => check({ frames: [{ frameInfo: { time: 1 } }] }), /no data/)
    check({ timeSegments: [{ timeInfo: { beginTime: 1, endTime: 2.5 } }] })
    refuse(() => check({ timeSegments: [{}] }), /time_info/)
    refuse(() => check({ timeSegments: [{ timeInfo: { beginTime: 3, endTime: 2 } }] }), /before it ends/)
    refuse(() => check({ timeSegments: [{ timeInfo: { beginTime: Number.NaN, endTime: 2 } }] }), /NaN/)
    check({ tracks: [{ id: 't' }] })
    refuse(() => check({ tracks: [{}] }), /no id/)
  })

  test('concepts have an id or a name, a value from 0 to 1, and stand once', () => {
    check({
      concepts: [
        { id: 'a', value: 0 },
        { name: 'b', value: 1 },
      ],
    })
    refuse(() => check({ concepts: [{ value: 1 }] }), /neither/)
    refuse(() => check({ concepts: [{ id: 'a', value: 1.5 }] }), /1.5/)
    refuse(() => check({ concepts: [{ id: 'a', value: Number.NaN }] }), /NaN/)
    refuse(() => check({ concepts: [{ id: 'a/b' }] }), /not valid/)
    refuse(
      () =>
        check({
          concepts: [
            { id: 'a', value: 1 },
            { id: 'a', value: 0 },
          ],
        }),
      /twice/,
    )
  })

  test('what is said deep inside is checked too', () => {
    const deep = (inner: Init): Init => ({
      frames: [{ frameInfo: { time: 1 }, data: { regions: [{ regionInfo: box(0, 0, 1, 1), data: inner }] } }],
    })
    check(deep({ concepts: [{ id: 'a', value: 1 }] }))
    refuse(() => check(deep({ concepts: [{ id: 'a', value: -1 }] })), /-1/)
    refuse(() => check(deep({ embeddings: [{ vector: [1, Number.NaN] }] })), /NaN/)
  })

  test('embeddings, geo points, texts and metadata keep to their limits; media are refused', () => {
    check({ embeddings: [{ vector: [1, 2], numDimensions: 2 }] })
    refuse(() => check({ embeddings: [{}] }), /0 numbers/)
    refuse(() => check({ embeddings: [{ vector: [1], numDimensions: 2 }] }), /2 dimensions/)
    refuse(() => check({ geo: { geoPoint: { latitude: 91 } } }), /latitude/)
    refuse(() => check({ geo: { geoPoint: { longitude: -181 } } }), /longitude/)
    refuse(() => check({ text: { raw: 'x'.repeat(1024 * 1024 + 1) } }), /text/)
    refuse(() => check({ metadata: { a: 'x'.repeat(1024 * 1024) } }), /metadata/)
    refuse(() => check({ image: { url: 'https://example.com' } }), /media/)
  })

  test('emptiness', () => {
    for (const init of [{}, { metadata: {} }, { text: {} }, { geo: {} }])
      assert.equal(isEmptyData(create(DataSchema, init)), true)
    for (const init of [{ metadata: { a: 1 } }, { text: { raw: 'x' } }, { concepts: [{ id: 'a' }] }]) {
      assert.equal(isEmptyData(create(DataSchema, init)), false)
    }
  })
})
