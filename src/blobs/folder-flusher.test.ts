import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FolderFlusher } from './folder-flusher.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('those who ask while a flush runs share the next one; other folders do not wait', async () => {
  const running: { folder: string; end: PromiseWithResolvers<void> }[] = []
  const flusher = new FolderFlusher((folder) => {
    const end = Promise.withResolvers<void>()
    running.push({ folder, end })
    return end.promise
  })
  const first = flusher.flush('a')
  await turn()
  const ended: string[] = []
  const later = [flusher.flush('a').then(() => ended.push('a')), flusher.flush('a').then(() => ended.push('a'))]
  const other = flusher.flush('b').then(() => ended.push('b'))
  await turn()
  assert.deepEqual(
    running.map(({ folder }) => folder),
    ['a', 'b'],
  )
  running[1]!.end.resolve()
  running[0]!.end.resolve()
  await Promise.all([first, other])
  await turn()
  assert.deepEqual(
    running.map(({ folder }) => folder),
    ['a', 'b', 'a'],
  )
  assert.deepEqual(ended, ['b'], 'the flush that ran before they asked is not theirs')
  running[2]!.end.resolve()
  await Promise.all(later)
})

test('a flush that fails is the failure of those who share it alone', async () => {
  let flushes = 0
  const flusher = new FolderFlusher(async () => {
    if (++flushes === 1) throw new Error('no disk')
  })
  await assert.rejects(Promise.all([flusher.flush('a'), flusher.flush('a')]), /no disk/)
  await flusher.flush('a')
  assert.equal(flushes, 2)
})
