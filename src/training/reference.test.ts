import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { calibrate } from './calibrate.ts'
import { frameOf } from './frame.ts'
import { trainHead } from './train-head.ts'
import type { HeadOrder } from './types.ts'

interface Head {
  readonly weights: number[][]
  readonly bias: number[]
}

interface Reference {
  readonly strength: number
  readonly x: number[][]
  readonly labels: number[][]
  readonly classes: number[]
  readonly rowWeights: number[]
  readonly separate: Head
  readonly together: Head
  readonly temperature: { readonly scores: number[][]; readonly factor: number; readonly loss: number }
}

const reference = JSON.parse(await readFile(new URL('./reference/logistic.json', import.meta.url), 'utf8')) as Reference

const embeddings = Float32Array.from(reference.x.flat())
const dims = reference.x[0]!.length
const concepts = 3

function order(labels: readonly (readonly number[])[], mutuallyExclusive: boolean): HeadOrder {
  const cells = labels.flatMap((row, at) => row.map((value, concept) => ({ at, concept, value })))
  const { scale } = frameOf(embeddings, dims)
  return {
    embeddings: embeddings.slice(),
    dims,
    concepts,
    labels: {
      rows: Int32Array.from(cells, ({ at }) => at),
      concepts: Int32Array.from(cells, ({ concept }) => concept),
      values: Float32Array.from(cells, ({ value }) => value),
    },
    rowWeights: Float32Array.from(reference.rowWeights),
    mutuallyExclusive,
    // The reference decays weights of vectors as they are, not in the frame.
    hyper: { strength: reference.strength * scale ** 2, calibrate: false, tolerance: 1e-10 },
  }
}

const near = (actual: ArrayLike<number>, expected: readonly number[], what: string): void => {
  assert.equal(actual.length, expected.length)
  for (const [at, value] of expected.entries()) {
    assert.ok(Math.abs(actual[at]! - value) < 2e-6, `${what} ${at}: ${actual[at]} instead of ${value}`)
  }
}

test('heads of concepts by themselves are those of the reference', async () => {
  const head = await trainHead(order(reference.labels, false))
  near(head.weights, reference.separate.weights.flat(), 'weight')
  near(head.bias, reference.separate.bias, 'bias')
})

test('heads of concepts that exclude each other are those of the reference, biases but for what all share', async () => {
  const labels = reference.classes.map((own) => Array.from({ length: concepts }, (_, at) => (at === own ? 1 : 0)))
  const head = await trainHead(order(labels, true))
  near(head.weights, reference.together.weights.flat(), 'weight')
  const centred = (bias: readonly number[]): number[] => {
    const mean = bias.reduce((sum, value) => sum + value, 0) / bias.length
    return bias.map((value) => value - mean)
  }
  near(centred([...head.bias]), centred(reference.together.bias), 'bias')
})

test('the temperature is that of the reference', () => {
  const targets = {
    rows: reference.labels.length,
    concepts,
    wanted: Float32Array.from(reference.labels.flat()),
    weights: new Float32Array(reference.labels.length * concepts).fill(1),
  }
  const { factor, lossAfter } = calibrate(targets, reference.temperature.scores.flat(), false)
  assert.ok(Math.abs(factor - reference.temperature.factor) < 1e-4, `factor ${factor}`)
  assert.ok(Math.abs(lossAfter - reference.temperature.loss) < 1e-7, `loss ${lossAfter}`)
})
