import { checkConceptId, checkId, newId } from '../../base/ids.ts'
import { toTimestamp } from '../../base/timestamps.ts'
import { type AnnotationTrack, AnnotationTrackSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { annotationTracks as rows } from '../../store/repos/families.ts'
import { inputIds } from '../../store/repos/inputs.ts'
import { checkNumber, invalidAnnotation } from '../annotations/problem.ts'
import { itemStatus } from '../predict/answer.ts'
import { defineResource } from '../resource/define.ts'

const STATUSES: readonly StatusCode[] = [
  StatusCode.ANNOTATION_TRACK_IDLE,
  StatusCode.ANNOTATION_TRACK_IN_PROGRESS,
  StatusCode.ANNOTATION_TRACK_PENDING,
  StatusCode.ANNOTATION_TRACK_APPROVED,
  StatusCode.ANNOTATION_TRACK_FAILED,
]

/** Tracks of a video: a concept from one frame to another; regions of annotations name them by their track_id. */
export const annotationTracks = defineResource({
  kind: 'annotation track',
  desc: AnnotationTrackSchema,
  rows,
  parentColumn: 'input_pk',
  codes: {
    missing: StatusCode.CONN_DOES_NOT_EXIST,
    duplicate: StatusCode.DATABASE_DUPLICATE_KEY,
    invalid: StatusCode.ANNOTATION_INVALID_ARGUMENT,
  },
  checkId: (id) => checkId(id, 'annotation track', StatusCode.ANNOTATION_INVALID_ARGUMENT),
  makeId: () => newId(),
  serverFields: ['input_id', 'created_at', 'modified_at'],
  patch: {
    actions: ['overwrite'],
    fields: [
      'concept',
      'status',
      'start_frame_nr',
      'end_frame_nr',
      'start_frame_ms',
      'end_frame_ms',
      'sample_rate_ms',
      'sample_rate_frame',
    ],
  },
  defaultSort: { column: 'pk', descending: false },
  hooks: {
    validate: checkTrack,
    columns: ({ status }) => ({ status_code: status?.code || StatusCode.ANNOTATION_TRACK_IDLE }),
    async present(items, call) {
      const ids = await inputIds(
        call.services.db.read,
        items.map(({ row }) => row.input_pk),
      )
      for (const { row, message } of items) {
        message.inputId = ids.get(row.input_pk) ?? ''
        message.status = itemStatus(row.status_code)
        message.createdAt = toTimestamp(row.created_at)
        message.modifiedAt = toTimestamp(row.modified_at)
      }
    },
  },
})

function checkTrack(track: AnnotationTrack): void {
  const { concept, status } = track
  if (concept?.id) checkConceptId(concept.id, StatusCode.ANNOTATION_INVALID_ARGUMENT)
  if (concept) checkNumber(`The value of the concept '${concept.id || concept.name}'`, concept.value, 0, 1)
  if (status?.code && !STATUSES.includes(status.code)) {
    const allowed = STATUSES.map((code) => `${StatusCode[code]} ${code}`).join(', ')
    throw invalidAnnotation(`An annotation track cannot have the status ${status.code}; use one of ${allowed}.`)
  }
  checkOrder('frame_nr', track.startFrameNr, track.endFrameNr)
  checkOrder('frame_ms', track.startFrameMs, track.endFrameMs)
}

function checkOrder(field: string, start: number, end: number): void {
  if (end !== 0 && start > end) {
    throw invalidAnnotation(`A track goes from start_${field} ${start} to end_${field} ${end}; it must begin first.`)
  }
}
