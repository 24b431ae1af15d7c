import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import { silentLog } from '../../base/log.ts'
import { TUNED_KINDS_MAX } from '../limits.ts'
import { temporaryFolder } from '../test-kit.ts'
import { machineName, TuningRecord } from './record.ts'

const found = (threads: number) => ({ setup: { threads, workers: 1, batch: 4 }, rate: 2, plainRate: 1 })

test('what was found is there after a restart, for this machine alone', async (t) => {
  const file = path.join(await temporaryFolder(t), 'tuning.json')
  const record = await TuningRecord.open(file, 'mine', silentLog)
  assert.equal(record.find('kind'), undefined)
  await record.keep('kind', found(2))
  const again = await TuningRecord.open(file, 'mine', silentLog)
  assert.deepEqual(again.find('kind'), found(2).setup)
  const other = await TuningRecord.open(file, 'another', silentLog)
  assert.equal(other.find('kind'), undefined)
  await other.keep('kind', found(1))
  assert.deepEqual((await TuningRecord.open(file, 'mine', silentLog)).find('kind'), found(2).setup)
  assert.notEqual(machineName(1), machineName(2))
})

test('a damaged file is begun anew', async (t) => {
  const file = path.join(await temporaryFolder(t), 'tuning.json')
  for (const text of ['{', '[1]', '{"mine":{"kind":{"setup":{"threads":0,"workers":1,"batch":1}}}}', '{"mine":3}']) {
    await writeFile(file, text)
    const record = await TuningRecord.open(file, 'mine', silentLog)
    assert.equal(record.find('kind'), undefined)
    await record.keep('kind', found(1))
    assert.equal(JSON.parse(await readFile(file, 'utf8')).mine.kind.rate, 2)
  }
})

test('the oldest kinds make room', async (t) => {
  const file = path.join(await temporaryFolder(t), 'tuning.json')
  const kinds = Array.from({ length: TUNED_KINDS_MAX }, (_, at) => [`kind ${at}`, found(1)])
  await writeFile(file, JSON.stringify({ mine: Object.fromEntries(kinds) }))
  const record = await TuningRecord.open(file, 'mine', silentLog)
  await record.keep('one more', found(2))
  assert.deepEqual([record.find('kind 0'), record.find('one more')], [undefined, found(2).setup])
  assert.ok(record.find('kind 1'))
})
