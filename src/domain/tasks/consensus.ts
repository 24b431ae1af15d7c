import { createHash } from 'node:crypto'
import { clone, create } from '@bufbuild/protobuf'
import { AnnotationSchema, DataSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Writer } from '../../store/database.ts'
import { listAnnotationRows, vectorsMaker } from '../../store/repos/annotation-lists.ts'
import { assignmentsOfInputs, setAssignmentStatus } from '../../store/repos/task-assignments.ts'
import type { Row } from '../../store/schema/tables.ts'
import { ensureConcepts, type LabelPlace } from '../annotations/concepts.ts'
import { presentAnnotations } from '../annotations/present.ts'
import { rewriteAnnotation } from '../annotations/store.ts'
import { groupStatements, statementsOf } from './agree.ts'
import type { Assignment } from './assignments.ts'
import type { StoredTask } from './find.ts'
import { followAssignments } from './follow.ts'
import { ANNOTATIONS_PER_LABELER } from './limits.ts'
import { labelersToAgree } from './review-rules.ts'

const { TASK_ASSIGNMENT_PENDING, TASK_ASSIGNMENT_SUCCESS, TASK_ASSIGNMENT_REJECTED } = StatusCode
const { TASK_ASSIGNMENT_AWAITING_REVIEW, TASK_ASSIGNMENT_AWAITING_CONSENSUS_REVIEW } = StatusCode
const { ANNOTATION_SUCCESS, ANNOTATION_AWAITING_REVIEW } = StatusCode

/**
 * Looks whether the labelers of an input agree, as far as they have submitted it. What enough of them say is approved;
 * once all have submitted, the rest goes to the reviewers. Doing it again changes nothing.
 */
export async function judgeInput(
  tx: Writer,
  place: LabelPlace,
  stored: StoredTask,
  inputPk: number,
  now: number,
): Promise<void> {
  const all = (await assignmentsOfInputs(tx, stored.row.pk, [inputPk])).get(inputPk) ?? []
  const open = all.filter(({ status_code }) => status_code === TASK_ASSIGNMENT_AWAITING_CONSENSUS_REVIEW)
  if (open.length === 0) return
  const wanted = labelersToAgree(stored.task)
  if (wanted <= 1) {
    const approved = wanted === 1
    await settle(tx, open, approved ? TASK_ASSIGNMENT_SUCCESS : TASK_ASSIGNMENT_AWAITING_REVIEW, now)
    const after = approved ? ANNOTATION_SUCCESS : ANNOTATION_AWAITING_REVIEW
    return followAssignments(tx, stored, open, after, now)
  }
  const voters = all.filter(
    ({ status_code }) => status_code !== TASK_ASSIGNMENT_PENDING && status_code !== TASK_ASSIGNMENT_REJECTED,
  )
  const voices = await voicesOf(tx, place, stored, inputPk, voters)
  const approved = approvedBy(voices, wanted)
  const complete = all.length >= wanted && all.every(({ status_code }) => status_code !== TASK_ASSIGNMENT_PENDING)
  const everything = voices.length > 0 && voices.every(({ row }) => approved.has(row.pk))
  for (const assignment of open) {
    const own = voices.filter(({ row }) => row.worker_id === assignment.worker_id)
    const agreed = own.length > 0 ? own.every(({ row }) => approved.has(row.pk)) : complete && everything
    if (agreed) await settle(tx, [assignment], TASK_ASSIGNMENT_SUCCESS, now)
    else if (complete) await settle(tx, [assignment], TASK_ASSIGNMENT_AWAITING_REVIEW, now)
    for (const voice of own) {
      const group = approved.get(voice.row.pk)
      if (group) await mark(tx, place, voice, ANNOTATION_SUCCESS, group, now)
      else if (complete) await mark(tx, place, voice, ANNOTATION_AWAITING_REVIEW, undefined, now)
    }
  }
}

const settle = (tx: Writer, assignments: readonly Assignment[], status: StatusCode, now: number) =>
  setAssignmentStatus(
    tx,
    assignments.map(({ pk }) => pk),
    status,
    now,
  )

/** An annotation that says something, with its row. */
interface Voice {
  readonly row: Row<'annotations'>
  readonly message: Awaited<ReturnType<typeof presentAnnotations>>[number]
}

async function voicesOf(
  tx: Writer,
  place: LabelPlace,
  { row, task }: StoredTask,
  inputPk: number,
  voters: readonly Assignment[],
): Promise<Voice[]> {
  const ids = [...new Set(voters.map(({ worker_id }) => worker_id))]
  const filter = { taskId: task.id, inputPks: [inputPk], workers: [{ kind: 'user' as const, ids }] }
  const page = { newestFirst: false, limit: ANNOTATIONS_PER_LABELER * ids.length, offset: 0 }
  const rows = await listAnnotationRows(tx, row.app_pk, filter, page)
  const messages = await presentAnnotations(tx, place, rows, { vectors: true })
  return rows.flatMap((one, at) => {
    const says = statementsOf(one.worker_id, one.pk, messages[at]!.data).length > 0
    return one.input_level === 0 && says ? [{ row: one, message: messages[at]! }] : []
  })
}

/** Which annotations say only what enough labelers say, each with the group that it belongs to. */
function approvedBy(voices: readonly Voice[], wanted: number): Map<number, string> {
  const statements = voices.flatMap(({ row, message }) => statementsOf(row.worker_id, row.pk, message.data))
  const groups = groupStatements(statements)
  const approved = new Map<number, string>()
  const denied = new Set<number>()
  for (const group of groups) {
    const enough = group.length >= wanted
    const name = createHash('sha256')
      .update(`${Math.min(...group.map(({ annotation }) => annotation))} ${group[0]!.key}`)
      .digest('hex')
      .slice(0, 32)
    for (const { annotation } of group) {
      if (!enough) denied.add(annotation)
      else if (!approved.has(annotation)) approved.set(annotation, name)
    }
  }
  for (const pk of denied) approved.delete(pk)
  return approved
}

/** Writes the status of an annotation, and with whose it agrees. */
async function mark(
  tx: Writer,
  place: LabelPlace,
  { row, message }: Voice,
  statusCode: StatusCode,
  group: string | undefined,
  now: number,
): Promise<void> {
  if (row.status_code === statusCode && message.consensusInfo?.annotation_group === group) return
  const changed = clone(AnnotationSchema, message)
  if (group !== undefined) changed.consensusInfo = { ...changed.consensusInfo, annotation_group: group }
  // Who made it stands in columns, and is shown from there.
  delete changed.worker
  const conceptPk = await ensureConcepts(tx, place, [changed.data ?? create(DataSchema)], now)
  const vectorsBy = await vectorsMaker(tx, row.pk)
  await rewriteAnnotation(tx, row, { message: changed, conceptPk, vectorsBy, statusCode }, now)
}
