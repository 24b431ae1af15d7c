import { create } from '@bufbuild/protobuf'
import { languageName } from '../../base/languages.ts'
import { type FullTag, FullTagSchema } from '../../contract/index.ts'

/** Language codes with their names. */
export const languageTags = (codes: readonly string[]): FullTag[] =>
  codes.map((id) => create(FullTagSchema, { id, name: languageName(id) ?? id }))
