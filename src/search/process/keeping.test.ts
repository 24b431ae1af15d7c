import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createIndex, openIndex } from '../../vectors/snapshot.ts'
import { boundless } from '../../vectors/test-vectors.ts'
import { CHANGES_OVERDUE } from '../limits.ts'
import { OpenIndex } from './keeping.ts'

const DIMENSION = 4
const folder = mkdtempSync(join(tmpdir(), 'limpid-keeping-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const mark = (sequence: number) => () => ({ sequence, token: 'abc', oldestRunning: 0 })

function opened(name: string, changes: number): OpenIndex {
  const path = join(folder, name)
  const space = { appPk: 1, versionPk: 2, dimension: DIMENSION }
  return new OpenIndex(space, path, createIndex(path, DIMENSION, boundless), changes)
}

const keptSequence = (open: OpenIndex): number | undefined => {
  const kept = openIndex(open.folder, DIMENSION, boundless)
  kept?.index.rows.release()
  return kept?.mark.sequence
}

test('an index that has changed much is overdue until it is kept; what comes meanwhile is still to be kept', async () => {
  const open = opened('overdue', CHANGES_OVERDUE - 1)
  assert.deepEqual([open.isDue(), open.isOverdue], [true, false])
  open.changed()
  assert.equal(open.isOverdue, true)
  const keeping = open.keep(mark(7), () => true)
  await Promise.resolve()
  open.changed()
  await keeping
  assert.deepEqual([open.isOverdue, open.isDue(2), open.isDue(1), open.isChanged], [false, false, true, true])
  assert.equal(keptSequence(open), 7)
  open.index.rows.release()
})

test('one is kept after the other, and what is not wanted any more not at all', async () => {
  const open = opened('in-order', 1)
  let wanted = true
  const keeping = [open.keep(mark(1), () => wanted), open.keep(mark(2), () => wanted)]
  await Promise.all(keeping)
  assert.equal(keptSequence(open), 2)
  const late = open.keep(mark(3), () => wanted)
  await Promise.resolve()
  wanted = false
  await late
  await open.keep(mark(4), () => wanted)
  assert.equal(keptSequence(open), 2)
  open.index.rows.release()
})
