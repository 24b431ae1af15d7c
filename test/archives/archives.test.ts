import assert from 'node:assert/strict'
import { createReadStream } from 'node:fs'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import type { ArchiveFile } from '../../src/archives/archive.ts'
import { Budget } from '../../src/archives/budget.ts'
import { ARCHIVE_FILES_MAX } from '../../src/archives/limits.ts'
import { type ArchiveKind, archiveByHead, archiveByName, openArchive } from '../../src/archives/open.ts'
import { type TarPart, tarOf, zipOf } from '../kit/archives.ts'

let folder: string
let files = 0
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limpid-archives-'))
})
after(() => rm(folder, { recursive: true, force: true }))

/** What reading all files of an archive gives: their contents, or why there are none. */
async function unpack(
  bytes: Uint8Array,
  name: string,
  { skip = 0, onlyEven = false } = {},
): Promise<Record<string, string>> {
  const path = join(folder, `${files++}`)
  await writeFile(path, bytes)
  const kind = archiveByHead(bytes.subarray(0, 512), name)
  assert.ok(kind, 'an archive of a known kind')
  const { size } = await stat(path)
  const source = { size, path: async () => path, stream: async () => createReadStream(path) }
  await using archive = await openArchive(kind, source)
  const found: Record<string, string> = {}
  let at = 0
  for await (const file of archive.files(skip)) {
    if (onlyEven && at++ % 2 === 1) continue
    found[file.name] = file.refusal ?? (await contentOf(file))
  }
  return found
}

const contentOf = async (file: ArchiveFile): Promise<string> => (await buffer(file.read())).toString()

const PARTS: TarPart[] = [
  { name: 'a.txt', bytes: 'the first' },
  { name: 'empty.txt', bytes: '' },
  { name: 'folder/', type: 'Directory' },
  { name: 'folder/deep/er/b.txt', bytes: 'x'.repeat(300_000) },
  { name: '__MACOSX/folder/._b.txt', bytes: 'junk' },
  { name: 'folder/.DS_Store', bytes: 'junk' },
  { name: `${'long/'.repeat(15)}ünï.txt`, bytes: 'the last' },
]
const CONTENTS = Object.fromEntries(
  PARTS.flatMap(({ name, bytes }) => (/__MACOSX|DS_Store|\/$/.test(name) ? [] : [[name, String(bytes)]])),
)
const zipped = (parts: readonly TarPart[]): Buffer => zipOf(parts.map(({ name, bytes = '' }) => ({ name, bytes })))

const MAKE: Record<ArchiveKind, (parts: readonly TarPart[]) => Buffer> = {
  zip: zipped,
  tar: tarOf,
  'tar.gz': (parts) => gzipSync(tarOf(parts)),
  'tar.zst': (parts) => zstdCompressSync(tarOf(parts)),
}

for (const [kind, make] of Object.entries(MAKE)) {
  describe(`a ${kind} file`, () => {
    test('gives its files with their folders, without folders and junk', async () => {
      assert.deepEqual(await unpack(make(PARTS), `x.${kind}`), CONTENTS)
      assert.deepEqual(await unpack(make([]), `x.${kind}`), {})
    })

    test('gives the rest behind a number of files, also where some are not read', async () => {
      const names = Object.keys(CONTENTS)
      for (let skip = 0; skip <= names.length + 1; skip++) {
        assert.deepEqual(Object.keys(await unpack(make(PARTS), `x.${kind}`, { skip })), names.slice(skip))
      }
      const even = names.filter((_, at) => at % 2 === 0)
      assert.deepEqual(Object.keys(await unpack(make(PARTS), `x.${kind}`, { onlyEven: true })), even)
    })

    test('of many files is read to its end', async () => {
      const parts = Array.from({ length: 1_000 }, (_, n) => ({ name: `d${n % 7}/f${n}.txt`, bytes: `file ${n}` }))
      const found = await unpack(make(parts), `x.${kind}`)
      assert.equal(Object.keys(found).length, 1_000)
      assert.equal(found['d5/f978.txt'], 'file 978')
    })

    test('refuses names that lead out of it, and no others', async () => {
      const bad = ['../up.txt', 'a/../../up.txt', '/etc/passwd', 'C:\\boot.ini', 'a\\..\\..\\b']
      const found = await unpack(make([...bad, 'good.txt'].map((name) => ({ name, bytes: 'x' }))), `x.${kind}`)
      assert.equal(found['good.txt'], 'x')
      assert.equal(Object.keys(found).length, 6, Object.keys(found).join())
      for (const [name, said] of Object.entries(found)) if (name !== 'good.txt') assert.match(said, /leads out/)
    })

    test('gives names without what says nothing', async () => {
      const names = ['./a.txt', './b//c/./d.txt', 'e\\f.txt', './']
      const found = await unpack(make(names.map((name) => ({ name, bytes: name === './' ? '' : 'x' }))), `x.${kind}`)
      assert.deepEqual(Object.keys(found), ['a.txt', 'b/c/d.txt', 'e/f.txt'])
    })

    test('that was cut off ends with an error, after what could be read', async () => {
      const noise = Buffer.from(Array.from({ length: 9_000 }, (_, n) => (n * 7919) % 251))
      const bytes = make([{ name: 'a.txt', bytes: 'whole' }, ...PARTS, { name: 'z', bytes: noise }])
      for (const length of [bytes.length / 2, bytes.length - 1_100]) {
        await assert.rejects(unpack(bytes.subarray(0, length), `x.${kind}`), { code: 67000 })
      }
    })
  })
}

test('links and devices are no files', async () => {
  const tar = tarOf([
    { name: 'link', type: 'SymbolicLink', linkpath: '/etc/passwd' },
    { name: 'hard', type: 'Link', linkpath: 'a.txt' },
    { name: 'tty', type: 'CharacterDevice' },
    { name: 'a.txt', bytes: 'a' },
  ])
  const zip = zipOf([
    { name: 'link', bytes: '/etc/passwd', mode: 0o120777 },
    { name: 'tty', bytes: '', mode: 0o20666 },
    { name: 'a.txt', bytes: 'a', mode: 0o100644 },
  ])
  for (const [bytes, name] of [
    [tar, 'x.tar'],
    [zip, 'x.zip'],
  ] as const) {
    const found = await unpack(bytes, name)
    assert.equal(found['a.txt'], 'a')
    assert.match(found.link!, /link or device/)
    assert.match(found.tty!, /link or device/)
  }
})

test('a damaged file of a zip fails by itself', async () => {
  const bytes = zipOf([
    { name: 'sum', bytes: 'abc', claimedSum: 1 },
    { name: 'locked', bytes: 'abc', flags: 1 },
    { name: 'size', bytes: 'x'.repeat(5000), claimedSize: 3 },
    { name: 'good', bytes: 'abc' },
  ])
  const path = join(folder, 'damaged')
  await writeFile(path, bytes)
  const source = { size: bytes.length, path: async () => path, stream: async () => createReadStream(path) }
  await using archive = await openArchive('zip', source)
  const seen: string[] = []
  for await (const file of archive.files(0)) {
    const said = file.refusal ?? (await contentOf(file).catch((error: { details: string }) => error.details))
    seen.push(said)
  }
  assert.match(seen[0]!, /'sum' is damaged/)
  assert.match(seen[1]!, /password/)
  assert.match(seen[2]!, /'size' is damaged/)
  assert.equal(seen[3], 'abc')
})

test('bombs are ended: by the sizes that a zip claims, by what a stream unpacks to', async () => {
  const gigabyte = 1024 ** 3
  const claims = Array.from({ length: 3 }, (_, n) => ({ name: `f${n}`, bytes: '', claimedSize: 0.5 * gigabyte }))
  await assert.rejects(
    async () => {
      const path = join(folder, 'bomb')
      const bytes = zipOf(claims)
      await writeFile(path, bytes)
      const source = { size: bytes.length, path: async () => path, stream: async () => createReadStream(path) }
      await using archive = await openArchive('zip', source)
      for await (const file of archive.files(0)) assert.ok(file.size)
    },
    { code: 67000, message: /unpacks to more/ },
  )
  const budget = new Budget(1000)
  budget.bytes(gigabyte)
  assert.throws(() => budget.bytes(1), /unpacks to more/)
  const files = new Budget(1000)
  for (let n = 0; n < ARCHIVE_FILES_MAX; n++) files.file()
  assert.throws(() => files.file(), /more than 1000000 files/)
  await assert.rejects(unpack(gzipSync(gzipSync(tarOf(PARTS))), 'x.tar.gz'), { message: /packed twice/ })
})

test('kinds are known by what files begin with, tar of old by its name', () => {
  assert.equal(archiveByName('A.TGZ'), 'tar.gz')
  assert.equal(archiveByName('a.zip.txt'), undefined)
  assert.equal(archiveByHead(Buffer.from('hello'), 'x.zip'), undefined)
  assert.equal(archiveByHead(Buffer.from('hello'), 'x.tar'), 'tar')
  assert.equal(archiveByHead(Buffer.alloc(0), 'x'), undefined)
})

test('what is no archive says so', async () => {
  await assert.rejects(unpack(Buffer.from('PK\x03\x04 and nothing else'), 'x.zip'), { code: 67000 })
  await assert.rejects(unpack(gzipSync('a,b\n1,2\n'), 'x.csv.gz'), { code: 67000 })
  await assert.rejects(unpack(Buffer.alloc(4_000, 'no tar '), 'x.tar'), { code: 67000 })
})
