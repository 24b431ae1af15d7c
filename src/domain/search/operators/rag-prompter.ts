import { create } from '@bufbuild/protobuf'
import { AppError } from '../../../base/errors.ts'
import { DataSchema, TextSchema } from '../../../contract/index.ts'
import { StatusCode } from '../../../contract/status-code.ts'
import { MAX_MADE_CHARS } from '../../../engines/operators/limits.ts'
import { HITS_PLACE, TEXT_PLACE, templateOf } from '../../../engines/operators/prompt-template.ts'
import { originalTexts } from '../../inputs/texts.ts'
import type { ServedOperator } from './index.ts'
import { hitLimits, inputsLike } from './like.ts'

/**
 * Puts a text and the texts of the app that are like it into a prompt: the nearest first, a line each. Where a template
 * lacks one of the places the model cannot be asked, as it would answer without what was found.
 */
export const ragPrompter: ServedOperator = async (call, data, { params }) => {
  const template = templateOf(params, [TEXT_PLACE, HITS_PLACE])
  const asked = data.text?.raw ?? ''
  const hits = await inputsLike(call, create(DataSchema, { text: { raw: asked } }), hitLimits(params))
  const texts = await originalTexts(
    call.services,
    hits.map(({ inputPk }) => inputPk),
  )
  const found = hits.flatMap(({ inputPk }) => texts.get(inputPk) ?? []).join('\n')
  // In one pass, as what is put in may have the look of a place.
  const prompt = template.replaceAll(/\{data\.text\.raw\}|\{data\.hits\}/g, (place) =>
    place === TEXT_PLACE ? asked : found,
  )
  if (prompt.length > MAX_MADE_CHARS) {
    throw new AppError(
      StatusCode.INPUT_OVER_LIMIT,
      `The prompt would have ${prompt.length} characters; at most ${MAX_MADE_CHARS} are allowed, so lower max_results.`,
    )
  }
  return create(DataSchema, { text: create(TextSchema, { raw: prompt }) })
}
