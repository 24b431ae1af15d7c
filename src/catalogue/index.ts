import { createHash } from 'node:crypto'
import { bodyModels } from './bodies.ts'
import { faceModels } from './faces.ts'
import { speechModels } from './speech.ts'
import { textModels } from './text.ts'
import type { CatalogueModel } from './types.ts'
import { visionModels } from './vision.ts'

/** Who owns the built-in content. */
export const CATALOGUE_USER = 'clarifai'
/** The app that holds the built-in content. */
export const CATALOGUE_APP = 'main'

/** All built-in models, also those that cannot be served. */
export const catalogueModels: readonly CatalogueModel[] = [
  ...visionModels,
  ...faceModels,
  ...bodyModels,
  ...textModels,
  ...speechModels,
]

const byId = new Map(catalogueModels.map((model) => [model.id, model]))

/** The built-in model with this id. */
export const catalogueModel = (id: string): CatalogueModel | undefined => byId.get(id)

/** Version ids of a built-in model, the newest first; the same on every server and for ever. */
export function versionIds(model: CatalogueModel): readonly string[] {
  return model.versions ?? [createHash('sha256').update(`limpid model version\0${model.id}`).digest('hex').slice(0, 32)]
}
