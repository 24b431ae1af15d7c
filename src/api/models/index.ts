import { modelContentRpcs } from './content.ts'
import { modelExportRpcs } from './exports.ts'
import { modelRpcs } from './models.ts'
import { postModelVersionsUpload } from './PostModelVersionsUpload.ts'
import { modelTagRpcs } from './tags.ts'
import { modelTypeRpcs } from './types.ts'
import { modelVersionRpcs } from './versions.ts'

/** All RPCs of models, their versions and their types. */
export const modelFamily = {
  ...modelRpcs,
  ...modelTagRpcs,
  ...modelVersionRpcs,
  ...postModelVersionsUpload,
  ...modelContentRpcs,
  ...modelExportRpcs,
  ...modelTypeRpcs,
}
