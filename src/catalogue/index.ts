import { createHash } from 'node:crypto'
import { type HubId, isHubId } from '../weights/hub/catalogue.ts'
import { bodyModels } from './bodies.ts'
import { elsewhereModels } from './elsewhere.ts'
import { faceModels } from './faces.ts'
import { optionalModels } from './optional.ts'
import { speechModels } from './speech.ts'
import { textModels } from './text.ts'
import { topicModels } from './topics.ts'
import type { CatalogueHome, CatalogueModel } from './types.ts'
import { visionModels } from './vision.ts'

/** Who owns the built-in content. */
export const CATALOGUE_USER = 'clarifai'
/** The app that holds the built-in content. */
export const CATALOGUE_APP = 'main'

const MAIN: CatalogueHome = { userId: CATALOGUE_USER, appId: CATALOGUE_APP }

/** All built-in models, also those that cannot be served; those of `clarifai/main` come first. */
export const catalogueModels: readonly CatalogueModel[] = [
  ...visionModels,
  ...topicModels,
  ...faceModels,
  ...bodyModels,
  ...textModels,
  ...speechModels,
  ...optionalModels,
  ...elsewhereModels,
]

/** The user and app of a built-in model. */
export const homeOf = ({ home }: CatalogueModel): CatalogueHome => home ?? MAIN

/** The weights of the hub that a model needs; with any it is optional. */
export const hubWeights = ({ weights }: CatalogueModel): readonly HubId[] => weights.filter(isHubId)

const key = ({ userId, appId }: CatalogueHome, id: string): string => `${userId}/${appId}/${id}`
const byPlace = new Map(catalogueModels.map((model) => [key(homeOf(model), model.id), model]))

/** The built-in model with this id in a place, `clarifai/main` unless said. */
export const catalogueModel = (id: string, home: CatalogueHome = MAIN): CatalogueModel | undefined =>
  byPlace.get(key(home, id))

/** Version ids of a built-in model, the newest first; the same on every server and for ever. */
export function versionIds(model: CatalogueModel): readonly string[] {
  if (model.versions) return model.versions
  const name = model.home ? key(model.home, model.id) : model.id
  return [createHash('sha256').update(`limpid model version\0${name}`).digest('hex').slice(0, 32)]
}
