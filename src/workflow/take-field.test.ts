import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { type Data, FrameSchema, RegionSchema } from '../contract/index.ts'
import { dataOf } from './data.ts'
import { takeField } from './take-field.ts'
import { concept, imageData, textData } from './test-support.ts'

const CONCEPTS = 'regions[...].data.concepts'
const region = (id: string, data?: Data) => create(RegionSchema, { id, data })
const ids = (data: Data | undefined) => data?.concepts.map(({ id }) => id)
const tags = (...names: string[]) => dataOf({ concepts: names.map((name) => concept(name)) })
const regional = (path: string, ...sources: Data[]) => {
  const to = dataOf()
  for (const source of sources) takeField(to, source, path)
  return to
}

test('fields are taken by the part of Data that their paths lie in', () => {
  const from = dataOf({ ...imageData(1), concepts: [concept('a')], regions: [region('r')], metadata: { secret: 1 } })
  const to = dataOf()
  for (const path of ['image', CONCEPTS, 'text']) takeField(to, from, path)
  assert.deepEqual([to.image, to.regions, to.concepts, to.metadata], [from.image, from.regions, [], undefined])
})

test('the nearest regions stay and get what they lack from the same ones further back', () => {
  const near = dataOf({ regions: [region('a', textData('near')), region('b', tags('own')), region('c'), region('')] })
  const far = dataOf({
    regions: [region('b', tags('far')), region('a', tags('cat')), region('gone', tags('x')), region('', tags('y'))],
  })
  const taken = regional(CONCEPTS, near, far)
  assert.deepEqual(
    taken.regions.map(({ id, data }) => [id, ids(data)]),
    [
      ['a', ['cat']],
      ['b', ['own']],
      ['c', undefined],
      ['', undefined],
    ],
  )
  assert.equal(taken.regions[0]!.data!.text!.raw, 'near')
  assert.deepEqual(ids(near.regions[0]!.data), [])
})

test('of a region only the field is taken, or what says where it is', () => {
  const near = dataOf({ regions: [region('a', textData('near'))] })
  const box = { topRow: 0, leftCol: 0, bottomRow: 1, rightCol: 1 }
  const far = dataOf({
    regions: [
      create(RegionSchema, {
        id: 'a',
        trackId: '3',
        regionInfo: { boundingBox: box },
        data: dataOf({ ...imageData(1), ...tags('cat') }),
      }),
    ],
  })
  const [withConcepts] = regional(CONCEPTS, near, far).regions
  assert.deepEqual([withConcepts!.data!.image, withConcepts!.regionInfo], [undefined, undefined])
  const [withBox] = regional('regions[...].region_info.bounding_box', near, far).regions
  assert.deepEqual([withBox!.regionInfo!.boundingBox!.rightCol, withBox!.trackId], [1, '3'])
  assert.deepEqual(ids(withBox!.data), [])
})

test('frames are completed region by region', () => {
  const frame = (index: number, data: Data) => create(FrameSchema, { frameInfo: { index, time: index }, data })
  const near = dataOf({ frames: [frame(4, dataOf({ regions: [region('b')] })), frame(1, dataOf())] })
  const far = dataOf({
    frames: [
      frame(1, dataOf({ regions: [region('a', tags('dog'))] })),
      frame(4, dataOf({ regions: [region('b', tags('cat'))] })),
    ],
  })
  const taken = regional(`frames[...].data.${CONCEPTS}`, near, far)
  assert.deepEqual(
    taken.frames.map(({ data }) => data!.regions.map(({ id, data: inner }) => [id, ids(inner)])),
    [[['b', ['cat']]], [['a', ['dog']]]],
  )
})
