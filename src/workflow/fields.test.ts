import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { type Data, FrameSchema, RegionSchema } from '../contract/index.ts'
import { dataOf } from './data.ts'
import { hasField, isEmptyData, isRegional, needsWholeVideo, presentFields, rootOf, splitFields } from './fields.ts'
import { concept, imageData, textData } from './test-support.ts'

const tagged = dataOf({ concepts: [concept('a')] })
const inRegion = (data: Data | undefined, more: object = {}) =>
  dataOf({ regions: [create(RegionSchema, { data, ...more })] })

test('groups are taken apart, doubles count once', () => {
  assert.deepEqual(splitFields(['image', 'regions[...].region_info.mask, image', '']), [
    'image',
    'regions[...].region_info.mask',
  ])
})

test('fields are found at any depth', () => {
  const cases: [string, Data, boolean][] = [
    ['image', imageData(1), true],
    ['image', textData('x'), false],
    ['text', textData(''), true],
    ['concepts', tagged, true],
    ['concepts', dataOf(), false],
    ['concepts[...].id', tagged, true],
    ['regions[...].data.concepts', inRegion(tagged), true],
    ['regions[...].data.concepts', inRegion(dataOf()), false],
    ['regions[...].data.concepts', inRegion(undefined), false],
    ['regions[...].data.regions[...].data.concepts', inRegion(inRegion(tagged)), true],
    ['regions[...].region_info.bounding_box', inRegion(undefined, { regionInfo: { boundingBox: {} } }), true],
    ['regions[...].region_info.bounding_box', inRegion(undefined, { regionInfo: { point: {} } }), false],
    ['regions[...].region_info.point', inRegion(undefined, { regionInfo: { keypointLocations: [{}] } }), true],
    ['regions[...].track_id', inRegion(undefined, { trackId: 't' }), true],
    ['regions[...].track_id', inRegion(undefined), false],
    [
      'frames[...].data.regions[...].data.concepts',
      dataOf({ frames: [create(FrameSchema, { data: inRegion(tagged) })] }),
      true,
    ],
    ['any', dataOf(), false],
    ['any', textData('x'), true],
    ['constructor', imageData(1), false],
    ['regions[...].toString', inRegion(tagged), false],
    ['', imageData(1), false],
  ]
  for (const [path, data, expected] of cases) assert.equal(hasField(data, path), expected, path)
})

test('paths know their root', () => {
  assert.equal(rootOf('regions[...].data.text'), 'regions')
  assert.equal(rootOf('image'), 'image')
  assert.deepEqual([isRegional('regions[...].track_id'), isRegional('text')], [true, false])
  assert.deepEqual(['frames[...].data.text', 'video', 'audio', 'image'].map(needsWholeVideo), [true, true, true, false])
})

test('what data holds', () => {
  assert.ok(isEmptyData(dataOf()))
  assert.ok(!isEmptyData(dataOf({ metadata: {} })))
  assert.deepEqual(presentFields(dataOf({ ...imageData(1), concepts: [concept('a')] })), ['image', 'concepts'])
})
