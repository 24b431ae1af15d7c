import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sniff } from './sniff.ts'
import { bmp24, gradient, picture } from './test-images.ts'

test('pictures are known by their content', async () => {
  const files = {
    JPEG: await picture(8, 8).jpeg().toBuffer(),
    PNG: await picture(8, 8).png().toBuffer(),
    WEBP: await picture(8, 8).webp().toBuffer(),
    TIFF: await picture(8, 8).tiff().toBuffer(),
    GIF: await picture(8, 8).gif().toBuffer(),
    BMP: bmp24(gradient(8, 8), 8, 8),
  }
  for (const [format, bytes] of Object.entries(files)) {
    const sniffed = await sniff(bytes)
    assert.deepEqual([sniffed?.kind, sniffed?.format], ['image', format])
  }
})

test('text is any valid UTF-8, also when it starts like a binary format', async () => {
  for (const text of [
    'hello',
    'BMW is a make',
    'GIF stands for',
    'RIFF raff',
    'héllo wörld ☃',
    '<svg></svg>',
    'ID3 tags',
    'a,b\r\n1,2',
  ]) {
    assert.deepEqual(await sniff(Buffer.from(text)), { kind: 'text', format: 'UTF8', mime: 'text/plain' })
  }
  const long = Buffer.from(`${'x'.repeat(4_095)}é${'y'.repeat(10)}`)
  assert.equal((await sniff(long))?.kind, 'text')
})

test('unknown, empty and binary bytes are nothing', async () => {
  const late = Buffer.concat([Buffer.from('text '.repeat(2_000)), Buffer.from([0xff])])
  for (const bytes of [
    Buffer.alloc(0),
    Buffer.alloc(64),
    Buffer.from([0x66, 0xe9]),
    Buffer.from('%PDF-1.7\n\x00\x01'),
    late,
  ]) {
    assert.equal(await sniff(bytes), undefined)
  }
  assert.equal(await sniff(await picture(8, 8).avif().toBuffer()), undefined)
})
