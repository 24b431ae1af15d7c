import { closeSync, fstatSync, openSync } from 'node:fs'
import { uploadProblem } from '../engines/onnx-model/problem.ts'
import { GRAPH_DEPTH_MAX, NODES_MAX, ONNX_TEXT_BYTES_MAX, OPSET_MAX, OPSET_MIN } from './limits.ts'
import { WireError, type WireField, WireFile } from './wire-file.ts'

/** Domains whose operators the runtime has built in; '' is that of ONNX itself. */
const BUILT_IN_DOMAINS = new Set(['', 'ai.onnx', 'ai.onnx.ml', 'com.microsoft'])
/** `TensorProto.data_location` of weights in another file. */
const EXTERNAL = 1n

// Field numbers of onnx.proto3.
const MODEL = { graph: 7, opsetImport: 8, functions: 25 } as const
const OPSET = { domain: 1, version: 2 } as const
const GRAPH = { node: 1, initializer: 5, sparseInitializer: 15 } as const
const NODE = { opType: 4, attribute: 5, domain: 7 } as const
const ATTRIBUTE = { tensor: 5, graph: 6, tensors: 10, graphs: 11, sparse: 22, sparses: 23 } as const
const SPARSE = { values: 1, indices: 2 } as const
const TENSOR = { externalData: 13, dataLocation: 14 } as const
const FUNCTION = { name: 1, node: 7, opsetImport: 9, domain: 10 } as const

/**
 * Reads the structure of a model file without its weights and refuses what must not reach the runtime: other formats,
 * operator sets out of range, operators of libraries, weights in other files, graphs nested without end. Throws
 * AppError 21105.
 */
export function checkOnnxStructure(path: string): void {
  const fd = openSync(path, 'r')
  try {
    new Reader(new WireFile(fd)).model(fstatSync(fd).size)
  } catch (error) {
    if (error instanceof WireError)
      throw uploadProblem(`The file is not an ONNX model, or not all of it: ${error.message}.`)
    throw error
  } finally {
    closeSync(fd)
  }
}

interface Used {
  readonly domain: string
  readonly op: string
}

class Reader {
  readonly #file: WireFile
  readonly #functions = new Set<string>()
  /** Operators of other domains, by name, which the model must define as functions itself. */
  readonly #foreign = new Map<string, Used>()
  #nodes = 0

  constructor(file: WireFile) {
    this.#file = file
  }

  model(size: number): void {
    let graphs = 0
    let opset: bigint | undefined
    for (const field of this.#file.fields(0, size)) {
      if (field.kind !== 'bytes') continue
      if (field.number === MODEL.graph) {
        graphs++
        this.#graph(field.start, field.end, 0)
      } else if (field.number === MODEL.opsetImport) {
        opset = this.#opset(field) ?? opset
      } else if (field.number === MODEL.functions) this.#function(field.start, field.end)
    }
    if (graphs !== 1) throw new WireError('it has no graph')
    if (opset === undefined)
      throw uploadProblem('The model does not say which ONNX operator set it uses; export it again.')
    const [stranger] = [...this.#foreign].filter(([key]) => !this.#functions.has(key)).map(([, used]) => used)
    if (!stranger) return
    throw uploadProblem(
      `The model uses the operator '${stranger.op}' of '${stranger.domain}', which belongs to a library of its maker; use operators of ONNX only.`,
    )
  }

  /** Version of the ONNX operator set, if the entry is about that. */
  #opset({ start, end }: Extract<WireField, { kind: 'bytes' }>): bigint | undefined {
    let domain = ''
    let version = 0n
    for (const field of this.#file.fields(start, end)) {
      if (field.number === OPSET.domain && field.kind === 'bytes') domain = this.#text(field)
      if (field.number === OPSET.version && field.kind === 'varint') version = field.value
    }
    if (domain !== '' && domain !== 'ai.onnx') return undefined
    if (version >= OPSET_MIN && version <= OPSET_MAX) return version
    throw uploadProblem(
      `The model uses version ${version} of the ONNX operator set; export it with ${OPSET_MIN} to ${OPSET_MAX}.`,
    )
  }

  #function(start: number, end: number): void {
    let name = ''
    let domain = ''
    for (const field of this.#file.fields(start, end)) {
      if (field.kind !== 'bytes') continue
      if (field.number === FUNCTION.name) name = this.#text(field)
      else if (field.number === FUNCTION.domain) domain = this.#text(field)
      else if (field.number === FUNCTION.opsetImport) this.#opset(field)
      else if (field.number === FUNCTION.node) this.#node(field.start, field.end, 0)
    }
    this.#functions.add(keyOf({ domain, op: name }))
  }

  #graph(start: number, end: number, depth: number): void {
    if (depth > GRAPH_DEPTH_MAX) throw uploadProblem(`The model nests graphs deeper than ${GRAPH_DEPTH_MAX} levels.`)
    for (const field of this.#file.fields(start, end)) {
      if (field.kind !== 'bytes') continue
      if (field.number === GRAPH.node) this.#node(field.start, field.end, depth)
      else if (field.number === GRAPH.initializer) this.#tensor(field.start, field.end)
      else if (field.number === GRAPH.sparseInitializer) this.#sparse(field.start, field.end)
    }
  }

  #node(start: number, end: number, depth: number): void {
    if (++this.#nodes > NODES_MAX) throw uploadProblem(`The model has more than ${NODES_MAX} nodes.`)
    let domain = ''
    let op = ''
    for (const field of this.#file.fields(start, end)) {
      if (field.kind !== 'bytes') continue
      if (field.number === NODE.domain) domain = this.#text(field)
      else if (field.number === NODE.opType) op = this.#text(field)
      else if (field.number === NODE.attribute) this.#attribute(field.start, field.end, depth)
    }
    if (!BUILT_IN_DOMAINS.has(domain)) this.#foreign.set(keyOf({ domain, op }), { domain, op })
  }

  #attribute(start: number, end: number, depth: number): void {
    for (const field of this.#file.fields(start, end)) {
      if (field.kind !== 'bytes') continue
      const { number } = field
      if (number === ATTRIBUTE.tensor || number === ATTRIBUTE.tensors) this.#tensor(field.start, field.end)
      else if (number === ATTRIBUTE.graph || number === ATTRIBUTE.graphs) this.#graph(field.start, field.end, depth + 1)
      else if (number === ATTRIBUTE.sparse || number === ATTRIBUTE.sparses) this.#sparse(field.start, field.end)
    }
  }

  #sparse(start: number, end: number): void {
    for (const field of this.#file.fields(start, end)) {
      const isTensor = field.number === SPARSE.values || field.number === SPARSE.indices
      if (isTensor && field.kind === 'bytes') this.#tensor(field.start, field.end)
    }
  }

  #tensor(start: number, end: number): void {
    for (const field of this.#file.fields(start, end)) {
      const isOutside =
        field.number === TENSOR.externalData ||
        (field.number === TENSOR.dataLocation && field.kind === 'varint' && field.value === EXTERNAL)
      if (!isOutside) continue
      throw uploadProblem('The model keeps weights in another file; save it as one file with all weights inside.')
    }
  }

  #text({ start, end }: { readonly start: number; readonly end: number }): string {
    return this.#file.text(start, end, ONNX_TEXT_BYTES_MAX).slice(0, 100)
  }
}

const keyOf = ({ domain, op }: Used): string => JSON.stringify([domain, op])
