import { create } from '@bufbuild/protobuf'
import { statusText } from '../../base/status-text.ts'
import { toTimestamp } from '../../base/timestamps.ts'
import {
  type Annotation,
  AnnotationSchema,
  ModelSchema,
  ModelVersionSchema,
  StatusSchema,
  UserSchema,
  type Worker,
  WorkerSchema,
  WorkflowSchema,
  WorkflowVersionSchema,
} from '../../contract/index.ts'
import { decodeDoc } from '../../contract/json/index.ts'
import type { Reader } from '../../store/database.ts'
import { vectorsOf } from '../../store/repos/annotations.ts'
import { inputIds } from '../../store/repos/inputs.ts'
import type { Row } from '../../store/schema/tables.ts'
import { type LabelPlace, showConcepts } from './concepts.ts'
import { restoreVectors } from './derive.ts'

/** Annotations of one app as messages, in the order of the rows; vectors only where they are wanted. */
export async function presentAnnotations(
  reader: Reader,
  place: Pick<LabelPlace, 'appPk' | 'appId' | 'userId'>,
  rows: readonly Row<'annotations'>[],
  wish: { readonly vectors: boolean },
): Promise<Annotation[]> {
  const ids = await inputIds(
    reader,
    rows.map((row) => row.input_pk),
  )
  const messages = rows.map((row) => toMessage(row, ids.get(row.input_pk) ?? ''))
  const datas = messages.flatMap(({ data }) => (data ? [data] : []))
  await showConcepts(reader, place, datas)
  if (wish.vectors) await fillVectors(reader, rows, messages)
  return messages
}

/** Puts their vectors into annotations that were read from rows. */
export async function fillVectors(
  reader: Reader,
  rows: readonly Row<'annotations'>[],
  messages: readonly Annotation[],
): Promise<void> {
  const vectors = await vectorsOf(
    reader,
    rows.map(({ pk }) => pk),
  )
  for (const [at, { pk }] of rows.entries()) {
    const data = messages[at]?.data
    const own = vectors.get(pk)
    if (data && own) restoreVectors(data, own)
  }
}

/** One row as a message; names of concepts and vectors are not in it. */
export function toMessage(row: Row<'annotations'>, inputId: string): Annotation {
  const message = decodeDoc(AnnotationSchema, row.doc)
  message.id = row.id
  message.inputId = inputId
  message.status = create(StatusSchema, { code: row.status_code, description: statusText(row.status_code) })
  message.createdAt = toTimestamp(row.created_at)
  message.modifiedAt = toTimestamp(row.modified_at)
  message.trusted = row.trusted === 1
  message.inputLevel = row.input_level === 1
  message.taskId = row.task_id
  message.worker ??= plainWorker(row)
  if (row.worker_kind === 'user') message.userId = row.worker_id
  else if (row.worker_kind === 'model_version') message.modelVersionId = row.worker_id
  else message.workflowVersionId = row.worker_id
  return message
}

/** Who made something, by id alone. */
export function plainWorker({
  worker_kind,
  worker_id: id,
}: Pick<Row<'annotations'>, 'worker_kind' | 'worker_id'>): Worker {
  switch (worker_kind) {
    case 'user':
      return create(WorkerSchema, { worker: { case: 'user', value: create(UserSchema, { id }) } })
    case 'model_version': {
      const modelVersion = create(ModelVersionSchema, { id })
      return create(WorkerSchema, { worker: { case: 'model', value: create(ModelSchema, { modelVersion }) } })
    }
    case 'workflow_version': {
      const version = create(WorkflowVersionSchema, { id })
      return create(WorkerSchema, { worker: { case: 'workflow', value: create(WorkflowSchema, { version }) } })
    }
  }
}
