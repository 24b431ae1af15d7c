import type { JsonValue } from '@bufbuild/protobuf'
import { invalidParam } from './params.ts'

/** Numbers by the text that they come from; the texts are long, and a plan keeps them for all its runs. */
const known = new WeakMap<object, Map<string, Float32Array>>()

/** A parameter of float32 in base64, little endian; read once for a plan. Throws AppError 21202 for anything else. */
export function floatsOf(params: Readonly<Record<string, JsonValue>>, name: string): Float32Array {
  let ofParams = known.get(params)
  if (!ofParams) {
    ofParams = new Map()
    known.set(params, ofParams)
  }
  const read = ofParams.get(name)
  if (read) return read
  const text = params[name]
  if (typeof text !== 'string') throw invalidParam(`The version has no ${name}; train it first.`)
  const bytes = Uint8Array.from(Buffer.from(text, 'base64'))
  if (bytes.length % Float32Array.BYTES_PER_ELEMENT !== 0) throw notNumbers(name)
  const numbers = new Float32Array(bytes.buffer)
  if (!numbers.every(Number.isFinite)) throw notNumbers(name)
  ofParams.set(name, numbers)
  return numbers
}

const notNumbers = (name: string) => invalidParam(`The parameter ${name} must be finite float32 in base64.`)
