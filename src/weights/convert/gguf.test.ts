import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readGguf } from './gguf.ts'

type Part = Buffer

const u32 = (value: number): Part => {
  const part = Buffer.alloc(4)
  part.writeUInt32LE(value)
  return part
}
const u64 = (value: number | bigint): Part => {
  const part = Buffer.alloc(8)
  part.writeBigUInt64LE(BigInt(value))
  return part
}
const str = (value: string): Part => Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)])
const pair = (key: string, type: number, value: Part): Part => Buffer.concat([str(key), u32(type), value])
const f32 = (...values: number[]): Part => Buffer.from(Float32Array.from(values).buffer)
const f16 = (...bits: number[]): Part => Buffer.from(Uint16Array.from(bits).buffer)

function file(pairs: Part[], tensors: Part[], data: Part, { version = 3, alignment = 32 } = {}): Buffer {
  const head = Buffer.concat([
    Buffer.from('GGUF'),
    u32(version),
    u64(tensors.length),
    u64(pairs.length),
    ...pairs,
    ...tensors,
  ])
  return Buffer.concat([head, Buffer.alloc((alignment - (head.length % alignment)) % alignment), data])
}

function entry(name: string, sizes: number[], type: number, offset: number): Part {
  return Buffer.concat([str(name), u32(sizes.length), ...sizes.map(u64), u32(type), u64(offset)])
}

describe('GGUF files', () => {
  it('reads every type of header value', () => {
    const one = (...bytes: number[]): Part => Buffer.from(bytes)
    const bytes = file(
      [
        pair('u8', 0, one(200)),
        pair('i8', 1, one(200)),
        pair('u16', 2, one(1, 2)),
        pair('i16', 3, one(255, 255)),
        pair('u32', 4, u32(4_000_000_000)),
        pair('i32', 5, one(254, 255, 255, 255)),
        pair('f32', 6, f32(1.5)),
        pair('bool', 7, one(1)),
        pair('string', 8, str('häuser')),
        pair('list', 9, Buffer.concat([u32(8), u64(2), str('a'), str('b')])),
        pair('u64', 10, u64(2n ** 63n)),
        pair('i64', 11, u64(2n ** 64n - 5n)),
        pair('f64', 12, Buffer.from(Float64Array.of(0.1).buffer)),
      ],
      [],
      Buffer.alloc(0),
    )
    assert.deepEqual(Object.fromEntries(readGguf(bytes).metadata), {
      u8: 200,
      i8: -56,
      u16: 513,
      i16: -1,
      u32: 4_000_000_000,
      i32: -2,
      f32: 1.5,
      bool: true,
      string: 'häuser',
      list: ['a', 'b'],
      u64: 2n ** 63n,
      i64: -5n,
      f64: 0.1,
    })
  })

  it('decodes tensors from their aligned place, slowest dimension first', () => {
    const data = Buffer.concat([f32(1, 2, 3, 4, 5, 6), Buffer.alloc(8 + 32), f16(0x3800, 0xbc00)])
    const bytes = file(
      [pair('general.alignment', 4, u32(64))],
      [entry('a', [3, 2], 0, 0), entry('b', [2], 1, 64)],
      data,
      { alignment: 64 },
    )
    const gguf = readGguf(bytes)
    assert.deepEqual(gguf.tensorNames, ['a', 'b'])
    assert.deepEqual(gguf.tensor('a'), { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) })
    assert.deepEqual(gguf.tensor('b'), { shape: [2], data: Float32Array.of(0.5, -1) })
  })

  it('rejects what it cannot read', () => {
    const good = file([], [entry('a', [4], 0, 0), entry('q', [32], 8, 0)], f32(1, 2, 3, 4))
    assert.throws(() => readGguf(Buffer.from('GGML')), /not a GGUF/)
    assert.throws(() => readGguf(file([], [], Buffer.alloc(0), { version: 1 })), /version 1/)
    assert.throws(() => readGguf(good.subarray(0, 40)), RangeError)
    assert.throws(() => readGguf(good.subarray(0, good.length - 1)).tensor('a'), /ends inside tensor a/)
    assert.throws(() => readGguf(good).tensor('q'), /quantised element type 8/)
    assert.throws(() => readGguf(good).tensor('z'), /no tensor z/)
    const claims = Buffer.concat([Buffer.from('GGUF'), u32(3), u64(2n ** 40n), u64(0)])
    assert.throws(() => readGguf(claims), /more than the limit/)
    const longText = file([pair('s', 8, u64(2 ** 40))], [], Buffer.alloc(0))
    assert.throws(() => readGguf(longText), RangeError)
    const longList = file([pair('l', 9, Buffer.concat([u32(0), u64(2 ** 40)]))], [], Buffer.alloc(0))
    assert.throws(() => readGguf(longList), /list items/)
    const nested = Buffer.concat(Array.from({ length: 50 }, () => Buffer.concat([u32(9), u64(1)])))
    assert.throws(() => readGguf(file([pair('l', 9, nested)], [], Buffer.alloc(0))), /nested/)
  })
})
