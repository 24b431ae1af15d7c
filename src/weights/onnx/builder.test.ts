import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { runOnnx } from '../../../test/kit/weights/run-onnx.ts'
import { GraphBuilder, layoutOf } from './builder.ts'
import { halvesToFloats, permuteShape, toTensorData, transposeData } from './tensor-data.ts'

/** How often a name or operator occurs in the bytes of a model. */
function occurrences(model: Buffer, text: string): number {
  return model.toString('latin1').split(text).length - 1
}

describe('graph builder', () => {
  it('writes a transpose once per value and only where layouts differ', async () => {
    const b = new GraphBuilder()
    const x = b.input('x', [1, 1, 2, 3])
    const first = b.tensor(b.node('Relu', [b.name(x, 'NCHW')]), x.shape, 'float32', 'NCHW')
    const second = b.tensor(b.node('Neg', [b.name(x, 'NCHW')]), x.shape, 'float32', 'NCHW')
    b.output('relu', first)
    b.output('again', first)
    b.output('neg', second)
    const model = b.build()
    // One in front of both operators, one behind each of the two.
    assert.equal(occurrences(model, '"\tTranspose'), 3)
    const data = Float32Array.of(1, -2, 3, -4, 5, -6)
    const { relu, again, neg } = await runOnnx(model, { x: { dims: [1, 1, 2, 3], data } })
    assert.deepEqual(relu, { dims: [1, 1, 2, 3], data: Float32Array.of(1, 0, 3, 0, 5, 0) })
    assert.deepEqual(again, relu)
    assert.deepEqual(
      neg!.data,
      data.map((value) => -value),
    )
  })

  it('takes channels-first inputs by their logical shape', async () => {
    const b = new GraphBuilder()
    const x = b.input('x', [1, 1, 2, 3], 'float32', 'NCHW')
    assert.equal(layoutOf(x), 'NCHW')
    b.output('y', x)
    const { y } = await runOnnx(b.build(), { x: { dims: [1, 3, 1, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6) } })
    assert.deepEqual(y, { dims: [1, 1, 2, 3], data: Float32Array.of(1, 3, 5, 2, 4, 6) })
  })

  it('ignores layouts of values that are not of rank 4', () => {
    const b = new GraphBuilder()
    const x = b.tensor('x', [2, 3], 'float32', 'NCHW')
    assert.equal(layoutOf(x), 'NHWC')
    assert.equal(b.name(x, 'NCHW'), 'x')
  })

  it('writes constants in the layout asked for and shares small ones', async () => {
    const b = new GraphBuilder()
    assert.equal(b.ints([1, 2]), b.ints([1, 2]))
    assert.notEqual(b.ints([1, 2]), b.ints([2, 1]))
    assert.notEqual(b.initializer('float32', [1, 2], [1, 2]), b.initializer('float32', [2, 1], [1, 2]))
    const weights = b.constant(Float32Array.of(10, 20, 30), [1, 1, 1, 3])
    const x = b.input('x', [1, 1, 2, 3], 'float32', 'NCHW')
    const sum = b.node('Add', [b.name(x, 'NCHW'), b.name(weights, 'NCHW')])
    b.output('y', b.tensor(sum, [1, 1, 2, 3], 'float32', 'NCHW'))
    b.output('w', weights)
    const { y, w } = await runOnnx(b.build(), { x: { dims: [1, 3, 1, 2], data: new Float32Array(6) } })
    assert.deepEqual(y!.data, Float32Array.of(10, 20, 30, 10, 20, 30))
    assert.deepEqual(w, { dims: [1, 1, 1, 3], data: Float32Array.of(10, 20, 30) })
  })

  it('rejects constants that do not fill their shape', () => {
    assert.throws(() => new GraphBuilder().constant(new Float32Array(3), [2, 2]), /needs 4 elements, not 3/)
  })
})

describe('tensor data', () => {
  it('permutes axes', () => {
    const data = Int32Array.of(0, 1, 2, 3, 4, 5)
    assert.deepEqual(transposeData(data, [1, 2, 3], [2, 0, 1]), Int32Array.of(0, 3, 1, 4, 2, 5))
    assert.deepEqual(permuteShape([1, 2, 3], [2, 0, 1]), [3, 1, 2])
    assert.throws(() => permuteShape([1, 2], [0, 2]), /axis 2/)
    assert.throws(() => transposeData(data, [2, 2], [1, 0]), /do not fill/)
  })

  it('widens half floats exactly', () => {
    const halves = Uint16Array.of(0x0000, 0x8000, 0x3c01, 0x03ff, 0x7bff, 0xfc00, 0x7e00)
    assert.deepEqual(
      halvesToFloats(halves),
      Float32Array.of(0, -0, 1 + 2 ** -10, 1023 * 2 ** -24, 65_504, Number.NEGATIVE_INFINITY, Number.NaN),
    )
  })

  it('converts numbers to every element type', () => {
    assert.deepEqual(toTensorData('int64', [1.9, -2]), BigInt64Array.of(1n, -2n))
    assert.deepEqual(toTensorData('bool', [0, 5]), Uint8Array.of(0, 1))
    assert.deepEqual(toTensorData('int32', [-1.9]), Int32Array.of(-1))
    assert.deepEqual(toTensorData('uint8', [255]), Uint8Array.of(255))
    assert.deepEqual(toTensorData('float32', [0.5]), Float32Array.of(0.5))
  })
})
