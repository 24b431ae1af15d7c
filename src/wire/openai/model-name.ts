import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'

/** A model as the OpenAI interface names it here. */
export interface NamedModel {
  readonly userId: string
  readonly appId: string
  readonly modelId: string
  /** Empty for the version that stands for the model. */
  readonly versionId: string
}

const NAME = /^([^/]+)\/([^/]+)\/models\/([^/]+)(?:\/versions\/([^/]+))?$/

/**
 * Reads `{user}/{app}/models/{id}[/versions/{version}]`, alone or as the path of a URL (whose host does not matter).
 * Throws AppError 21200, as for a model that is not there.
 */
export function readModelName(name: string): NamedModel {
  const path = URL.parse(name)?.pathname ?? name
  const parts = NAME.exec(path.replace(/^\/|\/$/g, ''))
  if (!parts) {
    throw new AppError(
      StatusCode.MODEL_DOES_NOT_EXIST,
      "The model must be named as '{user}/{app}/models/{id}' or with its URL, with '/versions/{version}' if you like.",
    )
  }
  const [userId, appId, modelId, versionId] = parts.slice(1, 5).map((part) => (part ? decode(part) : ''))
  return { userId: userId!, appId: appId!, modelId: modelId!, versionId: versionId! }
}

/** The name of a model, as readModelName reads it. */
export const modelName = ({ userId, appId, modelId }: Omit<NamedModel, 'versionId'>): string =>
  `${userId}/${appId}/models/${modelId}`

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
