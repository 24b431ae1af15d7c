import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { type Data, DataSchema } from '../../contract/index.ts'
import { patchData } from './patch-data.ts'

const data = (init: MessageInitShape<typeof DataSchema>): Data => create(DataSchema, init)
const box = (topRow: number, leftCol: number, bottomRow: number, rightCol: number) => ({
  boundingBox: { topRow, leftCol, bottomRow, rightCol },
})

test('merging a box replaces its coordinates, those that are 0 too, and keeps the labels', () => {
  const current = data({
    regions: [{ id: 'r', regionInfo: box(0.2, 0.2, 0.4, 0.4), data: { concepts: [{ id: 'a', value: 1 }] } }],
  })
  for (const id of ['r', '']) {
    const { regions } = patchData(current, data({ regions: [{ id, regionInfo: box(0, 0.1, 1, 0.9) }] }), 'merge')
    assert.equal(regions.length, 1)
    assert.deepEqual(
      regions[0],
      data({ regions: [{ id: 'r', regionInfo: box(0, 0.1, 1, 0.9), data: { concepts: [{ id: 'a', value: 1 }] } }] })
        .regions[0],
    )
  }
})

test('a merged region may change its form', () => {
  const current = data({ regions: [{ id: 'r', regionInfo: box(0.2, 0.2, 0.4, 0.4) }] })
  const { regions } = patchData(
    current,
    data({ regions: [{ id: 'r', regionInfo: { point: { row: 0, col: 0 } } }] }),
    'merge',
  )
  assert.equal(regions[0]?.regionInfo?.boundingBox, undefined)
  assert.ok(regions[0]?.regionInfo?.point)
})

test('merging a value of 0 makes a label negative, on every level', () => {
  const concepts = (value: number) => [{ id: 'a', name: 'A', value }]
  const at = (value: number) =>
    data({
      concepts: concepts(value),
      frames: [
        { id: 'f', frameInfo: { time: 1 }, data: { regions: [{ id: 'r', data: { concepts: concepts(value) } }] } },
      ],
    })
  const patch = at(0)
  patch.frames[0]!.frameInfo!.time = 0
  assert.deepEqual(patchData(at(1), patch, 'merge'), patch)
})

test('a merged geo point replaces the old one', () => {
  const current = data({ geo: { geoPoint: { latitude: 3, longitude: 4 } }, metadata: { a: 1 } })
  const merged = patchData(current, data({ geo: { geoPoint: { latitude: 0, longitude: 1 } } }), 'merge')
  assert.deepEqual(merged, data({ geo: { geoPoint: { latitude: 0, longitude: 1 } }, metadata: { a: 1 } }))
})

test('overwriting replaces what is named and keeps the id of the only region', () => {
  const current = data({ concepts: [{ id: 'a' }], regions: [{ id: 'r', regionInfo: box(0.2, 0.2, 0.4, 0.4) }] })
  const result = patchData(current, data({ regions: [{ regionInfo: box(0, 0, 1, 1) }] }), 'overwrite')
  assert.deepEqual(result, data({ concepts: [{ id: 'a' }], regions: [{ id: 'r', regionInfo: box(0, 0, 1, 1) }] }))
})

test('removing takes concepts away by id, whatever their value', () => {
  const current = data({
    concepts: [
      { id: 'a', value: 1 },
      { id: 'b', value: 0 },
    ],
  })
  assert.deepEqual(
    patchData(current, data({ concepts: [{ id: 'b' }, { id: 'c' }] }), 'remove'),
    data({ concepts: [{ id: 'a', value: 1 }] }),
  )
})

test('neither the stored data nor the patch is changed', () => {
  const make = () =>
    [
      data({ regions: [{ id: 'r', regionInfo: box(0.2, 0.2, 0.4, 0.4) }], geo: { geoPoint: { latitude: 1 } } }),
      data({ regions: [{ regionInfo: box(0, 0, 1, 1) }], geo: { geoPoint: { latitude: 2 } } }),
    ] as const
  const [current, patch] = make()
  for (const action of ['merge', 'overwrite', 'remove'] as const) patchData(current, patch, action)
  assert.deepEqual([current, patch], make())
})
