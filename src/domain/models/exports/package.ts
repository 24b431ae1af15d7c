import { createReadStream } from 'node:fs'
import type { ExportedTensor } from '../../../model-packages/export/order.ts'
import type { Entry } from '../../datasets/exports/zip.ts'

/** Bytes of a model that are packed together. */
const PIECE_BYTES = 1024 * 1024

/** A model as it is packed. */
export interface PackedModel {
  readonly modelId: string
  /** Path of the ONNX file. */
  readonly model: string
  /** What goes in and comes out; absent where the file alone says it. */
  readonly tensors?: { readonly input: ExportedTensor; readonly output: ExportedTensor }
  /** Ids of the classes in the order of the model's outputs; empty for embedders. */
  readonly labels: readonly string[]
  /** What whoever runs it elsewhere has to know, line by line. */
  readonly notes: readonly string[]
}

/** The files of a package in the form of Triton, which can be uploaded again: config.pbtxt, labels, the model, notes. */
export async function* packageOf(model: PackedModel): AsyncGenerator<Entry> {
  const { tensors } = model
  if (tensors) yield { name: 'config.pbtxt', content: Buffer.from(configOf(model.modelId, tensors, model.labels)) }
  if (model.labels.length > 0) yield { name: 'labels.txt', content: Buffer.from(`${model.labels.join('\n')}\n`) }
  yield { name: 'README.txt', content: Buffer.from(`${model.notes.join('\n')}\n`) }
  yield { name: '1/model.onnx', content: createReadStream(model.model, { highWaterMark: PIECE_BYTES }) }
}

function configOf(
  modelId: string,
  { input, output }: NonNullable<PackedModel['tensors']>,
  labels: readonly string[],
): string {
  const tensor = ({ name, type, dims }: ExportedTensor, more = ''): string =>
    `  {\n    name: "${name}"\n    data_type: TYPE_${type}\n    dims: [${dims.join(', ')}]\n${more}  }`
  const label = labels.length > 0 ? '    label_filename: "labels.txt"\n' : ''
  return [
    `name: "${modelId}"`,
    'backend: "onnxruntime"',
    'max_batch_size: 0',
    `input [\n${tensor(input)}\n]`,
    `output [\n${tensor(output, label)}\n]`,
    '',
  ].join('\n')
}
