import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { type Data, FrameSchema, ImageSchema, RegionSchema } from '../contract/index.ts'
import { dataOf, mergeData, regionWith } from './data.ts'
import { concept, imageData, textData } from './test-support.ts'

const region = (id: string, data?: Data) => create(RegionSchema, { id, value: 0.5, data })
const ids = (data: Data | undefined) => data?.concepts.map(({ id }) => id)
const tags = (...names: string[]) => dataOf({ concepts: names.map((name) => concept(name)) })

test('messages inside keep their identity, on which bound images depend', () => {
  const image = create(ImageSchema)
  const data = dataOf({ image })
  assert.equal(data.image, image)
  assert.equal(dataOf({ ...data, concepts: [] }).image, image)
  assert.equal(regionWith(region('r'), data).data!.image, image)
  assert.equal(mergeData([data, textData('x')]).image, image)
})

test('of single values the first counts, lists are joined, nothing given is changed', () => {
  const [first, second] = [imageData(1), imageData(2)]
  first.concepts = [concept('a')]
  second.concepts = [concept('b')]
  second.text = textData('t').text
  first.metadata = { x: 1 }
  second.metadata = { x: 2, y: 3 }
  const merged = mergeData([first, second])
  assert.equal(merged.image, first.image)
  assert.equal(merged.text!.raw, 't')
  assert.deepEqual(ids(merged), ['a', 'b'])
  assert.deepEqual(merged.metadata, { x: 1, y: 3 })
  assert.deepEqual(ids(first), ['a'])
})

test('what a filter passed on is not there twice', () => {
  const found = tags('a', 'b')
  const kept = dataOf({ concepts: [found.concepts[1]!] })
  assert.deepEqual(ids(mergeData([found, kept])), ['a', 'b'])
})

test('regions with one id become one with the data of all; regions without id stay apart', () => {
  const ages = dataOf({ regions: [region('r1', tags('30-39')), region('r2', tags('3-9')), region('')] })
  const genders = dataOf({ regions: [region('r2', tags('feminine')), region(''), region('r3')] })
  const merged = mergeData([ages, genders])
  assert.deepEqual(
    merged.regions.map(({ id, data }) => [id, ids(data)]),
    [
      ['r1', ['30-39']],
      ['r2', ['3-9', 'feminine']],
      ['', undefined],
      ['', undefined],
      ['r3', undefined],
    ],
  )
  assert.deepEqual(ids(ages.regions[1]!.data), ['3-9'])
})

test('frames of the same place become one, by index where they tell it', () => {
  const frame = (index: number | undefined, data: Data) =>
    create(FrameSchema, { frameInfo: index === undefined ? undefined : { index, time: index * 10 }, data })
  const boxes = [frame(0, dataOf({ regions: [region('a', tags('cat'))] })), frame(2, tags('x'))]
  const vectors = [
    frame(2, tags('y')),
    frame(0, dataOf({ regions: [region('a', tags('tabby'))] })),
    frame(5, tags('z')),
  ]
  const { frames } = mergeData([dataOf({ frames: boxes }), dataOf({ frames: vectors })])
  assert.deepEqual(
    frames.map(({ frameInfo, data }) => [frameInfo!.index, ids(data), ids(data!.regions[0]?.data)]),
    [
      [0, [], ['cat', 'tabby']],
      [2, ['x', 'y'], undefined],
      [5, ['z'], undefined],
    ],
  )
  const plain = mergeData([
    dataOf({ frames: [frame(undefined, tags('a'))] }),
    dataOf({ frames: [frame(undefined, tags('b')), frame(undefined, tags('c'))] }),
  ])
  assert.deepEqual(
    plain.frames.map(({ data }) => ids(data)),
    [['a', 'b'], ['c']],
  )
})

test('a region that several nodes made keeps the track id that one of them gave', () => {
  const [merged] = mergeData([
    dataOf({ regions: [region('a', tags('cat'))] }),
    dataOf({ regions: [create(RegionSchema, { id: 'a', trackId: '7' })] }),
  ]).regions
  assert.deepEqual([merged!.trackId, ids(merged!.data)], ['7', ['cat']])
})
