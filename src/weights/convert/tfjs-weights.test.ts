import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeWeights } from './tfjs-weights.ts'

function bytes(...parts: ArrayBufferView[]): Buffer {
  return Buffer.concat(parts.map((part) => new Uint8Array(part.buffer, part.byteOffset, part.byteLength)))
}

describe('weight manifests', () => {
  it('decodes plain and quantised weights that are not aligned to their size', () => {
    const data = bytes(
      Uint8Array.of(1),
      Float32Array.of(1.5, -2),
      Uint8Array.of(0, 255),
      Uint16Array.of(0, 65_535),
      Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7c00),
      Int32Array.of(-7),
      Uint8Array.of(3),
    )
    const weights = decodeWeights(
      [
        { name: 'flag', shape: [], dtype: 'bool' },
        { name: 'plain', shape: [2], dtype: 'float32' },
        { name: 'bytes', shape: [2], dtype: 'float32', quantization: { dtype: 'uint8', scale: 0.5, min: -10 } },
        { name: 'shorts', shape: [2], dtype: 'float32', quantization: { dtype: 'uint16', scale: 2, min: 1 } },
        { name: 'halves', shape: [4], dtype: 'float32', quantization: { dtype: 'float16' } },
        { name: 'int', shape: [1], dtype: 'int32' },
        { name: 'small int', shape: [1], dtype: 'int32', quantization: { dtype: 'uint8', scale: 1.9, min: 1 } },
      ],
      data,
    )
    const values = (name: string): unknown[] => Array.from(weights.get(name)!.data as Float32Array)
    assert.deepEqual(values('flag'), [1])
    assert.deepEqual(values('plain'), [1.5, -2])
    assert.deepEqual(values('bytes'), [-10, 117.5])
    assert.deepEqual(values('shorts'), [1, 131_071])
    assert.deepEqual(values('halves'), [1, -2, 2 ** -24, Number.POSITIVE_INFINITY])
    assert.deepEqual(values('int'), [-7])
    assert.deepEqual(values('small int'), [7])
    assert.equal(weights.get('small int')!.dtype, 'int32')
  })

  it('rejects data of the wrong length and unknown element types', () => {
    const spec = { name: 'w', shape: [2], dtype: 'float32' }
    assert.throws(() => decodeWeights([spec], new Uint8Array(7)), /ends inside w/)
    assert.throws(() => decodeWeights([spec], new Uint8Array(9)), /1 bytes of weight data belong to no weight/)
    assert.throws(() => decodeWeights([{ ...spec, shape: [Number.NaN] }], new Uint8Array(8)), /ends inside w/)
    assert.throws(() => decodeWeights([{ ...spec, dtype: 'string' }], new Uint8Array(8)), /string/)
  })
})
