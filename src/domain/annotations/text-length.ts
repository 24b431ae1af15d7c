import type { Data } from '../../contract/index.ts'
import type { Reader } from '../../store/database.ts'
import { mediaOfInputs } from '../../store/repos/input-media.ts'
import { readDocument } from '../media/document.ts'
import { walk } from './walk.ts'

/** Whether data speak of places in a text. */
export const hasSpans = (data: Data): boolean =>
  [...walk(data)].some(({ data: part }) => part.regions.some(({ regionInfo }) => regionInfo?.span ?? regionInfo?.token))

/** Lengths of the texts of inputs, in characters, by pk; those that were not read yet are left out. */
export async function textLengths(reader: Reader, inputPks: readonly number[]): Promise<Map<number, number>> {
  const media = await mediaOfInputs(reader, [...new Set(inputPks)])
  return new Map(
    [...media].flatMap(([pk, own]) => {
      const text = own.find(({ kind }) => kind === 'text')
      const facts = text && readDocument(text.doc).facts
      return facts?.kind === 'text' ? [[pk, facts.charCount] as const] : []
    }),
  )
}
