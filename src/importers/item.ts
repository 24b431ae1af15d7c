import { create, type JsonObject, type MessageInitShape } from '@bufbuild/protobuf'
import { type Concept, ConceptSchema, type Data, DataSchema } from '../contract/index.ts'

/** Where the medium of an item is. */
export type MediumSource =
  | { readonly from: 'file'; readonly path: string }
  /** `kind` where the source says it; else the ending of the address tells. */
  | { readonly from: 'url'; readonly url: string; readonly kind?: MediumKind | undefined }
  | { readonly from: 'text'; readonly text: string }

export type MediumKind = 'image' | 'video' | 'audio' | 'text'

/** One input that is to be made, with all that is said about it. */
export interface ImportItem {
  /** Where it stands, for whoever reads the report: a path, a line, an id. */
  readonly source: string
  /** Id that it should have, where it may have it; empty for one made of `source`. */
  readonly id: string
  readonly medium: MediumSource
  /** Labels of the whole, metadata, place on earth. */
  readonly data: Data
  /** What is said about parts of it: one annotation each. */
  readonly annotations: readonly Data[]
}

/** Something in a source that cannot be imported; the rest can. */
export interface Problem {
  readonly source: string
  readonly problem: string
}

/** What a reader finds, one after the other in an order that is always the same. */
export type Found = ImportItem | Problem

export const isProblem = (found: Found): found is Problem => 'problem' in found

/** A concept as importers name it: by its name alone, unless the source has ids of its own. */
export const label = (name: string, id = conceptId(name), value = 1): Concept =>
  create(ConceptSchema, { id, name, value })

// Ids of concepts may be almost anything, but not hold a slash.
const conceptId = (name: string): string => name.trim().replaceAll('/', '-').slice(0, 120) || 'unnamed'

/** Data with the given fields. */
export const dataOf = (init: MessageInitShape<typeof DataSchema>): Data => create(DataSchema, init)

/** An object that JSON may be, or undefined. */
export const asObject = (value: unknown): JsonObject | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined

/** A list that JSON may be; empty for anything else. */
export const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

/** A number, also one that is written as text; undefined for anything else. */
export function asNumber(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined
}

/** A text; empty for anything else but numbers. */
export const asText = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''
