import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { readZip } from '../../../../test/kit/zips.ts'
import { type Entry, Mark, markedZip, ZipMark, zipOf } from './zip.ts'
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

test('an archive that is cut off at any mark goes on there with the same bytes', async () => {
  // The numbers 1 to 6: a plain file, three streamed together, a packed one, and nothing behind the last.
  const made = async function* (from = 0): AsyncGenerator<Entry<number> | Mark<number>> {
    const text = (number: number) => Buffer.from(`${number} `.repeat(number * 1_000))
    const streamed = async function* () {
      for (let number = Math.max(from + 1, 2); number <= 4; number++) {
        yield text(number)
        yield new Mark(number, number)
      }
    }
    if (from < 1) {
      yield { name: 'plain', content: text(1), plain: true }
      yield new Mark(1, 1)
    }
    if (from <= 4) yield { name: 'streamed', content: streamed() }
    if (from < 5) {
      yield { name: 'packed', content: text(5) }
      yield new Mark(5, 5)
    }
  }
  const whole = await Array.fromAsync(markedZip(made()))
  const bytes = Buffer.concat(whole.filter((one) => one instanceof Uint8Array))
  const marks = whole.filter((one) => one instanceof ZipMark)
  assert.equal(marks.length, 5)
  for (const [at, { mark, place }] of marks.entries()) {
    const files = marks.slice(0, at + 1).flatMap((one) => one.files)
    const rest = await Array.fromAsync(
      markedZip(
        made(mark.cursor),
        JSON.parse(JSON.stringify({ place, files })) as { place: typeof place; files: typeof files },
      ),
    )
    const behind = Buffer.concat(rest.filter((one) => one instanceof Uint8Array))
    assert.ok(bytes.subarray(place.offset).equals(behind), `from ${mark.cursor} on`)
  }
  assert.deepEqual([...(await readZip(bytes)).keys()], ['plain', 'streamed', 'packed'])
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
