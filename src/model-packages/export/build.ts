import { readFile } from 'node:fs/promises'
import type { LinearHead } from '../../engines/embedding-classifier.ts'
import { extendModel } from '../../weights/onnx/extend.ts'
import { type Message, nodeMessage, type TensorInfo, tensorMessage, writeModel } from '../../weights/onnx/writer.ts'
import type { ExportBody, ExportedModel } from './order.ts'

/** Names of the tensors of exported files: those that an upload has without a map of fields. */
export const EXPORTED = { image: 'image', vector: 'embeddings', values: 'softmax_predictions' } as const

// Names that no converter gives.
const OWN = 'limpid/export'

/** A head as nodes: vector -> values. */
function headNodes(head: LinearHead, vector: string): { nodes: Message[]; initializers: Message[] } {
  const { rows, bias, activation, dimensions } = head
  // Written as columns, as a product of a matrix has them.
  const weights = new Float32Array(dimensions * rows.length)
  for (const [concept, row] of rows.entries()) {
    for (let at = 0; at < dimensions; at++) weights[at * rows.length + concept] = row[at]!
  }
  const squash =
    activation === 'softmax'
      ? nodeMessage('Softmax', [`${OWN}/sums`], [EXPORTED.values], { axis: -1 })
      : nodeMessage('Sigmoid', [`${OWN}/sums`], [EXPORTED.values])
  return {
    nodes: [
      nodeMessage('MatMul', [vector, `${OWN}/weights`], [`${OWN}/products`]),
      nodeMessage('Add', [`${OWN}/products`, `${OWN}/bias`], [`${OWN}/sums`]),
      squash,
    ],
    initializers: [
      tensorMessage(`${OWN}/weights`, 'float32', [dimensions, rows.length], weights),
      tensorMessage(`${OWN}/bias`, 'float32', [rows.length], Float32Array.from(bias)),
    ],
  }
}

/** An ONNX file with a head alone (`embeddings` -> values), or with its embedder before it (`image` -> values). */
export async function buildExport(
  head: LinearHead,
  body: ExportBody | undefined,
): Promise<{ readonly bytes: Buffer } & Omit<ExportedModel, 'difference'>> {
  const values: TensorInfo = { name: EXPORTED.values, dtype: 'float32', dims: ['N', head.rows.length] }
  const output = { name: values.name, type: 'FP32', dims: [-1, head.rows.length] } as const
  if (!body) {
    const input: TensorInfo = { name: EXPORTED.vector, dtype: 'float32', dims: ['N', head.dimensions] }
    const bytes = writeModel({ ...headNodes(head, input.name), inputs: [input], outputs: [values], graphName: 'head' })
    return { bytes, input: { name: input.name, type: 'FP32', dims: [-1, head.dimensions] }, output }
  }
  const taken = inputNodes(body)
  const flat = `${OWN}/vector`
  const unit = body.normalise ? `${OWN}/unit` : flat
  const { nodes, initializers } = headNodes(head, unit)
  const bytes = extendModel(await readFile(body.path), {
    before: taken.nodes,
    after: [
      nodeMessage('Reshape', [body.output, `${OWN}/shape`], [flat]),
      ...(body.normalise ? [nodeMessage('LpNormalization', [flat], [unit], { axis: -1, p: 2 })] : []),
      ...nodes,
    ],
    initializers: [
      ...taken.initializers,
      ...initializers,
      tensorMessage(`${OWN}/shape`, 'int64', [2], [-1, head.dimensions]),
    ],
    inputs: [taken.info],
    outputs: [values],
  })
  return { bytes, input: taken.exported, output }
}

/** From what an upload takes without settings (pixels from 0 to 1, red first) to what the embedder wants. */
function inputNodes({ input }: ExportBody): {
  readonly nodes: Message[]
  readonly initializers: Message[]
  readonly info: TensorInfo
  readonly exported: ExportedModel['input']
} {
  const { type, dims, channels, bgr, scales, name } = input
  const nodes: Message[] = []
  const initializers: Message[] = []
  // The embedder may have a tensor of the usual name itself; the only input is found by any.
  const own = name === EXPORTED.image ? `${OWN}/image` : EXPORTED.image
  let tensor: string = own
  const step = (op: string, operand: Message, operandName: string, attributes?: { axis: number }): void => {
    initializers.push(operand)
    nodes.push(nodeMessage(op, [tensor, operandName], [`${operandName}/done`], attributes))
    tensor = `${operandName}/done`
  }
  if (bgr) {
    step('Gather', tensorMessage(`${OWN}/bgr`, 'int64', [3], [2, 1, 0]), `${OWN}/bgr`, { axis: channels })
  }
  if (type === 'float32') {
    const shape = dims.map((_, at) => (at === channels ? 3 : 1))
    const per = (which: 'scale' | 'offset') =>
      tensorMessage(
        `${OWN}/${which}`,
        'float32',
        shape,
        Float32Array.from(scales, (one) => one[which]),
      )
    if (scales.some(({ scale }) => scale !== 1)) step('Mul', per('scale'), `${OWN}/scale`)
    if (scales.some(({ offset }) => offset !== 0)) step('Add', per('offset'), `${OWN}/offset`)
  }
  nodes.push(nodeMessage('Identity', [tensor], [name]))
  return {
    nodes,
    initializers,
    info: { name: own, dtype: type, dims },
    exported: {
      name: own,
      type: type === 'uint8' ? 'UINT8' : 'FP32',
      dims: dims.map((size) => (typeof size === 'string' ? -1 : size)),
    },
  }
}
