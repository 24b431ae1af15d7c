import type { Session } from '../session.ts'
import { foundation } from './0001-foundation.ts'
import { jobs } from './0002-jobs.ts'
import { dataPlane } from './0003-data-plane.ts'
import { conceptRelations } from './0005-concept-relations.ts'
import { datasetVersions } from './0006-datasets.ts'
import { search } from './0007-search.ts'
import { statistics } from './0009-statistics.ts'
import { training } from './0010-training.ts'
import { evaluations } from './0012-evaluations.ts'
import { modelExports } from './0013-model-exports.ts'
import { workflowEvaluations } from './0013-workflow-evaluations.ts'
import { uploads } from './0014-uploads.ts'
import { extraction } from './0015-extraction.ts'
import { appDuplications } from './0016-app-duplications.ts'
import { collectors } from './0017-collectors.ts'
import { texts } from './0018-texts.ts'
import { annotationFrames } from './0019-annotation-frames.ts'
import { metadataTerms } from './0019-metadata-terms.ts'
import { embeddingLogByTransaction } from './0020-embedding-log.ts'
import { embeddingLogReaders } from './0021-embedding-log-readers.ts'
import { exportParts } from './0022-export-parts.ts'
import { dueJobs } from './0023-due-jobs.ts'
import { tasks } from './0024-tasks.ts'
import { labelOrders } from './0025-label-orders.ts'
import { oldWords } from './0026-old-words.ts'
import { trainingStarts } from './0027-training-starts.ts'
import { modules } from './0029-modules.ts'
import { compute } from './0030-compute.ts'
import { secrets } from './0031-secrets.ts'
import { taskLinks } from './0032-task-links.ts'
import type { TableMaker } from './table-maker.ts'

/** One step of the schema; released steps never change, and it must not depend on Schema, which describes the newest. */
export interface Migration {
  readonly name: string
  up(make: TableMaker, db: Session): Promise<void>
}

/** All steps in order; the schema version of a database is how many of them it has seen. */
export const migrations: readonly Migration[] = [
  { name: 'foundation', up: foundation },
  { name: 'jobs', up: jobs },
  { name: 'data plane', up: dataPlane },
  { name: 'dataset versions', up: datasetVersions },
  { name: 'concept relations', up: conceptRelations },
  { name: 'search', up: search },
  { name: 'statistics', up: statistics },
  { name: 'uploads', up: uploads },
  { name: 'app duplications', up: appDuplications },
  { name: 'training', up: training },
  { name: 'texts', up: texts },
  { name: 'annotation frames', up: annotationFrames },
  { name: 'extraction', up: extraction },
  { name: 'evaluations', up: evaluations },
  { name: 'model exports', up: modelExports },
  { name: 'metadata terms', up: metadataTerms },
  { name: 'workflow evaluations', up: workflowEvaluations },
  { name: 'collectors', up: collectors },
  { name: 'embedding log by transaction', up: embeddingLogByTransaction },
  { name: 'embedding log readers', up: embeddingLogReaders },
  { name: 'modules', up: modules },
  { name: 'export parts', up: exportParts },
  { name: 'training starts', up: trainingStarts },
  { name: 'tasks', up: tasks },
  { name: 'compute', up: compute },
  { name: 'label orders', up: labelOrders },
  { name: 'due jobs', up: dueJobs },
  { name: 'secrets', up: secrets },
  { name: 'words of old texts', up: oldWords },
  { name: 'task links', up: taskLinks },
]
