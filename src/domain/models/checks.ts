import { AppError } from '../../base/errors.ts'
import { languageName } from '../../base/languages.ts'
import type { Image, Visibility } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import * as common from '../resource/checks.ts'
import { TAG_LENGTH_MAX, TAGS_MAX } from './limits.ts'

/** The refusal of a model or version that must not be stored. */
export const invalidModel = (details: string): AppError => new AppError(StatusCode.MODEL_INVALID_ARGUMENT, details)

/** The visibility that a message asks for, private unless it says; refuses what the contract does not know. */
export const visibilityOf = (visibility: Visibility | undefined): number =>
  common.visibilityOf(visibility, StatusCode.MODEL_INVALID_ARGUMENT)

/** Refuses texts that are too long. */
export const checkTexts = (message: common.Texts): void => common.checkTexts(message, StatusCode.MODEL_INVALID_ARGUMENT)

/** Refuses a picture given by its bytes: only the address of one can be kept here. */
export const checkImage = (image: Image | undefined): void =>
  common.checkImage(image, 'model', StatusCode.MODEL_INVALID_ARGUMENT)

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
