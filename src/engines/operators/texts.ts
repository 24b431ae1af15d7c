import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { type Concept, ConceptSchema, type Data, DataSchema, TextSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { EngineItem } from '../engine.ts'
import { textOf } from '../kit.ts'
import { MAX_SEARCHED_CHARS } from './limits.ts'

/** The text of an item that is going to be searched; throws AppError 30105 when it is too long for that. */
export function searchedText(item: EngineItem): string {
  const text = textOf(item)
  if (text.length <= MAX_SEARCHED_CHARS) return text
  throw new AppError(
    StatusCode.INPUT_OVER_LIMIT,
    `The text has ${text.length} characters; workflow operators search at most ${MAX_SEARCHED_CHARS}.`,
  )
}

/** Wraps a text as answer data; no text, no data. */
export const textData = (raw: string): Data =>
  create(DataSchema, raw === '' ? {} : { text: create(TextSchema, { raw }) })

/** Concepts as given, but with a value of their own. */
export const valued = (concept: Concept, value: number): Concept => create(ConceptSchema, { ...concept, value })
