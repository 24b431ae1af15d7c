import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeFolds, stablePart } from './folds.ts'
import { openOnnxProducts } from './onnx-products.ts'
import { plainProducts } from './products.ts'
import { makeTargets } from './targets.ts'
import { bestConcepts, clouds } from './test-heads.ts'
import { crossFit, trainHead } from './train-head.ts'
import type { HeadOrder, HeadWeights } from './types.ts'

const sigmoid = (value: number): number => 1 / (1 + Math.exp(-value))

const correct = (order: HeadOrder, found: readonly number[]): number =>
  found.filter((concept, row) => concept === row % order.concepts).length / found.length

function labels(cells: readonly (readonly [number, number, number])[]): HeadOrder['labels'] {
  return {
    rows: Int32Array.from(cells, ([row]) => row),
    concepts: Int32Array.from(cells, ([, concept]) => concept),
    values: Float32Array.from(cells, ([, , value]) => value),
  }
}

for (const mutuallyExclusive of [false, true]) {
  test(`clouds are told apart, mutually exclusive: ${mutuallyExclusive}`, async () => {
    const order = { ...clouds(90, 12, 3), mutuallyExclusive }
    const head = await trainHead(order)
    assert.ok(correct(order, bestConcepts(order, head)) >= 0.95)
    assert.deepEqual(
      head.log.concepts.map(({ positives, constant }) => ({ positives, constant })),
      Array(3).fill({ positives: 30, constant: false }),
    )
    assert.ok(head.calibration && head.calibration.lossAfter <= head.calibration.lossBefore)
    assert.equal(head.calibration.examples, 90)
  })
}

test('the same order gives the same head, and another seed another calibration', async () => {
  const [one, two] = [await trainHead(clouds(60, 8, 2, 3)), await trainHead(clouds(60, 8, 2, 3))]
  assert.deepEqual(one, two)
  const other = await trainHead({ ...clouds(60, 8, 2, 3), hyper: { seed: 5 } })
  assert.notEqual(other.calibration!.factor, one.calibration!.factor)
})

test('products of the ONNX runtime give the head of those in plain JavaScript', async () => {
  const onnx = await openOnnxProducts(1)
  const order = clouds(150, 40, 3, 2)
  const hyper = { tolerance: 1e-4, calibrate: false }
  const plain = await trainHead({ ...order, hyper })
  const fast = await trainHead({ ...order, hyper }, { makeProducts: (matrix, dims) => onnx.of(matrix, dims) })
  for (const [at, weight] of plain.weights.entries()) assert.ok(Math.abs(fast.weights[at]! - weight) < 1e-3)
  const matrix = Float32Array.from({ length: 6 }, (_, at) => at)
  for (const products of [plainProducts(matrix, 2), onnx.of(matrix, 2)]) {
    assert.deepEqual([...(await products.scores(Float64Array.of(1, 10), 1))], [10, 32, 54])
    assert.deepEqual([...(await products.gradients(Float64Array.of(1, 0, 0, 1, 1, 1), 2))], [4, 6, 6, 8])
  }
})

test('a head to begin with makes it faster, not different', async () => {
  const order = { ...clouds(80, 10, 2, 2), hyper: { calibrate: false, tolerance: 1e-6 } }
  const cold = await trainHead(order)
  const warm = await trainHead({ ...order, start: cold })
  assert.ok(warm.log.steps <= cold.log.steps / 4, `${warm.log.steps} steps after ${cold.log.steps}`)
  for (const [at, weight] of cold.weights.entries()) assert.ok(Math.abs(warm.weights[at]! - weight) < 1e-3)
})

for (const mutuallyExclusive of [false, true]) {
  test(`label by label, warm starts stay as near to the minimum as cold ones, mutually exclusive: ${mutuallyExclusive}`, async () => {
    const { makeProducts } = await products()
    const all = clouds(1_700, 24, 4, 3)
    const orderOf = (rows: number): HeadOrder => ({
      ...all,
      embeddings: all.embeddings.slice(0, rows * all.dims),
      labels: { ...all.labels, rows: all.labels.rows.slice(0, rows), concepts: all.labels.concepts.slice(0, rows) },
      mutuallyExclusive,
    })
    let warm = await trainHead(orderOf(1_680), { makeProducts })
    let [warmSteps, coldSteps] = [0, 0]
    for (let rows = 1_681; rows <= 1_700; rows++) {
      const factor = warm.calibration!.factor
      const start = { weights: warm.weights.map((v) => v / factor), bias: warm.bias.map((v) => v / factor) }
      warm = await trainHead({ ...orderOf(rows), start, heldStart: warm.held! }, { makeProducts })
      const cold = await trainHead(orderOf(rows), { makeProducts })
      warmSteps += warm.log.steps
      coldSteps += cold.log.steps
      assert.ok(Math.abs(warm.log.loss / cold.log.loss - 1) < 5e-4, `loss ${warm.log.loss} and ${cold.log.loss}`)
      assert.ok(Math.abs(warm.calibration!.factor / cold.calibration!.factor - 1) < 0.02)
      const [one, other] = [valuesOf(all, warm), valuesOf(all, cold)]
      const differences = one.map((value, at) => Math.abs(value - other[at]!))
      assert.ok(Math.max(...differences) < 0.02, `a value differs by ${Math.max(...differences)}`)
    }
    assert.ok(warmSteps < coldSteps / 2, `${warmSteps} steps and ${coldSteps}`)
  })
}

const products = async () => {
  const onnx = await openOnnxProducts(1)
  return { makeProducts: (matrix: Float32Array, dims: number) => onnx.of(matrix, dims) }
}

/** Values of all examples and concepts, each by itself. */
function valuesOf({ embeddings, dims, concepts }: HeadOrder, { weights, bias }: HeadWeights): number[] {
  return Array.from({ length: (embeddings.length / dims) * concepts }, (_, cell) => {
    const [row, concept] = [Math.floor(cell / concepts), cell % concepts]
    let sum = bias[concept]!
    for (let at = 0; at < dims; at++) sum += weights[concept * dims + at]! * embeddings[row * dims + at]!
    return sigmoid(sum)
  })
}

test('what is held out for calibration stays held out, whatever is added, and warm starts have not seen it', async () => {
  const groups = Int32Array.from({ length: 2_000 }, (_, at) => at >> 1)
  const parts = stablePart(groups, { parts: 5, seed: 1 })
  assert.deepEqual(stablePart(groups.slice(0, 900), { parts: 5, seed: 1 }), parts.slice(0, 900))
  assert.notDeepEqual(stablePart(groups, { parts: 5, seed: 2 }), parts)
  for (let at = 0; at < groups.length; at += 2) assert.equal(parts[at], parts[at + 1], 'a group is in one part')
  for (let part = 0; part < 5; part++) {
    const share = parts.filter((one) => one === part).length / parts.length
    assert.ok(Math.abs(share - 0.2) < 0.04, `part ${part} has ${share}`)
  }
  // Labels of held-out examples are turned round: a head that has seen none of them does not change with them.
  const { makeProducts } = await products()
  const order = clouds(1_600, 16, 2, 2)
  const rows = Int32Array.from({ length: 1_600 }, (_, at) => at)
  const held = stablePart(rows, { parts: 5, seed: 0 })
  const turned = order.labels.concepts.map((concept, row) => (held[row] === 0 ? 1 - concept : concept))
  const one = await trainHead(order, { makeProducts })
  const other = await trainHead({ ...order, labels: { ...order.labels, concepts: turned } }, { makeProducts })
  assert.deepEqual(other.held, one.held)
  assert.notDeepEqual(other.weights, one.weights)
})

test('concepts that the head to begin with does not know begin with nothing', async () => {
  const order = { ...clouds(90, 10, 3, 2), hyper: { calibrate: false, tolerance: 1e-6 } }
  const cold = await trainHead(order)
  const start = { weights: cold.weights.slice(), bias: cold.bias.slice(), known: Uint8Array.of(1, 0, 1) }
  start.weights.fill(Number.NaN, 10, 20)
  start.bias[1] = Number.NaN
  const warm = await trainHead({ ...order, start })
  for (const [at, weight] of cold.weights.entries()) assert.ok(Math.abs(warm.weights[at]! - weight) < 1e-3)
})

test('examples with numbers that are not finite teach nothing and spoil nothing', async () => {
  const order = clouds(40, 6, 2)
  const clean = await trainHead({ ...order, embeddings: order.embeddings.slice(12), labels: shifted(order, 2) })
  const embeddings = order.embeddings.slice()
  embeddings[0] = Number.NaN
  embeddings[7] = Number.POSITIVE_INFINITY
  const head = await trainHead({ ...order, embeddings })
  assert.equal(head.log.dropped, 2)
  assert.deepEqual(
    head.log.concepts.map(({ positives }) => positives),
    clean.log.concepts.map(({ positives }) => positives),
  )
  assert.ok([...head.weights, ...head.bias].every(Number.isFinite))
})

function shifted({ labels: { rows, concepts, values } }: HeadOrder, by: number): HeadOrder['labels'] {
  return { rows: rows.slice(by).map((row) => row - by), concepts: concepts.slice(by), values: values.slice(by) }
}

test('concepts without anything to tell apart are the same for every input', async () => {
  const order = { ...clouds(10, 4, 3), labels: labels([0, 2, 4, 6].map((row) => [row, 0, 1] as const)) }
  const head = await trainHead(order)
  assert.deepEqual(
    head.log.concepts.map(({ constant }) => constant),
    [true, true, true],
  )
  assert.ok(head.weights.every((weight) => weight === 0))
  assert.ok(sigmoid(head.bias[0]!) > 0.8 && sigmoid(head.bias[0]!) < 1)
  assert.ok(sigmoid(head.bias[1]!) < 0.02)
})

test('one example of one concept, and vectors that are all the same', async () => {
  const one = await trainHead({ ...clouds(1, 4, 1), labels: labels([[0, 0, 1]]) })
  assert.ok([...one.weights, ...one.bias].every(Number.isFinite))
  const same = { ...clouds(30, 4, 2), embeddings: new Float32Array(120).fill(3) }
  const head = await trainHead(same)
  assert.ok([...head.weights, ...head.bias].every(Number.isFinite))
})

test('negatives: labelled ones count, others are assumed where there are fewer of them than positives', () => {
  const cells = [
    [0, 0, 1],
    [1, 0, 1],
    [2, 0, 0],
    [3, 1, 1],
    [4, 1, 0],
  ] as const
  const order = { ...clouds(6, 2, 2), labels: labels(cells) }
  const made = makeTargets(order)
  assert.deepEqual(made.concepts, [
    { positives: 2, negatives: 3, assumed: 2 },
    { positives: 1, negatives: 1, assumed: 0 },
  ])
  const strict = makeTargets({ ...order, hyper: { assumeNegatives: false } })
  assert.deepEqual(strict.concepts[0], { positives: 2, negatives: 1, assumed: 0 })
})

test('where concepts exclude each other a positive denies the others, and a denial leaves the rest', () => {
  const order = {
    ...clouds(3, 2, 3),
    mutuallyExclusive: true,
    labels: labels([
      [0, 1, 1],
      [1, 0, 0],
    ]),
  }
  const { targets } = makeTargets(order)
  assert.deepEqual([...targets.wanted], [0, 1, 0, 0, 0.5, 0.5, 0, 0, 0])
  assert.deepEqual([...targets.weights], [1, 1, 1, 1, 1, 1, 0, 0, 0])
})

test('contradictory labels are counted and meet in the middle', async () => {
  const order = {
    ...clouds(20, 4, 1),
    labels: labels([
      [0, 0, 1],
      [0, 0, 0],
      [1, 0, 1],
      [2, 0, 0],
    ]),
  }
  const made = makeTargets(order)
  assert.equal(made.contradictions, 1)
  assert.equal(made.targets.wanted[0], 0.5)
  const head = await trainHead(order)
  assert.equal(head.log.contradictions, 1)
})

test('balanced classes make rare positives weigh as much as their negatives', () => {
  const cells = Array.from({ length: 10 }, (_, row) => [row, 0, row < 2 ? 1 : 0] as const)
  const order = { ...clouds(10, 2, 1), labels: labels(cells), hyper: { classWeights: 'balanced' as const } }
  const { weights } = makeTargets(order).targets
  assert.deepEqual([weights[0], weights[9]], [4, 1])
})

test('folds spread every concept evenly and are those of their seed', () => {
  const { targets } = makeTargets(clouds(50, 2, 5))
  const folds = makeFolds(targets, 5, 3)
  for (let concept = 0; concept < 5; concept++) {
    const parts = [...folds].filter((_, row) => row % 5 === concept)
    assert.deepEqual(parts.sort(), [0, 0, 1, 1, 2, 2, 3, 3, 4, 4])
  }
  assert.deepEqual(makeFolds(targets, 5, 3), folds)
  assert.notDeepEqual(makeFolds(targets, 5, 4), folds)
})

test('cross-fitted scores tell apart what they have not seen', async () => {
  const order = clouds(60, 10, 3)
  const { scores, targets, parts } = await crossFit(order, 5)
  const best = Array.from({ length: 60 }, (_, row) => {
    const own = [...scores.subarray(row * 3, row * 3 + 3)]
    return own.indexOf(Math.max(...own))
  })
  assert.ok(correct(order, best) >= 0.9)
  assert.equal(new Set(parts).size, 5)
  assert.ok(targets.weights.every((weight) => weight === 1))
})

test('a training ends where it is told to', async () => {
  const order = clouds(60, 10, 3)
  let steps = 0
  const onStep = (): void => {
    if (++steps === 2) throw new Error('enough')
  }
  await assert.rejects(trainHead(order, { onStep }), /enough/)
})
