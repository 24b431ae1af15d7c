import { isUtf8 } from 'node:buffer'
import { CONCEPT_ID_BYTES_MAX } from '../base/ids.ts'
import type { Label } from '../engines/concepts.ts'
import { uploadProblem } from '../engines/onnx-model/problem.ts'
import { LABEL_LENGTH_MAX, LABELS_MAX } from './limits.ts'

/** The lines of a labels file, one for each class in the order of the model's outputs. Throws AppError 21105. */
export function readLabels(bytes: Uint8Array): string[] {
  if (!isUtf8(bytes)) throw uploadProblem('The labels file is not a text in UTF-8.')
  const lines = Buffer.from(bytes)
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .map((line) => line.trim())
  while (lines.at(-1) === '') lines.pop()
  if (lines.length === 0) throw uploadProblem('The labels file is empty; write one label on each line.')
  if (lines.length > LABELS_MAX) {
    throw uploadProblem(`The labels file has ${lines.length} lines; at most ${LABELS_MAX} are possible.`)
  }
  const wrong = lines.findIndex((line) => line === '' || line.length > LABEL_LENGTH_MAX)
  if (wrong >= 0) {
    throw uploadProblem(`Line ${wrong + 1} of the labels file must have 1 to ${LABEL_LENGTH_MAX} characters.`)
  }
  return lines
}

/** Labels with concept ids: the label itself where it can be an id, else what is left of it, numbered where it repeats. */
export function withIds(names: readonly string[]): Label[] {
  const used = new Set<string>()
  const counts = new Map<string, number>()
  return names.map((name) => {
    const base = fitting(name)
    let count = counts.get(base) ?? 0
    let id: string
    do {
      count++
      id = count === 1 ? base : `${base}-${count}`
    } while (used.has(id))
    counts.set(base, count)
    used.add(id)
    return { id, name }
  })
}

/** Bytes kept free at the end of a shortened id for a number. */
const NUMBER_BYTES = 8

function fitting(name: string): string {
  const id = name.replaceAll('/', '-')
  if (Buffer.byteLength(id) <= CONCEPT_ID_BYTES_MAX - NUMBER_BYTES) return id
  let short = ''
  for (const letter of id) {
    if (Buffer.byteLength(short + letter) > CONCEPT_ID_BYTES_MAX - NUMBER_BYTES) break
    short += letter
  }
  return short
}
