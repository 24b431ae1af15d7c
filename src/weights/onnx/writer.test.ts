import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openModel, runOnnx } from '../../../test/kit/weights/run-onnx.ts'
import { float, Message, nodeMessage, onnxDataType, tensorMessage, writeModel } from './writer.ts'

describe('protobuf messages', () => {
  it('encode integers as varints, negative ones in ten bytes', () => {
    assert.equal(new Message().int(1, 300).toBuffer().toString('hex'), '08ac02')
    assert.equal(new Message().int(1, -1).toBuffer().toString('hex'), `08${'ff'.repeat(9)}01`)
    assert.equal(
      new Message()
        .int(16, 2n ** 40n)
        .toBuffer()
        .toString('hex'),
      '8001808080808020',
    )
  })

  it('encode floats, strings and nested messages', () => {
    assert.equal(new Message().float(2, 1).toBuffer().toString('hex'), '150000803f')
    assert.equal(new Message().string(3, 'é').toBuffer().toString('hex'), '1a02c3a9')
    const inner = new Message().int(1, 1).string(2, '')
    assert.equal(new Message().message(4, inner).toBuffer().toString('hex'), '220408011200')
    assert.equal(inner.length, 4)
  })
})

describe('tensors', () => {
  it('must have as many elements as their shape', () => {
    assert.throws(() => tensorMessage('w', 'float32', [2, 2], [1, 2, 3]), /w has 3 elements but shape \[2,2\]/)
  })

  it('must have whole-number attributes unless marked as floats', () => {
    assert.throws(() => nodeMessage('Op', [], ['y'], { axis: 0.5 }), /axis is 0.5/)
    assert.throws(() => nodeMessage('Op', [], ['y'], { axes: [1, Number.NaN] }), RangeError)
    assert.ok(nodeMessage('Op', [], ['y'], { alpha: float(0.5) }).length > 0)
  })
})

describe('models', () => {
  it('load and run with every kind of attribute and element type', async () => {
    const bytes = writeModel({
      nodes: [
        // Optional inputs in the middle are left out by an empty name.
        nodeMessage('Resize', ['x', '', 'scales'], ['big'], { mode: 'nearest', nearest_mode: undefined }),
        nodeMessage('LeakyRelu', ['big'], ['leaky'], { alpha: float(0.5) }),
        nodeMessage('Transpose', ['leaky'], ['turned'], { perm: [1, 0] }),
        nodeMessage('Gather', ['turned', 'rows'], ['picked'], { axis: 0 }),
        nodeMessage('Where', ['mask', 'picked', 'zero'], ['masked']),
        nodeMessage('Cast', ['bytes'], ['widened'], { to: onnxDataType('float32') }),
        nodeMessage('Add', ['masked', 'widened'], ['y']),
      ],
      initializers: [
        tensorMessage('scales', 'float32', [2], [1, 2]),
        tensorMessage('rows', 'int64', [2], Int32Array.of(3, -4)),
        tensorMessage('mask', 'bool', [2, 1], [1, 0]),
        tensorMessage('zero', 'float32', [], [0]),
        tensorMessage('bytes', 'uint8', [1], Uint8Array.of(200)),
      ],
      inputs: [{ name: 'x', dtype: 'float32', dims: ['batch', 2] }],
      outputs: [{ name: 'y', dtype: 'float32', dims: [2, 'batch'] }],
      metadata: { source: 'test' },
    })
    const { y } = await runOnnx(bytes, { x: { dims: [1, 2], data: Float32Array.of(3, -8) } })
    assert.deepEqual(y, { dims: [2, 1], data: Float32Array.of(196, 200) })
  })

  it('declare symbolic sizes', async () => {
    const bytes = writeModel({
      nodes: [nodeMessage('Relu', ['x'], ['y'])],
      initializers: [],
      inputs: [{ name: 'x', dtype: 'float32', dims: ['batch', 2] }],
      outputs: [{ name: 'y', dtype: 'float32', dims: ['batch', 2] }],
    })
    const session = await openModel(bytes)
    const [input] = session.inputMetadata
    assert.deepEqual(input?.isTensor && input.shape, ['batch', 2])
    await session.release()
  })
})
