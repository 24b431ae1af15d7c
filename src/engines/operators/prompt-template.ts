import type { JsonObject } from '@bufbuild/protobuf'
import { invalidParam } from '../params.ts'
import { MAX_MADE_CHARS } from './limits.ts'

/** Where the text goes in a template. */
export const TEXT_PLACE = '{data.text.raw}'
/** Where the texts go that were found. */
export const HITS_PLACE = '{data.hits}'

/** The template of a prompt, which must have each of some places at least once. Throws AppError 21202. */
export function templateOf({ prompt_template: template }: JsonObject, places: readonly string[]): string {
  if (typeof template !== 'string' || !places.every((place) => template.includes(place))) {
    throw invalidParam(
      `The parameter prompt_template must be a text that contains ${places.join(' and ')}, each at least once.`,
    )
  }
  if (template.length <= MAX_MADE_CHARS) return template
  throw invalidParam(`The parameter prompt_template has ${template.length} characters; use at most ${MAX_MADE_CHARS}.`)
}
