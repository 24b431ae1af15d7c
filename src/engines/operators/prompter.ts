import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { textOf } from '../kit.ts'
import { MAX_MADE_CHARS } from './limits.ts'
import { operator } from './operator.ts'
import { TEXT_PLACE, templateOf } from './prompt-template.ts'
import { textData } from './texts.ts'

/** Puts a text into a prompt: each `{data.text.raw}` of `prompt_template` becomes the text. */
export const prompter = operator('prompter', ({ params }) => {
  const template = templateOf(params, [TEXT_PLACE])
  const parts = template.split(TEXT_PLACE)
  return (item) => {
    const text = textOf(item)
    const length = template.length + (parts.length - 1) * (text.length - TEXT_PLACE.length)
    if (length > MAX_MADE_CHARS) {
      throw new AppError(
        StatusCode.INPUT_OVER_LIMIT,
        `The prompt would have ${length} characters; at most ${MAX_MADE_CHARS} are allowed.`,
      )
    }
    return textData(parts.join(text))
  }
})
