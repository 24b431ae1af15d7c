import { create } from '@bufbuild/protobuf'
import { RE2JS } from 're2js'
import { DataSchema } from '../../contract/index.ts'
import { invalidParam } from '../params.ts'
import { MAX_REGEX_LENGTH } from './limits.ts'
import { operator } from './operator.ts'
import { searchedText, valued } from './texts.ts'

/**
 * Gives its concepts, with value 1, to texts in which a regular expression is found. The expression is RE2's: it has
 * neither look-around nor back-references, and searching takes time in proportion to the text, whatever it says.
 */
export const regexBasedClassifier = operator('regex-based-classifier', ({ params, concepts }) => {
  const expression = compileRegex(params.regex)
  if (concepts.length === 0) {
    throw invalidParam('The regex-based-classifier has no concepts to answer; set output_info.data.concepts.')
  }
  const found = concepts.map((concept) => valued(concept, 1))
  return (item) => create(DataSchema, { concepts: expression.test(searchedText(item)) ? found : [] })
})

/** Compiles the `regex` parameter; throws AppError 21202 that says what is wrong with it. */
function compileRegex(regex: unknown): RE2JS {
  if (typeof regex !== 'string' || regex === '') {
    throw invalidParam('The parameter regex must be a regular expression, such as \\bcat\\b.')
  }
  if (regex.length > MAX_REGEX_LENGTH) {
    throw invalidParam(`The parameter regex has ${regex.length} characters; use at most ${MAX_REGEX_LENGTH}.`)
  }
  try {
    return RE2JS.compile(regex)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw invalidParam(`The parameter regex is no regular expression in RE2 syntax: ${reason}.`)
  }
}
