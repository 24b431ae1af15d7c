import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { FakeHub, sha256Of } from '../../../test/kit/weights/fake-hub.ts'
import { silentLog } from '../../base/log.ts'
import { weightIds } from '../manifest.ts'
import type { Progress } from '../package-job.ts'
import { WeightStore } from '../store.ts'
import { hubCatalogue, hubIds } from './catalogue.ts'
import { HubStore } from './store.ts'
import type { HubCatalogue, HubSource } from './types.ts'

const MODEL = Buffer.from(Array.from({ length: 3_000_000 }, (_, at) => (at * 31 + (at >> 8)) % 256))
const TOKENS = Buffer.from('{"model":"words"}')
const REPOSITORY = 'somebody/small'

const SMALL: HubSource = {
  title: 'A small model',
  repository: REPOSITORY,
  revision: 'main',
  files: { model: { path: 'onnx/model.onnx' }, tokenizer: { path: 'tokenizer.json' } },
  modelLicense: { id: 'MIT', basis: 'stated in the package' },
  provenance: 'Made up for tests.',
  aboutBytes: 3_000_000,
}

describe('models of a hub', () => {
  let dir: string
  let hub: FakeHub
  let pauses: number[]
  const never = new AbortController().signal

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'limpid-hub-'))
    hub = await FakeHub.start()
    pauses = []
    hub.offer(REPOSITORY, 'onnx/model.onnx', MODEL)
    hub.offer(REPOSITORY, 'tokenizer.json', TOKENS)
  })
  afterEach(async () => {
    await hub.stop()
    await rm(dir, { recursive: true })
  })

  const storeOf = (catalogue: HubCatalogue = { small: SMALL }): HubStore =>
    new HubStore({
      dir,
      log: silentLog,
      base: hub.url,
      catalogue,
      fetch,
      pause: async (ms) => void pauses.push(ms),
    })

  const watch = ({ doneBytes }: Progress): void => hub.arrived(doneBytes ?? 0)

  async function pulled(store: HubStore): Promise<Readonly<Record<string, string>>> {
    const outcome = await store.pull('small', never, watch)
    assert.ok('files' in outcome, JSON.stringify(outcome))
    return outcome.files
  }

  /** Breaks one line after a part and answers nothing more after that. */
  function breakForGood(): void {
    hub.cutAfter(900_000)
    hub.failWith(0, 503, 503, 503, 503)
  }

  async function failed(store: HubStore): Promise<string> {
    const outcome = await store.pull('small', never, watch)
    assert.ok('reason' in outcome)
    assert.equal(store.files('small'), undefined)
    return outcome.reason
  }

  it('are fetched on demand, kept under their names and found again', async () => {
    const store = storeOf()
    assert.equal(store.files('small'), undefined)
    const seen: Progress[] = []
    await store.pull('small', never, (progress) => seen.push(progress))
    const files = store.files('small')!
    assert.deepEqual(await readFile(files.model!), MODEL)
    assert.deepEqual(await readFile(files.tokenizer!), TOKENS)
    assert.ok(files.model!.endsWith('model.onnx'))
    const last = seen.findLast(({ phase, totalBytes }) => phase === 'download' && totalBytes === MODEL.length)!
    assert.equal(last.doneBytes, MODEL.length)
    assert.deepEqual(storeOf().files('small'), files)
    const marker = JSON.parse(await readFile(join(dir, 'small', 'hub', 'hub.json'), 'utf8')) as {
      sources: Record<string, object>
    }
    assert.deepEqual(marker.sources.model, {
      sha256: sha256Of(MODEL),
      bytes: MODEL.length,
      commit: '0123456789abcdef0123456789abcdef01234567',
    })
    assert.deepEqual(
      await readdir(join(dir, '.work')).then((names) => names.filter((name) => name === 'hub-small')),
      [],
    )
  })

  it('go on where a broken line stopped, through redirects, and check the whole', async () => {
    hub.offer(REPOSITORY, 'onnx/model.onnx', MODEL, { announce: 'sha256', elsewhere: true })
    hub.cutAfter(1_000_000, 900_000)
    const { model } = await pulled(storeOf())
    assert.deepEqual(await readFile(model!), MODEL)
    const [first, second, third] = hub.asked
    assert.equal(first, '')
    // How much had come when the line broke is up to the network; that nothing was fetched twice is not.
    for (const range of [second, third]) assert.match(range!, /^bytes=[1-9]\d*-$/)
    assert.equal(pauses.length, 2)
  })

  it('go on after a restart of the program, too', async () => {
    breakForGood()
    const reason = await failed(storeOf())
    assert.match(reason, /somebody\/small: the hub .*; what has come so far is kept/)
    const part = await stat(join(dir, '.work', 'hub-small', 'model.part'))
    assert.ok(part.size > 0 && part.size < MODEL.length)
    hub.asked.length = 0
    const { model } = await pulled(storeOf())
    assert.equal(hub.asked[0], `bytes=${part.size}-`)
    assert.deepEqual(await readFile(model!), MODEL)
  })

  it('begin anew when the file has changed in between, or the server knows no ranges', async () => {
    breakForGood()
    await failed(storeOf())
    const newer = Buffer.from(MODEL).reverse()
    hub.offer(REPOSITORY, 'onnx/model.onnx', newer)
    assert.deepEqual(await readFile((await pulled(storeOf())).model!), newer)
    await rm(join(dir, 'small'), { recursive: true })
    await rm(join(dir, 'hub-first-use.json'))
    hub.offer(REPOSITORY, 'onnx/model.onnx', MODEL, { wholeOnly: true })
    hub.cutAfter(900_000)
    assert.deepEqual(await readFile((await pulled(storeOf())).model!), MODEL)
  })

  it('wait out a busy hub with growing pauses, but not one that refuses', async () => {
    hub.failWith(503, 429)
    await pulled(storeOf())
    assert.deepEqual(pauses, [1_000, 2_000])
    await rm(join(dir, 'small'), { recursive: true })
    hub.failWith(403)
    assert.match(await failed(storeOf()), /refuses to hand out the file/)
    assert.equal(pauses.length, 2)
  })

  it('are refused when the checksum is not the one that the hub announces', async () => {
    hub.offer(REPOSITORY, 'onnx/model.onnx', MODEL, { announce: 'wrong' })
    assert.match(await failed(storeOf()), /has the checksum [0-9a-f]{64} instead of [0-9a-f]{64}/)
    await assert.rejects(stat(join(dir, '.work', 'hub-small', 'model.part')), 'the wrong file is thrown away')
  })

  it('are refused when size or checksum are not those of the list', async () => {
    const pinned = (bytes: number, sha256: string): HubCatalogue => ({
      small: { ...SMALL, files: { ...SMALL.files, model: { path: 'onnx/model.onnx', bytes, sha256 } } },
    })
    const right = sha256Of(MODEL)
    assert.match(await failed(storeOf(pinned(MODEL.length - 1, right))), /more than the 2999999 bytes/)
    assert.match(await failed(storeOf(pinned(MODEL.length + 1, right))), /broke off after 3000000 of 3000001 bytes/)
    await rm(join(dir, '.work'), { recursive: true })
    assert.match(await failed(storeOf(pinned(MODEL.length, sha256Of(TOKENS)))), /has the checksum/)
    assert.ok(await pulled(storeOf(pinned(MODEL.length, right))))
  })

  it('must be the same when they are fetched again, for what came first is remembered', async () => {
    await pulled(storeOf())
    await rm(join(dir, 'small'), { recursive: true })
    const other = Buffer.from(MODEL)
    other[5]! ^= 1
    hub.offer(REPOSITORY, 'onnx/model.onnx', other)
    assert.match(await failed(storeOf()), /onnx\/model\.onnx: .*checksum.*remembered from the first download/)
    hub.offer(REPOSITORY, 'onnx/model.onnx', MODEL)
    await pulled(storeOf())
  })

  it('come from a folder without network, from a clone or the cache of the hub, checked in the same way', async () => {
    const carried = join(dir, 'carried')
    for (const folder of [
      join(carried, 'somebody', 'small'),
      join(carried, 'models--somebody--small', 'snapshots', 'abc'),
    ]) {
      await mkdir(join(folder, 'onnx'), { recursive: true })
      await writeFile(join(folder, 'onnx', 'model.onnx'), MODEL)
      await writeFile(join(folder, 'tokenizer.json'), TOKENS)
      const outcome = await storeOf().importFrom(carried, 'small', never)
      assert.ok(outcome && 'files' in outcome, JSON.stringify(outcome))
      assert.deepEqual(await readFile(outcome.files.model!), MODEL)
      await rm(join(dir, 'small'), { recursive: true })
      await rm(folder, { recursive: true })
    }
    assert.deepEqual(hub.asked, [])
    assert.equal(await storeOf().importFrom(carried, 'small', never), undefined)
    const clone = join(carried, 'small')
    await mkdir(join(clone, 'onnx'), { recursive: true })
    await writeFile(join(clone, 'onnx', 'model.onnx'), TOKENS)
    await writeFile(join(clone, 'tokenizer.json'), TOKENS)
    const outcome = await storeOf().importFrom(carried, 'small', never)
    assert.match((outcome as { reason: string }).reason, /the copy has the checksum/)
  })

  it('stop when they are told to, keeping what has come', async () => {
    const controller = new AbortController()
    const pull = storeOf().pull('small', controller.signal, ({ phase }) => {
      if (phase === 'download') controller.abort(new Error('enough'))
    })
    await assert.rejects(pull, /enough/)
    assert.equal(storeOf().files('small'), undefined)
    await pulled(storeOf())
  })

  it('are never fetched by a prediction, which says how to fetch them', async () => {
    const store = new WeightStore({ dir, log: silentLog, autoPull: true, hub: storeOf() })
    await assert.rejects(store.filesOf('small'), { code: 21353, details: /npx limpid models pull small/ })
    assert.deepEqual(hub.asked, [])
    await pulled(storeOf())
    assert.ok((await store.filesOf('small')).model)
  })
})

describe('the list of models of the hub', () => {
  it('names each model once, with a licence that allows use, and digests only as pairs with sizes', () => {
    for (const id of hubIds) {
      const source: HubSource = hubCatalogue[id]
      assert.ok(!(weightIds as string[]).includes(id), id)
      assert.match(id, /^[a-z0-9]+(-[a-z0-9]+)*$/)
      assert.match(source.modelLicense.id, /^(MIT|Apache-2\.0|BSD-3-Clause)$/, id)
      assert.match(source.repository, /^[\w.-]+\/[\w.-]+$/)
      const names = Object.values(source.files).map(({ path }) => path.slice(path.lastIndexOf('/') + 1))
      assert.equal(new Set(names).size, names.length, `${id}: kept names must differ`)
      for (const { sha256, bytes } of Object.values(source.files)) {
        assert.equal(sha256 === undefined, bytes === undefined, id)
        assert.match(sha256 ?? 'f'.repeat(64), /^[0-9a-f]{64}$/)
      }
    }
  })
})
