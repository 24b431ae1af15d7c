import { AppError } from '../../base/errors.ts'
import { languageName } from '../../base/languages.ts'
import { METADATA_BYTES_MAX, NOTES_BYTES_MAX, TEXT_BYTES_MAX } from '../../base/limits.ts'
import type { Image, Visibility } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { Visible } from '../access/target.ts'
import { TAG_LENGTH_MAX, TAGS_MAX } from './limits.ts'

const VISIBILITIES: readonly number[] = Object.values(Visible)

/** The refusal of a model or version that must not be stored. */
export const invalidModel = (details: string): AppError => new AppError(StatusCode.MODEL_INVALID_ARGUMENT, details)

/** The visibility that a message asks for, private unless it says; refuses what the contract does not know. */
export function visibilityOf(visibility: Visibility | undefined): number {
  const gettable = visibility?.gettable || Visible.PRIVATE
  if (!VISIBILITIES.includes(gettable)) {
    throw invalidModel(`The visibility ${gettable} does not exist; use ${VISIBILITIES.join(', ')}.`)
  }
  return gettable
}

/** Refuses texts that are too long. */
export function checkTexts(message: {
  readonly name?: string
  readonly displayName?: string
  readonly description: string
  readonly notes?: string
  readonly license?: string
  readonly task?: string
  readonly creator?: string
  readonly metadata?: object | undefined
  readonly presets?: object | undefined
}): void {
  for (const field of ['name', 'displayName', 'description', 'license', 'task', 'creator'] as const) {
    checkBytes(field, message[field] ?? '', TEXT_BYTES_MAX)
  }
  checkBytes('notes', message.notes ?? '', NOTES_BYTES_MAX)
  for (const field of ['metadata', 'presets'] as const) {
    if (message[field]) checkBytes(field, JSON.stringify(message[field]), METADATA_BYTES_MAX)
  }
}

function checkBytes(field: string, text: string, max: number): void {
  const bytes = Buffer.byteLength(text)
  if (bytes > max) throw invalidModel(`The field ${field} has ${bytes} bytes; use at most ${max}.`)
}

/** Refuses a picture given by its bytes: only the address of one can be kept here. */
export function checkImage(image: Image | undefined): void {
  if (image && image.base64.length > 0) throw invalidModel('The image of a model must be given by its url.')
}

/** Tags without repetitions; refuses empty ones, too long ones and too many. */
export function checkTags(kind: string, tags: readonly string[]): string[] {
  const distinct = [...new Set(tags)]
  if (distinct.length > TAGS_MAX) {
    throw invalidModel(`The model has ${distinct.length} ${kind}; use at most ${TAGS_MAX}.`)
  }
  const wrong = distinct.find((tag) => tag.trim() === '' || tag.length > TAG_LENGTH_MAX)
  if (wrong !== undefined) throw invalidModel(`An entry of ${kind} must have 1 to ${TAG_LENGTH_MAX} characters.`)
  return distinct
}

/** Language codes without repetitions; refuses what is no code of a language. */
export function checkLanguages(codes: readonly string[]): string[] {
  const distinct = checkTags('languages', codes)
  const unknown = distinct.find((code) => languageName(code) === undefined)
  if (unknown !== undefined) {
    throw invalidModel(`There is no language '${unknown}'; use codes such as 'en', 'de' or 'zh-TW'.`)
  }
  return distinct
}
