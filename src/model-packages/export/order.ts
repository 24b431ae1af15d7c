import type { JsonObject } from '@bufbuild/protobuf'

/** What stands before a head in an exported graph: an embedder that is an ONNX file. */
export interface ExportBody {
  /** Path of the file. */
  readonly path: string
  /** The tensor that it takes, and what becomes of it. */
  readonly input: {
    readonly name: string
    readonly type: 'uint8' | 'float32'
    /** Sizes; a text stands for any. */
    readonly dims: readonly (number | string)[]
    /** Which of them are the channels. */
    readonly channels: number
    readonly bgr: boolean
    /** Per channel in the order of the tensor, for pixels from 0 to 1; unused for uint8. */
    readonly scales: readonly { readonly scale: number; readonly offset: number }[]
  }
  /** The tensor with the vector. */
  readonly output: string
  /** Whether vectors are brought to length 1 before the head has them. */
  readonly normalise: boolean
}

/** A linear head that is to become an ONNX file, with the embedder that it works on where that is one. */
export interface ExportOrder {
  /** Parameters of the head, as the engine embedding-classifier has them. */
  readonly head: JsonObject
  /** How many concepts it has. */
  readonly concepts: number
  readonly body?: ExportBody
  /** Path of the file that is written. */
  readonly out: string
}

/** A tensor of an exported file, for config.pbtxt. */
export interface ExportedTensor {
  readonly name: string
  readonly type: 'FP32' | 'UINT8'
  readonly dims: readonly number[]
}

/** What was written. */
export interface ExportedModel {
  readonly input: ExportedTensor
  readonly output: ExportedTensor
  /** Largest difference between a value of the file and of the running model, over the inputs that were tried. */
  readonly difference: number
}
