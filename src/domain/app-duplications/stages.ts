import type { Micros } from '../../base/clock.ts'
import type { AppDuplicationFilters } from '../../contract/index.ts'
import type { Reader, Writer } from '../../store/database.ts'
import { copyConcepts } from '../../store/repos/app-copies.ts'
import { conceptsById } from '../../store/repos/concept-pks.ts'
import { concepts } from '../../store/repos/families.ts'
import type { Row } from '../../store/schema/tables.ts'
import type { Services } from '../services.ts'
import type { DuplicationArgs } from './args.ts'
import { annotationStage } from './copy-annotations.ts'
import { datasetStage, filterStage, graphStage, installStage, searchStage } from './copy-families.ts'
import { inputStage } from './copy-inputs.ts'
import { memberStage } from './copy-members.ts'
import { modelStage } from './copy-models.ts'
import { relationStage } from './copy-relations.ts'
import { workflowStage } from './copy-workflows.ts'
import { ROWS_PER_PART } from './limits.ts'
import type { CopiedVersions } from './names.ts'

/** What every part of a duplication needs to know. */
export interface CopyScope {
  readonly args: DuplicationArgs
  readonly filter: AppDuplicationFilters
  readonly versions: CopiedVersions
  readonly services: Services
  readonly now: Micros
}

/** The place in the order of copied rows: of time, then of pks. */
export interface Place {
  readonly value: number
  readonly pk: number
}

/** One kind of thing that is copied, part by part. */
export interface Stage<R = unknown> {
  /** As `progress` calls it; absent for what comes along without being counted there. */
  readonly field?: 'concepts' | 'models' | 'workflows' | 'inputs' | 'annotations' | 'installed_module_versions'
  readonly wanted: (filter: AppDuplicationFilters) => boolean
  /** The next rows of the source after a place. */
  next(db: Reader, scope: CopyScope, after: Place | undefined): Promise<R[]>
  /** Where a row is in their order; by its time and pk unless said. */
  placeOf?(row: R): Place
  /** Copies them and says how many are new; those whose id the destination has stay there as they are. */
  copy(tx: Writer, scope: CopyScope, rows: readonly R[]): Promise<number>
}

const conceptStage: Stage<Row<'concepts'>> = {
  field: 'concepts',
  wanted: ({ copyConcepts }) => copyConcepts,
  next: (db, { args }, after) =>
    concepts.list(db, {
      parent: args.source.appPk,
      orderBy: { column: 'created_at', direction: 'asc' },
      limit: ROWS_PER_PART.concepts,
      after,
    }),
  async copy(tx, { args: { destination }, now }, rows) {
    const ids = rows.map(({ id }) => id)
    const taken = await conceptsById(tx, destination.appPk, ids)
    const fresh = rows.filter(({ id }) => !taken.has(id))
    await copyConcepts(tx, fresh, destination.appPk, now)
    return fresh.length
  },
}

/** All stages by the names that jobs remember them by, each after those whose copies it names. */
export const STAGES: ReadonlyMap<string, Stage> = new Map<string, Stage>(
  Object.entries({
    concepts: conceptStage,
    graphs: graphStage,
    relations: relationStage,
    models: modelStage,
    workflows: workflowStage,
    inputs: inputStage,
    annotations: annotationStage,
    filters: filterStage,
    searches: searchStage,
    datasets: datasetStage,
    members: memberStage,
    installs: installStage,
  }),
)
