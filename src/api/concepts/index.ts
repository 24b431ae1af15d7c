import { conceptLanguageRpcs } from './languages.ts'
import { conceptRelationRpcs } from './relations.ts'
import { conceptRpcs } from './resource.ts'

/** All RPCs of concepts, their names in other languages and their relations. */
export const conceptFamily = { ...conceptRpcs, ...conceptLanguageRpcs, ...conceptRelationRpcs }
