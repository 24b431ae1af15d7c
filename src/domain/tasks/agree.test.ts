import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { type Data, DataSchema } from '../../contract/index.ts'
import { groupStatements, statementsOf } from './agree.ts'

type Init = Exclude<MessageInitShape<typeof DataSchema>, Data>

/** How many labelers are in each group, the largest first. */
function sizes(...said: Init[]): number[] {
  const statements = said.flatMap((data, at) => statementsOf(`w${at}`, at, create(DataSchema, data)))
  return groupStatements(statements)
    .map(({ length }) => length)
    .sort((a, b) => b - a)
}

const tag = (id: string, value = 1): Init => ({ concepts: [{ id, value }] })
const box = (topRow: number, leftCol: number, bottomRow: number, rightCol: number, id = 'dog'): Init => ({
  regions: [{ regionInfo: { boundingBox: { topRow, leftCol, bottomRow, rightCol } }, data: tag(id) }],
})
const polygon = (...points: [number, number][]): Init => ({
  regions: [{ regionInfo: { polygon: { points: points.map(([row, col]) => ({ row, col })) } }, data: tag('dog') }],
})
const point = (row: number, col: number): Init => ({
  regions: [{ regionInfo: { point: { row, col } }, data: tag('dog') }],
})
const span = (charStart: number, charEnd: number): Init => ({
  regions: [{ regionInfo: { span: { charStart, charEnd } } }],
})
const segment = (beginTime: number, endTime: number): Init => ({
  timeSegments: [{ timeInfo: { beginTime, endTime }, data: tag('dog') }],
})
const frame = (time: number): Init => ({ frames: [{ frameInfo: { time: time }, data: tag('dog') }] })

describe('labelers agree', () => {
  it('on concepts and whether they are there', () => {
    assert.deepEqual(sizes(tag('dog'), tag('dog'), tag('cat')), [2, 1])
    assert.deepEqual(sizes(tag('dog'), tag('dog', 0)), [1, 1])
    const both: Init = {
      concepts: [
        { id: 'dog', value: 1 },
        { id: 'cat', value: 1 },
      ],
    }
    assert.deepEqual(sizes(both, tag('cat'), tag('dog')), [2, 2], 'whether said together or one by one')
  })

  it('on boxes and polygons that overlap by half, of the same concept', () => {
    assert.deepEqual(sizes(box(0, 0, 0.5, 0.5), box(0, 0, 0.5, 0.4)), [2])
    assert.deepEqual(sizes(box(0, 0, 0.5, 0.5), box(0, 0, 0.5, 0.5, 'cat')), [1, 1])
    assert.deepEqual(sizes(box(0, 0, 0.5, 0.5), box(0.4, 0.4, 0.9, 0.9)), [1, 1])
    const triangle: [number, number][] = [
      [0, 0],
      [0, 1],
      [1, 0],
    ]
    assert.deepEqual(sizes(polygon(...triangle), polygon([0, 0], [0, 0.9], [0.9, 0])), [2])
    assert.deepEqual(sizes(polygon(...triangle), polygon([1, 1], [0, 1], [1, 0])), [1, 1])
    assert.deepEqual(sizes(polygon(...triangle), box(0, 0, 1, 1)), [1, 1])
  })

  it('on polygons however thin they are, and not on those that lie apart', () => {
    const bent: [number, number][] = [
      [0, 0],
      [0.3, 0.5],
      [1, 0.1],
    ]
    const band = (from: number): Init => {
      const edge = (by: number) => bent.map(([row, col]): [number, number] => [row, col + from + by])
      return polygon(...edge(0), ...edge(1e-5).reverse())
    }
    assert.deepEqual(sizes(band(0), band(0)), [2])
    assert.deepEqual(sizes(band(0), band(2e-6)), [2])
    assert.deepEqual(sizes(band(0), band(5e-6)), [1, 1])
    assert.deepEqual(sizes(band(0), polygon([0, 0.9], [0, 1], [1, 1])), [1, 1])
    const star: [number, number][] = [
      [0, 0.5],
      [1, 0.9],
      [0.4, 0],
      [0.4, 1],
      [1, 0.1],
    ]
    assert.deepEqual(sizes(polygon(...star), polygon(...star), polygon([0, 0], [0, 1], [1, 1], [1, 0])), [2, 1])
  })

  it('on the box that lies nearest where there are several', () => {
    const two: Init = { regions: [...box(0, 0, 0.4, 0.4).regions!, ...box(0, 0.1, 0.4, 0.5).regions!] }
    assert.deepEqual(sizes(two, two), [2, 2])
  })

  it('on points close by, on spans, frames and times', () => {
    assert.deepEqual(sizes(point(0.5, 0.5), point(0.51, 0.5)), [2])
    assert.deepEqual(sizes(point(0.5, 0.5), point(0.6, 0.5)), [1, 1])
    assert.deepEqual(sizes(span(1, 5), span(1, 5), span(1, 6)), [2, 1])
    assert.deepEqual(sizes(segment(0, 2), segment(0.5, 2)), [2])
    assert.deepEqual(sizes(segment(0, 2), segment(2, 4)), [1, 1])
    assert.deepEqual(sizes(frame(1000), frame(1000), frame(2000)), [2, 1])
    assert.deepEqual(sizes({ text: { raw: ' a b' } }, { text: { raw: 'a b ' } }), [2])
  })

  it('about nothing where nothing is said', () => {
    assert.deepEqual(sizes({}, tag('dog')), [1])
    assert.deepEqual(statementsOf('w', 1, undefined), [])
  })
})
