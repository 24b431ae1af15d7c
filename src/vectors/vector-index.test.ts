import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { DamagedIndex } from './damaged.ts'
import { dot, scoreOf, toUnit } from './distance.ts'
import { byScore } from './hits.ts'
import { createIndex, openIndex, saveIndex } from './snapshot.ts'
import { boundless, clustered, none, random } from './test-vectors.ts'
import type { VectorIndex } from './vector-index.ts'

const DIMENSION = 48
const folder = mkdtempSync(join(tmpdir(), 'limpid-vectors-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const mark = { sequence: 7, token: 'abc', oldestRunning: 3 }

function filled(name: string, count: number, seed: number): { index: VectorIndex; all: Map<number, Float32Array> } {
  const index = createIndex(join(folder, name), DIMENSION, boundless)
  const make = clustered(DIMENSION, 40, seed)
  const all = new Map<number, Float32Array>()
  for (let key = 1; key <= count; key++) {
    const vector = make()
    all.set(key * 3, vector)
    index.rows.append(key * 3, vector)
  }
  return { index, all }
}

function truth(
  all: Map<number, Float32Array>,
  query: Float32Array,
  k: number,
  allowed = (_key: number) => true,
): number[] {
  return [...all]
    .filter(([key]) => allowed(key))
    .map(([key, vector]) => ({ row: 0, key, score: scoreOf(dot(query, vector)) }))
    .sort(byScore)
    .slice(0, k)
    .map(({ key }) => key)
}

const keysOf = (hits: readonly { key: number }[]): number[] => hits.map(({ key }) => key)

function recall(found: readonly number[], expected: readonly number[]): number {
  const set = new Set(found)
  return expected.filter((key) => set.has(key)).length / expected.length
}

test('exact search answers what comparing with every vector answers, ties by age', () => {
  const { index, all } = filled('exact', 900, 1)
  const twin = all.get(30)!
  index.rows.append(5_000, twin)
  all.set(5_000, twin)
  const make = clustered(DIMENSION, 40, 9)
  for (const query of [twin, make(), make(), toUnit(new Float32Array(DIMENSION).fill(1))]) {
    const { hits } = index.search({ query, k: 12, exact: true })
    assert.deepEqual(keysOf(hits), truth(all, query, 12))
  }
  const [first, second] = index.search({ query: twin, k: 2, exact: true }).hits
  assert.deepEqual([first!.key, second!.key, first!.score, second!.score], [30, 5_000, 1, 1])
})

test('a vector can be found once it is added and never again once it is removed', () => {
  const { index, all } = filled('removed', 600, 2)
  const next = random(3)
  const make = clustered(DIMENSION, 40, 4)
  let key = 10_000
  for (let step = 0; step < 400; step++) {
    if (next() < 0.5) {
      const vector = make()
      index.rows.append(++key, vector)
      all.set(key, vector)
      assert.equal(index.search({ query: vector, k: 1, exact: false }).hits[0]!.key, key)
    } else {
      const gone = [...all.keys()][Math.floor(next() * all.size)]!
      const vector = all.get(gone)!
      assert.equal(index.rows.remove(gone), true)
      assert.equal(index.rows.remove(gone), false)
      all.delete(gone)
      assert.ok(!keysOf(index.search({ query: vector, k: 5, exact: false }).hits).includes(gone))
    }
  }
  const query = make()
  assert.deepEqual(keysOf(index.search({ query, k: 20, exact: false }).hits), truth(all, query, 20))
  assert.equal(index.rows.live, all.size)
})

test('graphs find nearly all neighbours at every selectivity, while rows wait and after rows are gone', () => {
  const { index, all } = filled('graph', 9_000, 5)
  while (index.advance(512)) {}
  assert.equal(index.tail, 9_000)
  const make = clustered(DIMENSION, 40, 5)
  for (let key = 100_001; key <= 100_300; key++) {
    const vector = make()
    index.rows.append(key, vector)
    all.set(key, vector)
  }
  for (let key = 3; key < 1_500; key += 6) {
    index.rows.remove(key)
    all.delete(key)
  }
  const next = random(8)
  for (const share of [0.002, 0.01, 0.1, 0.5, 0.99]) {
    const allowed = new Set([...all.keys()].filter(() => next() < share))
    const among = Int32Array.from(allowed, (key) => index.rows.table.rowOf(key)!).sort()
    let sum = 0
    for (let at = 0; at < 20; at++) {
      const query = make()
      const { hits } = index.search({ query, k: 10, exact: false, among })
      const expected = truth(all, query, 10, (key) => allowed.has(key))
      assert.equal(hits.length, expected.length)
      for (const { key } of hits) assert.ok(allowed.has(key))
      sum += recall(keysOf(hits), expected)
    }
    assert.ok(sum / 20 >= 0.99, `recall ${sum / 20} among ${share}`)
  }
  let sum = 0
  for (let at = 0; at < 50; at++) {
    const query = make()
    const { hits, strategy } = index.search({ query, k: 10, exact: false })
    assert.equal(strategy, 'graph')
    sum += recall(keysOf(hits), truth(all, query, 10))
  }
  assert.ok(sum / 50 >= 0.99, `recall ${sum / 50}`)
})

test('an index that is kept and opened again, with its vectors on disk, answers the same and goes on growing', async () => {
  const { index, all } = filled('kept', 8_500, 11)
  while (index.advance(512)) {}
  index.rows.remove(9)
  all.delete(9)
  await saveIndex(join(folder, 'kept'), index, mark)
  const make = clustered(DIMENSION, 40, 11)
  const queries = Array.from({ length: 10 }, make)
  const before = queries.map((query) => index.search({ query, k: 7, exact: false }).hits)
  index.rows.release()

  const opened = openIndex(join(folder, 'kept'), DIMENSION, none)!
  assert.deepEqual(opened.mark, mark)
  assert.deepEqual(
    queries.map((query) => opened.index.search({ query, k: 7, exact: false }).hits),
    before,
  )
  for (const query of queries) {
    assert.deepEqual(keysOf(opened.index.search({ query, k: 7, exact: true }).hits), truth(all, query, 7))
  }
  for (let key = 50_001; key <= 50_700; key++) {
    const vector = make()
    opened.index.rows.append(key, vector)
    all.set(key, vector)
  }
  while (opened.index.advance(128)) {}
  assert.equal(opened.index.graphs.length, 2)
  await saveIndex(join(folder, 'kept'), opened.index, { sequence: 8, token: 'def', oldestRunning: 3 })
  opened.index.rows.release()

  const again = openIndex(join(folder, 'kept'), DIMENSION, none)!
  assert.deepEqual(again.mark, { sequence: 8, token: 'def', oldestRunning: 3 })
  assert.equal(again.index.graphs.length, 2)
  for (const query of queries) {
    assert.deepEqual(keysOf(again.index.search({ query, k: 7, exact: true }).hits), truth(all, query, 7))
  }
  again.index.rows.release()
})

test('graphs that are not much larger than what is behind them take it in, from their files, while others answer', async () => {
  const path = join(folder, 'taken-in')
  const { index: first, all } = filled('taken-in', 8_500, 21)
  const make = clustered(DIMENSION, 40, 21)
  let [index, key] = [first, 30_000]
  const grow = (rows: number, step: number): void => {
    for (let n = 0; n < rows; n++) {
      const vector = make()
      index.rows.append(++key, vector)
      all.set(key, vector)
    }
    index.advance(step)
    for (const query of [make(), make()]) {
      const found = keysOf(index.search({ query, k: 10, exact: false }).hits)
      assert.ok(recall(found, truth(all, query, 10)) >= 0.9)
    }
    while (index.advance(step)) {}
  }
  const parts = () => index.graphs.map(({ from, to }) => to - from)
  const reopen = async (): Promise<void> => {
    await saveIndex(path, index, mark)
    index.rows.release()
    index = openIndex(path, DIMENSION, boundless)!.index
  }
  grow(0, 512)
  for (const [rows, expected] of [
    [2_100, [8_500, 2_100]],
    [520, [8_500, 2_100, 520]],
    // All three become one, of which the first has most already.
    [520, [11_640]],
    // Too many to stay outside.
    [5_000, [16_640]],
  ] as const) {
    await reopen()
    grow(rows, 128)
    assert.deepEqual(parts(), expected)
  }
  // One that was kept while it grew goes on from there.
  for (let n = 0; n < 9_000; n++) {
    const vector = make()
    index.rows.append(++key, vector)
    all.set(key, vector)
  }
  await reopen()
  index.advance(256)
  await reopen()
  assert.deepEqual(parts(), [16_896])
  grow(0, 512)
  assert.deepEqual(parts(), [25_640])
  let sum = 0
  for (let at = 0; at < 50; at++) {
    const query = make()
    const { hits, strategy } = index.search({ query, k: 10, exact: false })
    assert.equal(strategy, 'graph')
    sum += recall(keysOf(hits), truth(all, query, 10))
  }
  assert.ok(sum / 50 >= 0.99, `recall ${sum / 50}`)
  index.rows.release()
})

test('what is kept is the index when keeping began, and nothing of one that is no longer wanted', async () => {
  const path = join(folder, 'meanwhile')
  const { index, all } = filled('meanwhile', 9_000, 22)
  while (index.advance(512)) {}
  const query = clustered(DIMENSION, 40, 22)()
  const before = index.search({ query, k: 9_000, exact: true }).hits
  const keeping = saveIndex(path, index, mark)
  index.rows.remove(before[0]!.key)
  for (let key = 1; key <= 2_000; key++) index.rows.append(100_000 + key, all.get(3)!)
  while (index.advance(512)) {}
  await keeping
  const kept = openIndex(path, DIMENSION, boundless)!
  assert.deepEqual(kept.index.search({ query, k: 9_000, exact: true }).hits, before)
  kept.index.rows.release()
  await saveIndex(path, index, { ...mark, sequence: 9 }, () => false)
  const same = openIndex(path, DIMENSION, boundless)!
  assert.deepEqual([same.mark, same.index.rows.live], [mark, 9_000])
  same.index.rows.release()
  index.rows.release()
})

test('a graph whose file is gone is damaged, and the index with it', async () => {
  const path = join(folder, 'gone')
  const { index } = filled('gone', 8_500, 23)
  while (index.advance(512)) {}
  await saveIndex(path, index, mark)
  index.rows.release()
  const opened = openIndex(path, DIMENSION, boundless)!.index
  for (let key = 1; key <= 4_000; key++) opened.rows.append(100_000 + key, opened.rows.vector(key))
  rmSync(join(path, 'graph-0-8500'))
  assert.throws(() => opened.advance(), DamagedIndex)
  opened.rows.release()
})

test('damaged files are noticed: no index is better than a wrong one', async () => {
  const path = join(folder, 'damaged')
  const { index } = filled('damaged', 8_500, 12)
  while (index.advance(512)) {}
  await saveIndex(path, index, mark)
  index.rows.release()
  assert.equal(openIndex(path, DIMENSION + 1, boundless), undefined)

  const opened = openIndex(path, DIMENSION, boundless)!
  opened.index.rows.release()
  truncateSync(join(path, 'graph-0-8500'), 1_000)
  assert.equal(openIndex(path, DIMENSION, boundless), undefined)

  await saveIndex(path, filled('damaged', 100, 12).index, mark)
  writeFileSync(join(path, 'rows.f32'), Buffer.alloc(100 * DIMENSION * 4, 1))
  const changed = openIndex(path, DIMENSION, boundless)!
  const query = clustered(DIMENSION, 4, 1)()
  assert.throws(() => changed.index.search({ query, k: 1, exact: true }), /damaged/)

  writeFileSync(join(path, 'state'), 'x')
  assert.equal(openIndex(path, DIMENSION, boundless), undefined)
})
