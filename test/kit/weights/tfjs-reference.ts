/** Runs models with TensorFlow.js itself, as the truth that conversions are measured against. */
import { dirname, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import '@tensorflow/tfjs-backend-cpu'
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm'
import { loadGraphModel } from '@tensorflow/tfjs-converter'
import * as tf from '@tensorflow/tfjs-core'
import { loadLayersModel } from '@tensorflow/tfjs-layers'
import type { PlainTensor } from './run-onnx.ts'

/** A model.json with its weights joined. */
export interface TfjsSource {
  model: { modelTopology: object; weightsManifest: readonly { weights: readonly object[] }[] }
  weights: Uint8Array
}

/** Selects the backend; `wasm` is fast, `cpu` knows every operator. */
export async function useBackend(name: 'wasm' | 'cpu'): Promise<void> {
  if (name === 'wasm') {
    setWasmPaths(dirname(fileURLToPath(import.meta.resolve('@tensorflow/tfjs-backend-wasm'))) + sep)
  }
  if (!(await tf.setBackend(name))) throw new Error(`the ${name} backend of TensorFlow.js does not start`)
}

function handler({ model, weights }: TfjsSource): tf.io.IOHandler {
  return tf.io.fromMemory({
    modelTopology: model.modelTopology,
    weightSpecs: model.weightsManifest.flatMap((group) => group.weights) as tf.io.WeightsManifestEntry[],
    weightData: new Uint8Array(weights).buffer,
  })
}

function toTensor({ dims, data }: PlainTensor): tf.Tensor {
  if (data instanceof BigInt64Array) throw new Error('TensorFlow.js has no 64-bit integers')
  return tf.tensor(data, [...dims], data instanceof Float32Array ? 'float32' : 'int32')
}

async function toPlain(tensor: tf.Tensor): Promise<PlainTensor> {
  return { dims: tensor.shape, data: (await tensor.data()) as PlainTensor['data'] }
}

/** Computes the named tensors of a graph model; any tensor of the graph may be fed. */
export async function runGraph(
  source: TfjsSource,
  feeds: Record<string, PlainTensor>,
  outputs: readonly string[],
): Promise<PlainTensor[]> {
  const model = await loadGraphModel(handler(source))
  const inputs = Object.fromEntries(Object.entries(feeds).map(([name, value]) => [name, toTensor(value)]))
  const results = model.execute(inputs, [...outputs])
  const plain = await Promise.all((Array.isArray(results) ? results : [results]).map(toPlain))
  model.dispose()
  return plain
}

/** Computes the result of a layers model with one input and one output. */
export async function runLayers(source: TfjsSource, input: PlainTensor): Promise<PlainTensor> {
  const model = await loadLayersModel(handler(source))
  const result = model.predict(toTensor(input)) as tf.Tensor
  const plain = await toPlain(result)
  model.dispose()
  return plain
}

export { tf }
