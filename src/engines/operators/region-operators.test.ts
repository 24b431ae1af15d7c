import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { DataSchema, type Region, RegionSchema } from '../../contract/index.ts'
import { modelTypes } from '../../workflow/model-types/index.ts'
import { annotationWriter } from './annotation-writer.ts'
import { operators } from './index.ts'
import { objectCounter } from './object-counter.ts'
import { makeRandomSample } from './random-sample.ts'
import { apply, concept, region, text } from './test-support.ts'
import { textAggregation } from './text-aggregation.ts'
import { tokensToEntity } from './tokens-to-entity.ts'

/** A word of 0.1 x 0.05 at a place. */
const word = (raw: string, top: number, left: number): Region =>
  region(raw, [top, left, top + 0.05, left + 0.1], text(raw))
const joined = async (regions: Region[], params = {}) =>
  (await apply(textAggregation, create(DataSchema, { regions }), { params })).text?.raw

test('words are joined left to right, lines top to bottom, whatever the order of the regions', async () => {
  const regions = [word('three', 0.3, 0.1), word('two', 0.11, 0.25), word('four', 0.29, 0.3), word('one', 0.1, 0.1)]
  assert.equal(await joined(regions), 'one two\nthree four')
})

test('a wide gap keeps columns apart, by a factor that can be set', async () => {
  const regions = [word('coffee', 0.1, 0.1), word('3.50', 0.1, 0.7)]
  assert.equal(await joined(regions), 'coffee\t3.50')
  assert.equal(await joined(regions, { avg_word_width_window_factor: 10 }), 'coffee 3.50')
  assert.equal(
    await joined([word('b', 0.14, 0.1), word('a', 0.1, 0.3)], { avg_word_height_window_factor: 0.5 }),
    'a\nb',
  )
})

test('regions without box come last, those without text not at all', async () => {
  const loose = create(RegionSchema, { id: 'x', data: text('loose') })
  assert.equal(await joined([loose, word('  ', 0.1, 0.1), word('boxed', 0.2, 0.1)]), 'boxed\nloose')
  assert.equal(await joined([word('', 0.1, 0.1)]), undefined)
})

const counted = async (regions: Region[], ids: string[]) =>
  (await apply(objectCounter, create(DataSchema, { regions }), { concepts: ids.map((id) => concept(id)) })).metadata

test('regions of the active concepts are counted once each, all of them when none is active', async () => {
  const tagged = (...ids: string[]) =>
    region('r', [0, 0, 1, 1], create(DataSchema, { concepts: ids.map((id) => concept(id)) }))
  const regions = [tagged('car', 'vehicle'), tagged('person'), tagged('car'), region('bare', [0, 0, 1, 1])]
  assert.deepEqual(await counted(regions, ['car', 'vehicle']), { object_count: 2 })
  assert.deepEqual(await counted(regions, []), { object_count: 3 })
  assert.deepEqual(await counted(regions, ['tree']), { object_count: 0 })
})

test('an input is passed on whole when the share is above the random number', async () => {
  const data = text('x')
  const at = async (random: number, keep_fraction: number) =>
    apply(
      makeRandomSample(() => random),
      data,
      { params: { keep_fraction } },
    )
  assert.equal(await at(0.49, 0.5), data)
  assert.equal((await at(0.5, 0.5)).text, undefined)
  assert.equal((await at(0, 0)).text, undefined)
  assert.equal(await at(0.999, 1), data)
})

const token = (tag: string, charStart: number, rawText: string, value = 0.9): Region =>
  create(RegionSchema, {
    id: `t${charStart}`,
    regionInfo: { span: { charStart, charEnd: charStart + rawText.replace('##', '').length, rawText } },
    data: { concepts: [{ id: tag, name: tag, value }] },
  })
const entities = async (...regions: Region[]) =>
  (await apply(tokensToEntity, create(DataSchema, { regions }))).regions.map(({ regionInfo, data, value }) => ({
    text: regionInfo!.span!.rawText,
    at: [regionInfo!.span!.charStart, regionInfo!.span!.charEnd],
    label: data!.concepts[0]!.id,
    value: Number(value.toFixed(3)),
  }))

test('tokens of one entity are joined, by tags and by place', async () => {
  assert.deepEqual(
    await entities(
      token('I-PER', 5, 'Lovelace', 0.7),
      token('B-PER', 0, 'Ada'),
      token('O', 14, 'in'),
      token('B-LOC', 17, 'Lon'),
      token('I-LOC', 20, '##don'),
      token('B-LOC', 24, 'Paris'),
    ).then((found) => found.map(({ text: raw, label }) => [raw, label])),
    [
      ['Ada', 'PER'],
      ['Lovelace', 'PER'],
      ['London', 'LOC'],
      ['Paris', 'LOC'],
    ],
  )
  assert.deepEqual(await entities(token('B-PER', 0, 'Ada', 0.9), token('I-PER', 4, 'Lovelace', 0.7)), [
    { text: 'Ada Lovelace', at: [0, 12], label: 'PER', value: 0.8 },
  ])
  assert.equal((await entities(token('PER', 0, 'Ada'), token('PER', 4, 'Byron'))).length, 1)
  assert.equal((await entities(token('PER', 0, 'Ada'), token('PER', 9, 'Byron'))).length, 2)
})

test('an annotation writer passes on what it gets', async () => {
  const data = text('x')
  assert.equal(await apply(annotationWriter, data), data)
})

test('every operator is named after its model type', () => {
  for (const { name } of operators) assert.ok(modelTypes.has(name), name)
  assert.equal(new Set(operators.map(({ name }) => name)).size, operators.length)
})
