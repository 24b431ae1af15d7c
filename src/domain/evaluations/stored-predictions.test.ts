import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { encodeMessage } from '../../contract/binary/index.ts'
import { InputBatchSchema } from '../../contract/index.ts'
import { StoredPredictions } from './stored-predictions.ts'

/** A version with an input `input-0` and so on, two in each part; notes which parts are read. */
function versionOf(parts: number) {
  const contents = new Map<string, Uint8Array>()
  for (let part = 0; part < parts; part++) {
    const inputs = [2 * part, 2 * part + 1].map((at) => ({ id: `input-${at}`, data: { text: { raw: `said ${at}` } } }))
    contents.set(`part-${part}`, encodeMessage(InputBatchSchema, create(InputBatchSchema, { inputs })))
  }
  const reads: string[] = []
  const bytes = async (hash: string): Promise<Uint8Array> => {
    reads.push(hash)
    return contents.get(hash)!
  }
  return { stored: new StoredPredictions({ bytes }, [...contents.keys()]), reads }
}

/** What is said about inputs; of those that nothing is said about, the error. */
async function saidOf(stored: StoredPredictions, ...ids: string[]): Promise<(string | undefined)[]> {
  const said = await stored.of(ids)
  return ids.map((id) => {
    const one = said.get(id)!
    return one.error ? one.error.details : one.data?.text?.raw
  })
}

const NOTHING = 'The dataset with the predictions has nothing about the input.'

test('in the order of the version each part is read once', async () => {
  const { stored, reads } = versionOf(3)
  for (let at = 0; at < 6; at += 3) {
    const ids = [at, at + 1, at + 2].map((place) => `input-${place}`)
    assert.deepEqual(await saidOf(stored, ...ids), [`said ${at}`, `said ${at + 1}`, `said ${at + 2}`])
  }
  assert.deepEqual(reads, ['part-0', 'part-1', 'part-2'])
})

test('inputs that the version does not have cost one round, not one for each part that asks', async () => {
  const { stored, reads } = versionOf(10)
  for (let at = 0; at < 20; at += 2) {
    assert.deepEqual(await saidOf(stored, `input-${at}`, `missing-${at}`, `input-${at + 1}`), [
      `said ${at}`,
      NOTHING,
      `said ${at + 1}`,
    ])
  }
  assert.ok(reads.length <= 20, `${reads.length} parts were read`)
})

test('what is asked for in another order is found, also after a round, from the part that has it', async () => {
  const { stored, reads } = versionOf(5)
  assert.deepEqual(await saidOf(stored, 'input-9', 'input-0'), ['said 9', 'said 0'])
  reads.length = 0
  assert.deepEqual(await saidOf(stored, 'input-4', 'input-1'), ['said 4', 'said 1'])
  assert.deepEqual(reads.sort(), ['part-0', 'part-2'])
})

test('a version without parts says nothing', async () => {
  assert.deepEqual(await saidOf(versionOf(0).stored, 'input-0'), [NOTHING])
})
