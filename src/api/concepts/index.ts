import { conceptLanguageRpcs } from './languages.ts'
import { conceptRpcs } from './resource.ts'

/** All RPCs of concepts and their names in other languages. */
export const conceptFamily = { ...conceptRpcs, ...conceptLanguageRpcs }
