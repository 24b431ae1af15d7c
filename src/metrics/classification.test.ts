import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { BinaryScores } from './binary.ts'
import { Classification } from './classification.ts'
import fixture from './fixtures/classification.json' with { type: 'json' }
import { RUN_RECORDS_MAX } from './limits.ts'
import { fileSpool } from './spool.ts'
import { memorySpool } from './test-spool.ts'

const close = (actual: number | undefined, expected: number, what: string, within = 1e-9): void =>
  assert.ok(actual !== undefined && Math.abs(actual - expected) <= within, `${what}: ${actual} is not ${expected}`)
const all = (actual: readonly number[], expected: readonly number[], what: string): void => {
  assert.equal(actual.length, expected.length)
  for (const [at, value] of expected.entries()) close(actual[at], value, `${what} ${at}`)
}
const examples = fixture.labels.map((labels, at) => ({
  scores: fixture.scores1024[at]!.map((score) => score / 1024),
  positives: [...labels].flatMap((label, concept) => (label === '1' ? [concept] : [])),
}))

test('binary metrics, curves, matrices and means are those of scikit-learn', () => {
  const metrics = new Classification(4, memorySpool())
  for (const { scores, positives } of examples) metrics.add(scores, positives)
  const { concepts, summary, matrices, examples: count } = metrics.result()
  assert.equal(count, examples.length)
  for (const [at, expected] of fixture.concepts.entries()) {
    const concept = concepts[at]!
    close(concept.rocAuc, expected.rocAuc, `rocAuc ${at}`)
    close(concept.averagePrecision, expected.averagePrecision, `averagePrecision ${at}`)
    close(concept.precision, expected.precision, `precision ${at}`)
    close(concept.recall, expected.recall, `recall ${at}`)
    close(concept.f1, expected.f1, `f1 ${at}`)
  }
  const { curves } = concepts[0]!
  const { fpr, tpr, precisions, recalls } = fixture.curvesOfFirst
  all(curves.fpr, fpr, 'fpr')
  all(curves.tpr, tpr, 'tpr')
  all(curves.precision, precisions, 'precision')
  all(curves.recall, recalls, 'recall')
  for (const name of ['rocAuc', 'rocAucDeviation', 'f1', 'f1Deviation', 'precision', 'recall'] as const) {
    close(summary[name], fixture.summary[name], name)
  }
  for (const [actual, row] of fixture.confusion.entries()) {
    for (const [at, value] of row.entries()) close(matrices.confusion(actual, at), value, `confusion ${actual} ${at}`)
    assert.deepEqual(
      row.map((_, at) => matrices.cooccurrence(actual, at)),
      fixture.cooccurrence[actual],
    )
  }
  const diagonal = matrices.byStrength().map((at) => fixture.confusion[at]![at]!)
  assert.deepEqual(
    diagonal,
    diagonal.toSorted((a, b) => a - b),
  )
})

test('curves run from end to end, also where a score is exactly 0 or 1', () => {
  const metrics = new Classification(4, memorySpool())
  for (const { scores, positives } of examples) metrics.add(scores, positives)
  for (const { curves, positives, negatives } of metrics.result().concepts) {
    assert.deepEqual([curves.tpr[0], curves.fpr[0], curves.tpr.at(-1), curves.fpr.at(-1)], [0, 0, 1, 1])
    assert.deepEqual([curves.recall[0], curves.recall.at(-1), curves.precision.at(-1)], [1, 0, 1])
    close(curves.precision[0], positives / (positives + negatives), 'precision at 0')
  }
})

test('what does not fit into memory is spooled, and the figures stay the same', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'limpid-metrics-'))
  const spool = fileSpool(join(dir, 'spool'))
  try {
    const [held, spooled] = [new BinaryScores(1 << 20, memorySpool()), new BinaryScores(7, spool)]
    for (const { scores, positives } of examples) {
      for (const scorer of [held, spooled]) scorer.add(scores[1]!, positives.includes(1))
    }
    assert.deepEqual(spooled.result(), held.result())
  } finally {
    spool.close()
    await rm(dir, { recursive: true, force: true })
  }
})

test('memory does not grow with the examples: all but the last run of each concept lies in the spool', () => {
  let spooled = 0
  const write = (bytes: Uint8Array): number => {
    spooled += bytes.length
    return spooled - bytes.length
  }
  const spool = { ...memorySpool(), write }
  const metrics = new Classification(2, spool)
  const examples = 200_000
  for (let at = 0; at < examples; at++) metrics.add([(at % 977) / 977, (at % 13) / 13], at % 3 === 0 ? [0] : [1])
  const bytes = 8 * 2 * (examples - (examples % RUN_RECORDS_MAX))
  assert.equal(spooled, bytes)
})

test('folds are averaged where they know the concept; matrices are over all', () => {
  const metrics = new Classification(4, memorySpool(), 2)
  const alone = [0, 1].map(() => new Classification(4, memorySpool()))
  for (const [at, { scores, positives }] of examples.entries()) {
    metrics.add(scores, positives, at % 2)
    alone[at % 2]!.add(scores, positives)
  }
  const [first, second] = alone.map((one) => one.result())
  const { concepts, matrices } = metrics.result()
  for (const [at, concept] of concepts.entries()) {
    const [a, b] = [first!.concepts[at]!, second!.concepts[at]!]
    assert.equal(concept.positives, (a.positives + b.positives) / 2)
    const tested = [a, b].filter(({ positives }) => positives > 0)
    const middle = (read: (one: typeof a) => number): number =>
      tested.reduce((sum, one) => sum + read(one), 0) / tested.length
    close(
      concept.rocAuc,
      middle(({ rocAuc }) => rocAuc!),
      'rocAuc',
    )
    close(
      concept.curves.tpr[50],
      middle(({ curves }) => curves.tpr[50]!),
      'tpr',
    )
  }
  close(matrices.confusion(0, 0), fixture.confusion[0]![0]!, 'confusion')
  // Nobody has the concept in the second fold: it says nothing.
  const lone = new Classification(1, memorySpool(), 2)
  lone.add([0.9], [0], 0)
  lone.add([0.1], [], 0)
  lone.add([0.8], [], 1)
  const [only] = lone.result().concepts
  assert.deepEqual([only!.rocAuc, only!.f1, only!.positives, only!.negatives], [1, 1, 0.5, 1])
})

test('one class, no examples, no concepts and scores that are no numbers', () => {
  const one = new Classification(2, memorySpool())
  one.add([0.9, 0.4], [0])
  one.add([0.8, 0.6], [0])
  assert.throws(() => one.add([Number.NaN, 0], [0]), RangeError)
  assert.throws(() => one.add([0.5], [0]), RangeError)
  const { concepts, summary, examples: count } = one.result()
  assert.equal(count, 2)
  assert.deepEqual([concepts[0]!.rocAuc, concepts[0]!.recall, concepts[1]!.rocAuc], [undefined, 1, undefined])
  assert.deepEqual([summary.rocAuc, summary.f1, summary.recall], [0, 1, 1])
  assert.deepEqual(new Classification(1, memorySpool()).result().summary.f1, 0)
  assert.deepEqual(new Classification(0, memorySpool()).result().concepts, [])
})
