import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { languageName } from '../../base/languages.ts'
import { ConceptSchema, type OutputConfig } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { namesIn } from '../../store/repos/concepts.ts'
import type { ResolvedModel } from '../../workflow/compile/index.ts'
import type { Call } from '../call.ts'
import type { FoundModel } from '../models/resolve.ts'
import { toResolved } from './runnable.ts'

/**
 * A found model as the compiler wants it, its concepts named in the language that the call asks for; concepts without
 * a name in it keep their own. Throws AppError 21202 for what is no language.
 */
export async function resolvedFor(
  call: Call,
  found: FoundModel,
  outputConfig: OutputConfig | undefined,
): Promise<ResolvedModel> {
  const resolved = toResolved(found)
  const language = outputConfig?.language ?? ''
  if (language === '') return resolved
  if (languageName(language) === undefined) {
    throw new AppError(
      StatusCode.MODEL_INVALID_ARGUMENT,
      `There is no language '${language}' for output_config.language; use codes such as 'en', 'de' or 'zh-TW'.`,
    )
  }
  const ids = resolved.concepts.map(({ id }) => id)
  const names = await namesIn(call.services.db.read, found.modelRow.app_pk, language, ids)
  if (names.size === 0) return resolved
  const concepts = resolved.concepts.map((concept) => {
    const name = names.get(concept.id)
    return name === undefined ? concept : create(ConceptSchema, { ...concept, name, language })
  })
  return { ...resolved, concepts }
}
