import type { Generated } from 'kysely'
import type { Bool, FamilyColumns } from './columns.ts'

/** The document is the Module message. */
export interface ModulesTable extends FamilyColumns {
  app_pk: number
  id: string
  description: string
  visibility: number
  /** Refers to a module elsewhere instead of being one. */
  is_bookmark: Generated<Bool>
}

/** The document is the ModuleVersion message. */
export interface ModuleVersionsTable extends FamilyColumns {
  module_pk: number
  id: string
  visibility: number
  /** Whoever runs the server has said that it may be published; no call can. */
  approved: Generated<Bool>
}

/** The document is the InstalledModuleVersion message. */
export interface InstalledModuleVersionsTable extends FamilyColumns {
  /** Where it is installed, which may be another app than that of the module. */
  app_pk: number
  id: string
  version_pk: number
  visibility: number
}
