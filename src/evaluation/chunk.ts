/** A box as its concept's place and its edges as shares of the picture: top, left, bottom, right, then its score. */
export type PackedBox = readonly number[]

/** What a classifier said about some inputs. */
export interface ClassifiedChunk {
  readonly ids: readonly string[]
  /** Places of the concepts that each input has. */
  readonly labels: readonly (readonly number[])[]
  /** Which fold each input was held out in; absent when nothing was trained anew. */
  readonly splits?: readonly number[]
  /** Scores of all concepts, input by input. */
  readonly scores: Float32Array
}

/** What a detector found in some pictures. */
export interface DetectedChunk {
  readonly ids: readonly string[]
  /** Width and height of each picture in pixels, where they are known. */
  readonly sizes: readonly (readonly [number, number] | null)[]
  readonly truths: readonly (readonly PackedBox[])[]
  readonly found: readonly (readonly PackedBox[])[]
  /** Of frames of films, which follow each other in the order of the film: the track of each box, empty for none. */
  readonly tracks?: readonly ({ readonly truths: readonly string[]; readonly found: readonly string[] } | null)[]
}

export type Chunk = ClassifiedChunk | DetectedChunk

/** Whether a chunk is of a classifier. */
export const isClassified = (chunk: Chunk): chunk is ClassifiedChunk => 'labels' in chunk

const WORD = 4

/** A chunk as bytes: the length of a JSON text, that text, then the scores as float32 (little endian). */
export function packChunk(chunk: Chunk): Buffer {
  const { scores, ...rest } = isClassified(chunk) ? chunk : { ...chunk, scores: new Float32Array() }
  const text = Buffer.from(JSON.stringify(rest))
  const start = WORD + Math.ceil(text.length / WORD) * WORD
  const bytes = Buffer.alloc(start + scores.byteLength)
  bytes.writeUInt32LE(text.length)
  text.copy(bytes, WORD)
  Buffer.from(scores.buffer, scores.byteOffset, scores.byteLength).copy(bytes, start)
  return bytes
}

/** Reads what packChunk has written. */
export function readChunk(bytes: Uint8Array): Chunk {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const length = view.readUInt32LE()
  const rest = JSON.parse(view.toString('utf8', WORD, WORD + length)) as Chunk
  if (!('labels' in rest)) return rest
  const start = WORD + Math.ceil(length / WORD) * WORD
  // A copy, as the bytes may lie anywhere in a larger buffer.
  return { ...rest, scores: new Float32Array(Uint8Array.from(view.subarray(start)).buffer) }
}
