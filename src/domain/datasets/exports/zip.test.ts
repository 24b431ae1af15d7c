import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { readZip } from '../../../../test/kit/zips.ts'
import { type Entry, zipOf } from './zip.ts'
import { centralHeader, endOf } from './zip-headers.ts'

const bytesOf = async (entries: readonly Entry[]): Promise<Buffer> => {
  const given = async function* () {
    yield* entries
  }
  return Buffer.concat(await Array.fromAsync(zipOf(given())))
}
const stream = async function* (...texts: string[]) {
  for (const text of texts) yield Buffer.from(text)
}

test('files come back as they went in: plain, packed, streamed, empty', async () => {
  const large = Buffer.from('all the same '.repeat(100_000))
  const make = () => [
    { name: 'mimetype', content: Buffer.from('text/x'), plain: true },
    { name: 'all/grün.bin', content: large },
    { name: 'streamed.json', content: stream('{"a":', '1}') },
    { name: 'empty', content: stream() },
    { name: 'none', content: Buffer.alloc(0), plain: true },
  ]
  const zip = await bytesOf(make())
  const files = await readZip(zip)
  assert.deepEqual([...files.keys()], ['mimetype', 'all/grün.bin', 'streamed.json', 'empty', 'none'])
  assert.ok(files.get('all/grün.bin')!.equals(large))
  assert.deepEqual([files.get('streamed.json')!.toString(), files.get('empty')!.length], ['{"a":1}', 0])
  assert.ok(zip.length < large.length / 10)
  // Readers look for the name and the content of the first file at these very places.
  assert.equal(zip.toString('latin1', 30, 44), 'mimetypetext/x')
  assert.ok(zip.equals(await bytesOf(make())))
})

test('other programs read them too', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'limpid-zip-'))
  try {
    const file = join(dir, 'a.zip')
    await writeFile(
      file,
      await bytesOf([
        { name: 'a', content: stream('abc') },
        { name: 'b', content: Buffer.from('d'), plain: true },
      ]),
    )
    const program =
      'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; print(z.read("a") + z.read("b"))'
    const { stdout } = await promisify(execFile)('python3', ['-c', program, file]).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error
        return { stdout: undefined }
      },
    )
    if (stdout === undefined) t.skip('there is no python3')
    else assert.equal(stdout.trim(), "b'abcd'")
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
})

test('an entry that fails ends the archive with its error, and one that is left stops the entry', async () => {
  const failing = async function* () {
    yield Buffer.from('a')
    throw new Error('no more')
  }
  await assert.rejects(bytesOf([{ name: 'a', content: failing() }]), /no more/)
})

test('numbers that are too large for the first fields stand in the extra ones', () => {
  const header = { name: 'a', offset: 5e9, isPacked: true, isStreamed: false, crc: 1, packedSize: 6e9, size: 7e9 }
  const central = centralHeader(header)
  const extra = central.subarray(47)
  assert.deepEqual([extra.readUInt16LE(0), extra.readUInt16LE(2)], [1, 24])
  assert.deepEqual(
    [0, 8, 16].map((at) => Number(extra.readBigUInt64LE(4 + at))),
    [7e9, 6e9, 5e9],
  )
  const end = endOf(70_000, 5e9, [central])
  assert.deepEqual([end.length, Number(end.readBigUInt64LE(48))], [56 + 20 + 22, 5e9])
})
