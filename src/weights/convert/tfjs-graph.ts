/** Translates TensorFlow.js graph models to ONNX. */
import { GraphBuilder, type Layout, type Value } from '../onnx/builder.ts'
import type { Dtype } from '../onnx/tensor-data.ts'
import { globalAverage } from './layer-ops.ts'
import { NodeAttributes, type TfNode } from './tfjs-node.ts'
import { tfjsOps } from './tfjs-ops/index.ts'
import { decodeWeights, type TfjsWeightGroup } from './tfjs-weights.ts'

/** The model.json of a graph model, as far as it is read here. */
export interface TfjsGraphModel {
  modelTopology: { node: readonly TfNode[] }
  weightsManifest: readonly TfjsWeightGroup[]
}

/** A tensor at which the graph is cut and fed; it may be any tensor, not only a placeholder. */
export interface GraphInput {
  tensor: string
  /** Name in the ONNX file. */
  as: string
  /** Logical shape, channels last. */
  shape: readonly number[]
  dtype?: Dtype
  layout?: Layout
}

/** A tensor to compute. */
export interface GraphOutput {
  tensor: string
  /** Name in the ONNX file. */
  as: string
  /** Average over height and width first, giving [batch, channels]. */
  globalAverage?: boolean
}

/** Where to cut a graph. */
export interface GraphCut {
  inputs: readonly GraphInput[]
  outputs: readonly GraphOutput[]
}

function tensorKey(name: string): string {
  return name.includes(':') ? name : `${name}:0`
}

function nodeName(key: string): string {
  return key.slice(0, key.lastIndexOf(':'))
}

class GraphConverter {
  readonly #b = new GraphBuilder()
  readonly #nodes: ReadonlyMap<string, TfNode>
  readonly #weights: ReturnType<typeof decodeWeights>
  readonly #values = new Map<string, Value>()

  constructor(model: TfjsGraphModel, weightBytes: Uint8Array) {
    this.#nodes = new Map(model.modelTopology.node.map((node) => [node.name, node]))
    this.#weights = decodeWeights(
      model.weightsManifest.flatMap((group) => group.weights),
      weightBytes,
    )
  }

  convert({ inputs, outputs }: GraphCut, metadata: Readonly<Record<string, string>>): Buffer {
    for (const { tensor, as, shape, dtype, layout } of inputs) {
      this.#values.set(tensorKey(tensor), this.#b.input(as, shape, dtype, layout))
    }
    for (const { tensor, as, globalAverage: average } of outputs) {
      const value = this.#evaluate(tensorKey(tensor))
      this.#b.output(as, average ? globalAverage(this.#b, value) : value)
    }
    return this.#b.build(metadata)
  }

  /** Visits what a tensor depends on before the tensor itself, without recursion: graphs are thousands of nodes deep. */
  #evaluate(wanted: string): Value {
    const pending = [wanted]
    const waiting = new Set<string>()
    for (let key = pending.at(-1); key !== undefined; key = pending.at(-1)) {
      if (this.#values.has(key)) {
        pending.pop()
        continue
      }
      const node = this.#nodes.get(nodeName(key))
      if (!node) throw new Error(`the graph has no node ${nodeName(key)}`)
      const inputs = (node.input ?? []).filter((name) => !name.startsWith('^')).map(tensorKey)
      const missing = inputs.filter((input) => !this.#values.has(input))
      if (missing.length > 0) {
        if (waiting.has(key)) throw new Error(`the graph has a cycle through ${node.name}`)
        waiting.add(key)
        pending.push(...missing)
        continue
      }
      this.#translate(
        node,
        inputs.map((input) => this.#values.get(input)!),
      )
      if (!this.#values.has(key)) throw new Error(`${node.op} ${node.name} has no output ${key}`)
    }
    return this.#values.get(wanted)!
  }

  #translate(node: TfNode, inputs: readonly Value[]): void {
    for (const [index, value] of this.#outputsOf(node, inputs).entries()) {
      this.#values.set(`${node.name}:${index}`, value)
    }
  }

  #outputsOf(node: TfNode, inputs: readonly Value[]): Value[] {
    if (node.op === 'Const') {
      const weight = this.#weights.get(node.name)
      if (!weight) throw new Error(`the model has no weight ${node.name}`)
      return [this.#b.constant(weight.data, weight.shape, weight.dtype)]
    }
    const handler = tfjsOps.get(node.op)
    if (!handler) throw new Error(`operator ${node.op} (node ${node.name}) is not supported`)
    try {
      const result = handler({ b: this.#b, op: node.op, attributes: new NodeAttributes(node), inputs })
      return Array.isArray(result) ? result : [result]
    } catch (error) {
      const shapes = inputs.map(({ shape }) => `[${shape}]`).join(' ')
      throw new Error(`cannot translate ${node.op} ${node.name} with inputs ${shapes}: ${(error as Error).message}`, {
        cause: error,
      })
    }
  }
}

/**
 * Translates the part of a graph between the given tensors to the bytes of an `.onnx` file.
 *
 * `weightBytes` are the shards joined in manifest order. Throws when the part uses an operator or an attribute that is
 * not supported.
 */
export function convertTfjsGraph(
  model: TfjsGraphModel,
  weightBytes: Uint8Array,
  cut: GraphCut,
  metadata: Readonly<Record<string, string>> = {},
): Buffer {
  return new GraphConverter(model, weightBytes).convert(cut, metadata)
}
