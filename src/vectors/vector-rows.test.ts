import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { Codes, codeQuery } from './codes.ts'
import { CodesFile } from './codes-file.ts'
import { dot, scoreOf, toUnit } from './distance.ts'
import { Best, byScore, type Hit } from './hits.ts'
import { PickedCodes } from './picked-codes.ts'
import type { Residency } from './residency.ts'
import { RowFile } from './row-file.ts'
import { boundless, clustered, none, random } from './test-vectors.ts'
import { VectorRows } from './vector-rows.ts'

const DIMENSION = 24
const ROWS_PER_SEGMENT = 64
const SEGMENT_BYTES = ROWS_PER_SEGMENT * DIMENSION * 4
const folder = mkdtempSync(join(tmpdir(), 'limpid-rows-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const codesOnly: Residency = { take: (_bytes, kind) => kind === 'codes', give: () => {} }
const rawOnly: Residency = { take: (_bytes, kind) => kind === 'raw', give: () => {} }
const RESIDENCIES = { boundless, codesOnly, rawOnly, none }

/** Vectors of several kinds: around centres, with one number far above the others, sparse, the same again, zeros. */
function mixed(seed: number): () => Float32Array {
  const make = clustered(DIMENSION, 9, seed, 0.3)
  const next = random(seed + 1)
  let before = make()
  return () => {
    const draw = next()
    const vector = make()
    if (draw < 0.1) return before
    if (draw < 0.12) return new Float32Array(DIMENSION)
    if (draw < 0.3) vector[3] = 5
    else if (draw < 0.4) vector.fill(0, 2)
    before = toUnit(vector)
    return before
  }
}

function filled(name: string, residency: Residency, count: number) {
  const rows = new VectorRows(DIMENSION, residency, new RowFile(join(folder, name)), undefined, SEGMENT_BYTES)
  const make = mixed(4)
  const all: Float32Array[] = []
  for (let n = 0; n < count; n++) {
    const vector = make().slice()
    all.push(vector)
    rows.append(n + 1, vector, 1_000 + (n % 300), 2_000 + n)
  }
  return { rows, all, make }
}

function truth(all: readonly Float32Array[], query: Float32Array, k: number, counts: (row: number) => boolean): Hit[] {
  return all
    .map((vector, row) => ({ row, key: row + 1, score: scoreOf(dot(query, vector)) }))
    .filter(({ row }) => counts(row))
    .sort(byScore)
    .slice(0, k)
}

for (const [name, residency] of Object.entries(RESIDENCIES)) {
  test(`comparing finds the very nearest whatever is in memory: ${name}`, () => {
    const { rows, all, make } = filled(name, residency, 1_000)
    const next = random(8)
    const gone = new Set<number>()
    for (let row = 0; row < all.length; row++) if (next() < 0.15) gone.add(row)
    for (const row of gone) rows.remove(row + 1)
    for (let at = 0; at < 12; at++) {
      const query = make()
      for (const k of [1, 10, 200]) {
        const alive = (row: number): boolean => !gone.has(row)
        assert.deepEqual(rows.scan(query, k), truth(all, query, k, alive), `k ${k}`)
        assert.deepEqual(
          rows.scan(query, k, 700),
          truth(all, query, k, (row) => row >= 700 && alive(row)),
        )
        for (const share of [0.01, 0.3]) {
          const some = Int32Array.from([...all.keys()].filter(() => next() < share))
          const among = new Set(some)
          assert.deepEqual(
            rows.scanRows(query, k, some),
            truth(all, query, k, (row) => among.has(row) && alive(row)),
          )
        }
      }
    }
    rows.release()
  })
}

test('what codes say of a product is off by no more than their bound', () => {
  const make = mixed(6)
  const vectors = Array.from({ length: 200 }, () => make().slice())
  const flat = Float32Array.from(vectors.flatMap((vector) => Array.from(vector)))
  const codes = Codes.from(flat, DIMENSION)
  for (let at = 0; at < 50; at++) {
    const query = codeQuery(make())
    const bound = codes.bound(query)
    const { offsets, cosines } = codes.nearest(query, vectors.length)
    for (let n = 0; n < 200; n++) {
      const exact = dot(query.unit, vectors[offsets[n]!]!)
      assert.ok(Math.abs(cosines[n]! - exact) <= bound)
    }
    assert.equal(new Set(Array.from(offsets)).size, vectors.length)
  }
})

test('rows picked from blocks of all kinds are found as if all were compared', () => {
  const next = random(31)
  const make = mixed(32)
  const vectors = Array.from({ length: 20 * ROWS_PER_SEGMENT }, () => make().slice())
  const blocks = Array.from({ length: 20 }, (_, block) => {
    // What two blocks hold is unlike, so that their codes are too.
    const rows = vectors.slice(block * ROWS_PER_SEGMENT, (block + 1) * ROWS_PER_SEGMENT)
    if (block % 3 === 0) for (const row of rows) toUnit(row.fill(0, 3 + block / 3))
    return Codes.from(Float32Array.from(rows.flatMap((row) => Array.from(row))), DIMENSION)
  })
  for (let time = 0; time < 60; time++) {
    const query = codeQuery(toUnit(make().slice()))
    const k = [1, 3, 40][time % 3]!
    const share = [0.02, 0.3, 1][Math.floor(next() * 3)]!
    const among = vectors.flatMap((_, row) => (next() < share ? row : []))
    const best = new Best(k)
    const score = (row: number) => scoreOf(dot(query.unit, vectors[row]!))
    const picked = new PickedCodes(DIMENSION, among.length)
    for (const row of among) {
      picked.add(row, blocks[Math.floor(row / ROWS_PER_SEGMENT)]!, row % ROWS_PER_SEGMENT)
    }
    let looked = 0
    picked.nearest(query, k, best, (row) => {
      looked++
      best.add({ row, key: row, score: score(row) })
    })
    const expected = among.map((row) => ({ row, key: row, score: score(row) })).sort(byScore)
    assert.deepEqual(best.take(), expected.slice(0, k))
    if (share === 1 && k === 1) assert.ok(looked < among.length / 2, `${looked} of ${among.length}`)
  }
})

test('codes, then vectors are taken into memory before they are asked for, as long as there is room', () => {
  const path = join(folder, 'warm')
  const codesFile = () => new CodesFile(`${path}.codes`, ROWS_PER_SEGMENT, DIMENSION)
  const first = new VectorRows(DIMENSION, boundless, new RowFile(path), codesFile(), SEGMENT_BYTES)
  const make = mixed(50)
  const all = Array.from({ length: 5 * ROWS_PER_SEGMENT }, () => make().slice())
  for (const [n, vector] of all.entries()) first.append(n + 1, vector)
  const saved = first.save()
  first.release()
  const opened = (codes: number, raw: number): VectorRows => {
    const room = { codes, raw }
    const residency: Residency = { take: (_bytes, kind) => room[kind]-- > 0, give: () => {} }
    const rows = new VectorRows(DIMENSION, residency, new RowFile(path), codesFile(), SEGMENT_BYTES)
    rows.restore(saved)
    return rows
  }
  const warmed = (rows: VectorRows): number => {
    let steps = 0
    while (rows.warm()) steps++
    return steps
  }
  const [whole, some, bare] = [opened(5, 5), opened(2, 2), opened(0, 0)]
  assert.deepEqual([warmed(whole), warmed(some), warmed(bare)], [10, 8, 6])
  // The file is gone, so that what needs no look at it shows that vectors are there.
  writeFileSync(path, '')
  const query = toUnit(make().slice())
  const expected = all
    .map((vector, row) => ({ row, key: row + 1, score: scoreOf(dot(query, vector)) }))
    .sort(byScore)
    .slice(0, 9)
  assert.deepEqual(whole.scan(query, 9), expected)
  assert.deepEqual(some.vector(ROWS_PER_SEGMENT), all[ROWS_PER_SEGMENT])
  assert.throws(() => some.scan(query, 9), /shorter/)
  assert.throws(() => bare.vector(0), /shorter/)
  for (const rows of [whole, some, bare]) rows.release()
})

test('rows that die after a list was gathered are not found, however often the list is used', () => {
  const { rows, all } = filled('gathered', boundless, 2_000)
  const list = Int32Array.from({ length: 1_200 }, (_, n) => n + (n >> 3))
  const query = toUnit(mixed(40)().slice())
  const alive = new Set<number>(list)
  for (let time = 0; time < 5; time++) {
    const expected = [...alive]
      .map((row) => ({ row, key: row + 1, score: scoreOf(dot(query, all[row]!)) }))
      .sort(byScore)
      .slice(0, 9)
    assert.deepEqual(rows.scanRows(query, 9, list, true), expected)
    for (const { row, key } of expected.slice(0, 4)) {
      rows.remove(key)
      alive.delete(row)
    }
  }
  rows.release()
})

test('rows are known by input, dead ones left out, also after they were kept and restored', () => {
  const { rows } = filled('inputs', codesOnly, 700)
  assert.deepEqual(rows.table.rowsOfInput(1_007), [607, 307, 7])
  rows.remove(308)
  assert.deepEqual(rows.table.rowsOfInput(1_007), [607, 7])
  assert.deepEqual([rows.table.inputAt(608), rows.table.annotationAt(608)], [1_008, 2_608])
  const saved = rows.save()
  rows.release()
  const again = new VectorRows(DIMENSION, none, new RowFile(join(folder, 'inputs')), undefined, SEGMENT_BYTES)
  again.restore(saved)
  assert.deepEqual(again.table.rowsOfInput(1_007), [607, 7])
  again.append(5_000, new Float32Array(DIMENSION), 1_007, 9)
  assert.deepEqual(again.table.rowsOfInput(1_007), [700, 607, 7])
  assert.deepEqual(
    [again.count, again.live, again.table.rowOf(308), again.table.rowOf(5_000)],
    [701, 700, undefined, 700],
  )
  again.release()
})

test('one damaged vector is noticed when it is read and leaves the others alone', () => {
  const { rows, all } = filled('one', codesOnly, 130)
  const saved = rows.save()
  rows.release()
  const file = join(folder, 'one')
  const bytes = readFileSync(file)
  bytes[17 * DIMENSION * 4 + 5]! ^= 1
  writeFileSync(file, bytes)
  const again = new VectorRows(DIMENSION, none, new RowFile(file), undefined, SEGMENT_BYTES)
  again.restore(saved)
  assert.deepEqual(again.vector(16), all[16])
  assert.throws(() => again.score(all[0]!, 17), /damaged/)
  assert.throws(() => again.scan(all[0]!, 1), /damaged/)
  assert.equal(again.scan(all[129]!, 1, 128)[0]!.key > 128, true)
  again.release()
})

test('room that a damaged segment was to have is left to others', () => {
  const { rows } = filled('room', none, 3 * ROWS_PER_SEGMENT)
  const saved = rows.save()
  rows.release()
  const path = join(folder, 'room')
  const bytes = readFileSync(path)
  bytes[5]! ^= 1
  writeFileSync(path, bytes)
  let used = 0
  const counting: Residency = {
    take: (size) => {
      used += size
      return true
    },
    give: (size) => {
      used -= size
    },
  }
  const damaged = new VectorRows(DIMENSION, counting, new RowFile(path), undefined, SEGMENT_BYTES)
  damaged.restore(saved)
  const query = mixed(4)()
  for (let n = 0; n < 3; n++) assert.throws(() => damaged.scan(query, 5), /damaged/)
  damaged.release()
  assert.equal(used, 0)
})

test('codes are taken from their file, unless they are damaged or of other vectors', () => {
  const [file, codesPath] = [join(folder, 'coded'), join(folder, 'coded.i8')]
  const open = (residency: Residency): VectorRows => {
    const codes = new CodesFile(codesPath, ROWS_PER_SEGMENT, DIMENSION)
    return new VectorRows(DIMENSION, residency, new RowFile(file), codes, SEGMENT_BYTES)
  }
  const rows = open(boundless)
  const make = mixed(8)
  const all = Array.from({ length: 3 * ROWS_PER_SEGMENT + 5 }, () => make().slice())
  all.forEach((vector, n) => {
    rows.append(n + 1, vector)
  })
  const saved = rows.save()
  const query = make().slice()
  const expected = truth(all, query, 9, () => true)
  const part = Array.from({ length: 100 }, (_, n) => 2 * n)
  const expectedOfPart = truth(all, query, 9, (row) => row % 2 === 0 && row < 200)
  const checked = (): void => {
    for (const residency of Object.values(RESIDENCIES)) {
      const again = open(residency)
      again.restore(saved)
      assert.deepEqual(again.scan(query, 9), expected)
      assert.deepEqual(again.scanRows(query, 9, part), expectedOfPart)
      again.release()
    }
  }
  const whole = readFileSync(codesPath)
  assert.equal(whole.length % 3, 0)
  checked()
  const record = whole.length / 3
  const other = new VectorRows(
    DIMENSION,
    none,
    new RowFile(join(folder, 'other')),
    new CodesFile(join(folder, 'other.i8'), ROWS_PER_SEGMENT, DIMENSION),
    SEGMENT_BYTES,
  )
  for (let n = 0; n < ROWS_PER_SEGMENT; n++) other.append(n + 1, make().slice())
  const ofOthers = readFileSync(join(folder, 'other.i8'))
  assert.equal(ofOthers.length, record)
  for (const bytes of [
    Buffer.concat([ofOthers, whole.subarray(record)]),
    whole.subarray(0, record + 10),
    Buffer.from(whole.map((byte, at) => (at === record + 200 ? byte ^ 1 : byte))),
    Buffer.alloc(0),
  ]) {
    writeFileSync(codesPath, bytes)
    checked()
    assert.deepEqual(readFileSync(codesPath), whole, 'they are made anew')
  }
})
