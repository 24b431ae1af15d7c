import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { textOf } from '../kit.ts'
import { invalidParam } from '../params.ts'
import { MAX_MADE_CHARS } from './limits.ts'
import { operator } from './operator.ts'
import { textData } from './texts.ts'

const PLACE = '{data.text.raw}'

/** Puts a text into a prompt: each `{data.text.raw}` of `prompt_template` becomes the text. */
export const prompter = operator('prompter', ({ params }) => {
  const template = params.prompt_template
  if (typeof template !== 'string' || !template.includes(PLACE)) {
    throw invalidParam(`The parameter prompt_template must be a text that contains ${PLACE} at least once.`)
  }
  const parts = template.split(PLACE)
  return (item) => {
    const text = textOf(item)
    const length = template.length + (parts.length - 1) * (text.length - PLACE.length)
    if (length > MAX_MADE_CHARS) {
      throw new AppError(
        StatusCode.INPUT_OVER_LIMIT,
        `The prompt would have ${length} characters; at most ${MAX_MADE_CHARS} are allowed.`,
      )
    }
    return textData(parts.join(text))
  }
})
