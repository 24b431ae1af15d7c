import { create } from '@bufbuild/protobuf'
import { catalogueModel } from '../../catalogue/index.ts'
import {
  type ModelReference,
  ModelReferenceSchema,
  type ModelVersionInputExample,
  ModelVersionInputExampleSchema,
} from '../../contract/index.ts'
import { hubCatalogue, isHubId } from '../../weights/hub/catalogue.ts'
import { weightCatalogue } from '../../weights/manifest.ts'
import { typeEntry } from '../../workflow/model-types/index.ts'
import { homeOf, type ModelAt } from './find.ts'

// No call of the contract writes references or examples, so that only built-in models have any.

/** Where the weights of a built-in model come from: a link for each package or repository, with its licence. */
export function referencesOf({ row, place }: ModelAt): ModelReference[] {
  const model = catalogueModel(row.id, homeOf(place))
  return (model?.weights ?? []).map((id) => {
    const { title, modelLicense, ...source } = isHubId(id) ? hubCatalogue[id] : weightCatalogue[id]
    const url =
      'package' in source
        ? `https://www.npmjs.com/package/${source.package.name}/v/${source.package.version}`
        : `https://huggingface.co/${source.repository}`
    const metadata = { license: modelLicense.id }
    return create(ModelReferenceSchema, { id, modelId: row.id, url, name: title, metadata })
  })
}

/** Sentences that built-in models which read can be tried on. */
const SENTENCES: Readonly<Record<string, string>> = {
  names: 'Marie Curie was born in Warsaw in 1867.',
  opinion: 'The room was wonderful, but the breakfast came cold.',
}

/** Examples of what a version of a built-in model takes; none for models that look or listen, as no media are kept. */
export function examplesOf({ row, place }: ModelAt, modelVersionId: string): ModelVersionInputExample[] {
  const fields = typeEntry(row.model_type_id)?.type.inputFields ?? []
  if (catalogueModel(row.id, homeOf(place)) === undefined || !fields.includes('text')) return []
  return Object.entries(SENTENCES).map(([id, raw]) =>
    create(ModelVersionInputExampleSchema, { id, modelId: row.id, modelVersionId, name: id, data: { text: { raw } } }),
  )
}
