/** Every operator, alone and behind a convolution, against TensorFlow.js. */
import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { assertClose } from '../../../../test/kit/weights/agreement.ts'
import { runOnnx } from '../../../../test/kit/weights/run-onnx.ts'
import { runGraph, useBackend } from '../../../../test/kit/weights/tfjs-reference.ts'
import {
  feed,
  floats,
  int,
  ints,
  isImage,
  list,
  type Operand,
  operatorGraph,
  text,
  texts,
  weights,
} from '../../../../test/kit/weights/tiny-graph.ts'
import { convertTfjsGraph } from '../tfjs-graph.ts'
import type { TfAttributeValue } from '../tfjs-node.ts'
import { tfjsOps } from './index.ts'

const TOLERANCE = 1e-5

interface Case {
  op: string
  /** Tells apart several cases of one operator. */
  note?: string
  operands: Operand[]
  attr?: Record<string, TfAttributeValue>
  outputs?: number
}

const yes: TfAttributeValue = { b: true }
const image = (): Operand => feed([1, 6, 5, 3])
const float: TfAttributeValue = { type: 'DT_FLOAT' }
const strides = (y: number, x: number): TfAttributeValue => list(1, y, x, 1)
const integers = (...values: number[]): Operand => ({
  kind: 'feed',
  shape: [values.length],
  data: Int32Array.from(values),
})

const unary: Case[] = ['Relu', 'Relu6', 'Elu', 'Sigmoid', 'Tanh', 'Exp', 'Neg', 'Abs', 'Floor', 'Square'].map((op) => ({
  op,
  operands: [feed([1, 4, 5, 3], -8, 8)],
}))
const positiveUnary: Case[] = ['Sqrt', 'Rsqrt', 'Log', 'Reciprocal'].map((op) => ({
  op,
  operands: [feed([2, 7], 0.5, 4)],
}))

const binaryNames = ['Add', 'AddV2', 'Sub', 'Mul', 'Div', 'RealDiv', 'Maximum', 'Minimum', 'SquaredDifference']
const binary: Case[] = binaryNames.flatMap((op) => [
  { op, note: 'equal shapes', operands: [image(), feed([1, 6, 5, 3], 0.5, 2)] },
  { op, note: 'channel constant', operands: [image(), weights([3], 0.5, 2)] },
  { op, note: 'constant first', operands: [weights([5, 3], 0.5, 2), feed([1, 6, 5, 3], 0.5, 2)] },
  { op, note: 'scalar', operands: [image(), floats([1.5], [])] },
  { op, note: 'run-time vector', operands: [image(), feed([3], 0.5, 2)] },
])
const rounding: Case[] = ['FloorDiv', 'FloorMod'].map((op) => ({
  op,
  operands: [feed([1, 4, 4, 2], -9, 9), floats([2.5, -1.5])],
}))
const wholeRounding: Case = {
  op: 'FloorDiv',
  note: 'integers',
  operands: [integers(7, -7, 7, -7, 6, 0), integers(2, 2, -2, -2, -3, 5)],
  attr: { T: { type: 'DT_INT32' } },
}
const comparisons: Case[] = ['Equal', 'Less', 'Greater', 'GreaterEqual'].map((op) => ({
  op,
  operands: [
    { kind: 'feed', shape: [1, 2, 2, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8) },
    floats([1, 2, 3, 9, 5, 5, 7, 7], [1, 2, 2, 2]),
  ],
}))

const convolution = (padding: string, stride: number, dilation = 1): Record<string, TfAttributeValue> => ({
  strides: strides(stride, stride),
  dilations: strides(dilation, dilation),
  padding: text(padding),
})

const convolutions: Case[] = [
  { op: 'Conv2D', note: 'same, stride 2', operands: [image(), weights([3, 3, 3, 4])], attr: convolution('SAME', 2) },
  { op: 'Conv2D', note: 'valid', operands: [image(), weights([3, 2, 3, 4])], attr: convolution('VALID', 1) },
  { op: 'Conv2D', note: 'dilated', operands: [image(), weights([3, 3, 3, 2])], attr: convolution('SAME', 1, 2) },
  {
    op: 'Conv2D',
    note: 'explicit padding',
    operands: [image(), weights([3, 3, 3, 2])],
    attr: { ...convolution('EXPLICIT', 2), explicit_paddings: list(0, 0, 1, 2, 0, 1, 0, 0) },
  },
  {
    op: '_FusedConv2D',
    note: 'bias and relu6',
    operands: [image(), weights([3, 3, 3, 4], -3, 3), weights([4], -3, 3)],
    attr: { ...convolution('SAME', 1), fused_ops: texts('BiasAdd', 'Relu6'), num_args: { i: '1' } },
  },
  {
    op: '_FusedConv2D',
    note: 'bias and prelu',
    operands: [image(), weights([3, 3, 3, 4]), weights([4]), weights([1, 1, 4])],
    attr: { ...convolution('SAME', 2), fused_ops: texts('BiasAdd', 'Prelu'), num_args: { i: '2' } },
  },
  {
    op: '_FusedConv2D',
    note: 'bias and leaky relu',
    operands: [image(), weights([1, 1, 3, 4]), weights([4])],
    attr: {
      ...convolution('VALID', 1),
      fused_ops: texts('BiasAdd', 'LeakyRelu'),
      num_args: { i: '1' },
      leakyrelu_alpha: { f: 0.3 },
    },
  },
  {
    op: 'DepthwiseConv2dNative',
    note: 'multiplier 2',
    operands: [image(), weights([3, 3, 3, 2])],
    attr: convolution('SAME', 2),
  },
  {
    op: 'FusedDepthwiseConv2dNative',
    operands: [image(), weights([3, 3, 3, 1]), weights([3])],
    attr: { ...convolution('SAME', 1), fused_ops: texts('BiasAdd', 'Relu'), num_args: { i: '1' } },
  },
  ...[
    ['SAME', 2, [1, 12, 10, 4]],
    ['SAME', 2, [1, 11, 9, 4]],
    ['VALID', 2, [1, 13, 11, 4]],
    ['SAME', 1, [1, 6, 5, 4]],
  ].map(
    ([padding, stride, shape]): Case => ({
      op: 'Conv2DBackpropInput',
      note: `${padding}, stride ${stride}, to ${shape}`,
      operands: [ints(...(shape as number[])), weights([3, 3, 4, 3]), image()],
      attr: convolution(padding as string, stride as number),
    }),
  ),
]

const pools: Case[] = ['MaxPool', 'AvgPool'].flatMap((op) =>
  ['SAME', 'VALID'].map((padding) => ({
    op,
    note: padding,
    operands: [feed([1, 7, 6, 3], -3, -1)],
    attr: { ksize: strides(3, 2), strides: strides(2, 2), padding: text(padding) },
  })),
)

const normalisations: Case[] = ['FusedBatchNorm', 'FusedBatchNormV2', 'FusedBatchNormV3'].map((op) => ({
  op,
  operands: [image(), weights([3]), weights([3]), weights([3]), weights([3], 0.5, 2)],
  attr: { epsilon: { f: 0.01 }, data_format: text('NHWC') },
}))

const products: Case[] = [
  { op: 'MatMul', operands: [feed([2, 5]), weights([5, 4])] },
  {
    op: 'MatMul',
    note: 'transposed',
    operands: [feed([5, 2]), weights([4, 5])],
    attr: { transpose_a: yes, transpose_b: yes },
  },
  {
    op: '_FusedMatMul',
    operands: [feed([2, 5]), weights([5, 4]), weights([4])],
    attr: { fused_ops: texts('BiasAdd', 'Relu'), num_args: { i: '1' } },
  },
  { op: 'BatchMatMul', operands: [feed([3, 2, 5]), feed([3, 5, 4])] },
  {
    op: 'BatchMatMulV2',
    note: 'adjoint',
    operands: [feed([3, 5, 2]), feed([3, 4, 5])],
    attr: { adj_x: yes, adj_y: yes },
  },
]

const RESIZE_MODES: Record<string, TfAttributeValue>[] = [{}, { align_corners: yes }, { half_pixel_centers: yes }]

const resizes: Case[] = ['ResizeBilinear', 'ResizeNearestNeighbor'].flatMap((op) =>
  RESIZE_MODES.flatMap((attr) =>
    [
      [9, 7],
      [4, 3],
    ].map(([height, width]) => ({
      op,
      note: `${Object.keys(attr)} ${height}x${width}`,
      operands: [image(), ints(height!, width!)],
      attr,
    })),
  ),
)

const paddings: Case[] = [
  { op: 'Pad', operands: [image(), floatless([0, 0, 1, 2, 3, 0, 0, 1])] },
  { op: 'PadV2', operands: [image(), floatless([0, 0, 1, 2, 3, 0, 0, 1]), floats([2.5], [])] },
  { op: 'MirrorPad', operands: [image(), floatless([0, 0, 1, 2, 2, 1, 0, 0])], attr: { mode: text('REFLECT') } },
]

function floatless(values: number[]): Operand {
  return { kind: 'constant', shape: [values.length / 2, 2], data: Int32Array.from(values) }
}

const reductions: Case[] = ['Mean', 'Sum', 'Max', 'Min', 'Prod'].flatMap((op) => [
  { op, note: 'height and width', operands: [image(), ints(1, 2)] },
  { op, note: 'height and width kept', operands: [image(), ints(1, 2)], attr: { keep_dims: yes } },
  { op, note: 'channels', operands: [image(), ints(-1)], attr: { keep_dims: yes } },
  { op, note: 'height', operands: [image(), ints(1)] },
  { op, note: 'rank 2', operands: [feed([3, 4]), ints(0)] },
])

const shapes: Case[] = [
  { op: 'Reshape', operands: [image(), ints(2, -1, 3)] },
  { op: 'Transpose', operands: [image(), ints(0, 3, 1, 2)] },
  { op: 'Transpose', note: 'other', operands: [image(), ints(0, 2, 3, 1)] },
  { op: 'Transpose', note: 'reversed', operands: [image(), ints(3, 2, 1, 0)] },
  { op: 'Squeeze', operands: [feed([1, 1, 5, 1])] },
  { op: 'Squeeze', note: 'listed', operands: [feed([1, 1, 5, 3])], attr: { squeeze_dims: list(1) } },
  { op: 'ExpandDims', operands: [feed([1, 5, 3]), int(-1)], attr: {} },
  { op: 'ConcatV2', operands: [image(), image(), int(3)] },
  { op: 'ConcatV2', note: 'height', operands: [image(), image(), int(1)] },
  { op: 'Pack', operands: [feed([4, 3]), feed([4, 3])], attr: { axis: { i: '1' } } },
  { op: 'Unpack', operands: [feed([4, 2, 3])], attr: { axis: { i: '1' }, num: { i: '2' } }, outputs: 2 },
  { op: 'Split', operands: [int(3), feed([1, 6, 5, 4])], attr: { num_split: { i: '2' } }, outputs: 2 },
  { op: 'SplitV', operands: [feed([1, 6, 5, 4]), ints(1, -1), int(3)], attr: { num_split: { i: '2' } }, outputs: 2 },
  { op: 'Slice', operands: [image(), ints(0, 1, 2, 0), ints(1, 3, -1, 2)] },
  { op: 'GatherV2', operands: [feed([4, 3]), integers(3, 0, 3), int(0)] },
  { op: 'GatherV2', note: 'last axis', operands: [feed([4, 3]), integers(2, 0), int(-1)] },
  {
    op: 'GatherNd',
    operands: [feed([4, 3, 2]), { kind: 'feed', shape: [2, 2], data: Int32Array.of(3, 1, 0, 2) }],
  },
  { op: 'Tile', operands: [feed([2, 3]), ints(2, 3)] },
  {
    op: 'SparseToDense',
    operands: [
      { kind: 'constant', shape: [2, 2], data: Int32Array.of(0, 1, 1, 0) },
      ints(2, 2),
      floats([3, 4]),
      floats([7], []),
    ],
  },
  { op: 'DepthToSpace', operands: [feed([1, 3, 2, 8])], attr: { block_size: { i: '2' }, data_format: text('NHWC') } },
]

const stridedSlice = (note: string, cut: [number[], number[], number[]], masks: Record<string, number> = {}): Case => ({
  op: 'StridedSlice',
  note,
  operands: [image(), ints(...cut[0]), ints(...cut[1]), ints(...cut[2])],
  attr: Object.fromEntries(Object.entries(masks).map(([key, value]) => [key, { i: String(value) }])),
})

const stridedSlices: Case[] = [
  stridedSlice('plain', [
    [0, 1, 0, 0],
    [1, 5, 4, 2],
    [1, 2, 1, 1],
  ]),
  stridedSlice('negative positions', [
    [0, -3, 0, 0],
    [1, -1, 5, 3],
    [1, 1, 1, 1],
  ]),
  stridedSlice(
    'masks',
    [
      [0, 2, 9, 0],
      [0, 9, 3, 0],
      [1, 1, 1, 1],
    ],
    { begin_mask: 4, end_mask: 11 },
  ),
  stridedSlice('reversed', [
    [0, 5, 0, 0],
    [1, 1, 5, 3],
    [1, -2, 1, 1],
  ]),
  stridedSlice(
    'reversed to the start',
    [
      [0, 0, 0, 0],
      [0, 0, 5, 3],
      [1, -1, 1, 1],
    ],
    { begin_mask: 3, end_mask: 3 },
  ),
  stridedSlice(
    'one position',
    [
      [0, 2, 0, 0],
      [1, 3, 5, 3],
      [1, 1, 1, 1],
    ],
    { shrink_axis_mask: 3 },
  ),
  stridedSlice(
    'ellipsis',
    [
      [0, 1],
      [0, 2],
      [1, 1],
    ],
    { ellipsis_mask: 1 },
  ),
  stridedSlice(
    'new axis',
    [
      [0, 0, 1],
      [1, 0, 5],
      [1, 1, 1],
    ],
    { new_axis_mask: 2 },
  ),
  stridedSlice('fewer cuts than axes', [
    [0, 1],
    [1, 4],
    [1, 1],
  ]),
]

const others: Case[] = [
  { op: 'BiasAdd', operands: [image(), weights([3])] },
  { op: 'AddN', operands: [image(), image(), image()] },
  { op: 'Pow', operands: [feed([2, 3], 0.5, 2), floats([2, 0.5, 3])] },
  { op: 'LeakyRelu', operands: [image()], attr: { alpha: { f: 0.1 } } },
  { op: 'Prelu', operands: [image(), weights([1, 1, 3])] },
  { op: 'Prelu', note: 'whole map', operands: [image(), weights([6, 5, 3])] },
  { op: 'Softmax', operands: [image()] },
  { op: 'Identity', operands: [image()] },
  { op: 'StopGradient', operands: [image()] },
  { op: 'Cast', operands: [feed([1, 2, 3, 4], -5, 5)], attr: { SrcT: float, DstT: { type: 'DT_INT32' } } },
  { op: 'ArgMax', operands: [image(), int(-1)] },
  { op: 'ArgMax', note: 'height', operands: [image(), int(1)] },
  { op: 'TopKV2', operands: [feed([3, 7]), int(4)], attr: { sorted: yes }, outputs: 2 },
]

const cases: Case[] = [
  ...[unary, positiveUnary, binary, rounding, wholeRounding, comparisons, convolutions, pools, normalisations].flat(),
  ...[products, resizes, paddings, reductions, shapes, stridedSlices, others].flat(),
]

/** Operators that only compute shapes and constants; `constants.test.ts` has them. */
const FOLDED = ['Shape', 'Size', 'Fill', 'ZerosLike', 'Range', 'Select', 'SelectV2', 'LogicalAnd']

async function compare({ op, operands, attr, outputs = 1 }: Case, afterConvolution: boolean): Promise<void> {
  const graph = operatorGraph(op, operands, { T: float, ...attr }, { afterConvolution })
  const names = Array.from({ length: outputs }, (_, i) => (i === 0 ? 'op' : `op:${i}`))
  const expected = await runGraph(graph, graph.feeds, names)
  const onnx = convertTfjsGraph(graph.model, graph.weights, {
    inputs: graph.inputs,
    outputs: names.map((tensor, i) => ({ tensor, as: `out${i}` })),
  })
  const actual = await runOnnx(onnx, graph.feeds)
  for (const [i, { dims, data }] of expected.entries()) {
    const result = actual[`out${i}`]!
    assert.deepEqual(result.dims, dims)
    assertClose(Float32Array.from(result.data as Float32Array), Float32Array.from(data as Float32Array), TOLERANCE, op)
  }
}

describe('TensorFlow operators', () => {
  before(() => useBackend('cpu'))

  for (const entry of cases) {
    const label = entry.note ? `${entry.op} (${entry.note})` : entry.op
    it(label, () => compare(entry, false))
    if (entry.operands.some(isImage)) it(`${label} behind a convolution`, () => compare(entry, true))
  }

  it('are all tested', () => {
    const tested = new Set([...cases.map(({ op }) => op), ...FOLDED])
    assert.deepEqual(
      [...tfjsOps.keys()].filter((op) => !tested.has(op)),
      [],
    )
  })
})
