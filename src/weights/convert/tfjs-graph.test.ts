import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { assertClose } from '../../../test/kit/weights/agreement.ts'
import { runOnnx } from '../../../test/kit/weights/run-onnx.ts'
import { runGraph, useBackend } from '../../../test/kit/weights/tfjs-reference.ts'
import { feed, floats, int, ints, list, operatorGraph, text, weights } from '../../../test/kit/weights/tiny-graph.ts'
import { convertTfjsGraph, type TfjsGraphModel } from './tfjs-graph.ts'
import type { TfNode } from './tfjs-node.ts'

const image = feed([1, 4, 3, 2])

function appended(graph: ReturnType<typeof operatorGraph>, nodes: TfNode[]): ReturnType<typeof operatorGraph> {
  const { modelTopology, weightsManifest } = graph.model
  return {
    ...graph,
    model: { weightsManifest, modelTopology: { ...modelTopology, node: [...modelTopology.node, ...nodes] } },
  }
}

function convert(graph: ReturnType<typeof operatorGraph>, tensor = 'op'): Buffer {
  return convertTfjsGraph(graph.model, graph.weights, { inputs: graph.inputs, outputs: [{ tensor, as: 'out' }] })
}

async function result(
  graph: ReturnType<typeof operatorGraph>,
  tensor = 'op',
): Promise<{ dims: readonly number[]; values: number[] }> {
  const { out } = await runOnnx(convert(graph, tensor), graph.feeds)
  return { dims: out!.dims, values: Array.from(out!.data as Float32Array, Number) }
}

describe('graph conversion', () => {
  before(() => useBackend('cpu'))

  it('computes shapes while converting', async () => {
    // Reshape to [shape[0], shape[1] * shape[2] / 2 * 2, fill], the way exporters flatten feature maps.
    const graph = appended(
      operatorGraph('Shape', [image], { T: { type: 'DT_FLOAT' }, out_type: { type: 'DT_INT32' } }),
      [
        { name: 'sizes', op: 'Unpack', input: ['op'], attr: { num: { i: '4' }, axis: { i: '0' } } },
        { name: 'area', op: 'Mul', input: ['sizes:1', 'sizes:2'] },
        { name: 'target', op: 'Pack', input: ['sizes', 'area', 'sizes:3'], attr: { axis: { i: '0' } } },
        { name: 'flat', op: 'Reshape', input: ['in0', 'target'] },
      ],
    )
    const [expected] = await runGraph(graph, graph.feeds, ['flat'])
    const actual = await result(graph, 'flat')
    assert.deepEqual(actual.dims, [1, 12, 2])
    assertClose(actual.values, expected!.data as Float32Array, 0, 'flattened')
  })

  it('folds constants with broadcasting', async () => {
    const graph = operatorGraph('Sub', [floats([1, 2, 3, 4, 5, 6], [2, 3]), floats([10, 20], [2, 1])])
    assert.deepEqual((await result(graph)).values, [-9, -8, -7, -16, -15, -14])
  })

  for (const [op, operands, dims, values] of [
    ['Size', [image], [], [24]],
    ['Fill', [ints(2, 2), floats([3], [])], [2, 2], [3, 3, 3, 3]],
    ['ZerosLike', [floats([1, 2])], [2], [0, 0]],
    ['Range', [int(7), int(1), int(-2)], [3], [7, 5, 3]],
  ] as const) {
    it(`knows the result of ${op}`, async () => {
      assert.deepEqual(await result(operatorGraph(op, operands)), { dims, values })
    })
  }

  it('chooses between values by a condition', async () => {
    for (const op of ['Select', 'SelectV2']) {
      const graph = appended(operatorGraph('Greater', [floats([1, 5, 2, 9]), floats([3])]), [
        { name: 'low', op: 'Less', input: ['in0', 'nine'] },
        { name: 'both', op: 'LogicalAnd', input: ['op', 'low'] },
        { name: 'chosen', op, input: ['both', 'in0', 'in1'] },
        { name: 'nine', op: 'Const' },
      ])
      graph.model.weightsManifest[0]!.weights.push({ name: 'nine', shape: [], dtype: 'float32' })
      graph.weights = Buffer.concat([graph.weights, new Uint8Array(Float32Array.of(9).buffer)])
      assert.deepEqual((await result(graph, 'chosen')).values, [3, 5, 3, 3])
    }
  })

  it('cuts the graph at any tensor and averages on demand', async () => {
    const graph = appended(operatorGraph('SomethingUnknown', [image]), [
      { name: 'relu', op: 'Relu', input: ['op', '^in0'] },
    ])
    const onnx = convertTfjsGraph(
      graph.model,
      graph.weights,
      {
        inputs: [{ tensor: 'op', as: 'cut', shape: [1, 2, 2, 2], layout: 'NCHW' }],
        outputs: [{ tensor: 'relu', as: 'mean', globalAverage: true }],
      },
      { license: 'none' },
    )
    // Channels first: channel 0 is 1 2 3 -4, channel 1 is 5 6 7 8.
    const { mean } = await runOnnx(onnx, {
      cut: { dims: [1, 2, 2, 2], data: Float32Array.of(1, 2, 3, -4, 5, 6, 7, 8) },
    })
    assert.deepEqual(Array.from(mean!.data as Float32Array), [1.5, 6.5])
    assert.ok(onnx.includes('license'), 'the metadata is in the file')
  })

  it('says which node cannot be translated and why', () => {
    const cases: [ReturnType<typeof operatorGraph>, RegExp][] = [
      [operatorGraph('NonMaxSuppressionV5', [image]), /operator NonMaxSuppressionV5 \(node op\) is not supported/],
      [operatorGraph('MirrorPad', [image, ints(0, 0, 1, 1, 1, 1, 0, 0)], { mode: text('SYMMETRIC') }), /symmetric/],
      [operatorGraph('Conv2D', [image, feed([1, 1, 2, 2])], { padding: text('SAME') }), /must be a constant/],
      [operatorGraph('Conv2D', [image, weights([1, 1, 2, 2])], { padding: text('EXPLICIT') }), /padding 'EXPLICIT'/],
      [
        operatorGraph('MaxPool', [image], {
          padding: text('SAME'),
          ksize: list(1, 2, 2, 1),
          strides: list(1, 2, 2, 1),
          data_format: text('NCHW'),
        }),
        /channels-first/,
      ],
      [operatorGraph('Reshape', [image, ints(5, 5)]), /cannot reshape/],
      [operatorGraph('Add', [image, weights([7])]), /do not broadcast/],
      [operatorGraph('Cast', [image], { DstT: { type: 'DT_COMPLEX64' } }), /DT_COMPLEX64/],
      [operatorGraph('Squeeze', [image], { squeeze_dims: list(9) }), /outside rank 4/],
      [operatorGraph('Relu', []), /has no input 0/],
    ]
    for (const [graph, message] of cases) assert.throws(() => convert(graph), message)
  })

  it('rejects graphs that are not whole', () => {
    const graph = operatorGraph('Relu', [image])
    assert.throws(() => convert(graph, 'elsewhere'), /no node elsewhere/)
    assert.throws(() => convert(graph, 'op:1'), /no output op:1/)
    assert.throws(() => convert(appended(graph, [{ name: 'lost', op: 'Const' }]), 'lost'), /no weight lost/)
    const cycle: TfNode[] = [
      { name: 'a', op: 'Relu', input: ['b'] },
      { name: 'b', op: 'Relu', input: ['a'] },
    ]
    assert.throws(() => convert(appended(graph, cycle), 'a'), /cycle/)
  })

  it('follows chains much deeper than a call stack', () => {
    const depth = 20_000
    const chain = Array.from({ length: depth }, (_, i): TfNode => {
      return { name: `n${i + 1}`, op: 'Identity', input: [i === 0 ? 'op' : `n${i}`] }
    })
    const model: TfjsGraphModel = appended(operatorGraph('Relu', [image]), chain).model
    const cut = {
      inputs: [{ tensor: 'in0', as: 'in0', shape: [1, 4, 3, 2] }],
      outputs: [{ tensor: `n${depth}`, as: 'out' }],
    }
    assert.ok(convertTfjsGraph(model, new Uint8Array(0), cut).length > 0)
  })
})
