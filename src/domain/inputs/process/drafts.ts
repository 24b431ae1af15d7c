import type { Micros } from '../../../base/clock.ts'
import type { Annotation } from '../../../contract/index.ts'
import { StatusCode } from '../../../contract/status-code.ts'
import type { Writer } from '../../../store/database.ts'
import { ensureConcepts, knownConcepts, type LabelPlace } from '../../annotations/concepts.ts'
import type { ConceptPk } from '../../annotations/derive.ts'
import type { AnnotationDraft, AnnotationWorker } from '../../annotations/store.ts'
import type { Call } from '../../call.ts'
import { labelPlace } from '../caller.ts'
import type { Outcome } from './finish.ts'
import type { MadeAnnotation } from './made-annotations.ts'
import { statusOfWriter, workerOfWriter } from './writers.ts'

type WithAnnotations = Pick<Outcome, 'input' | 'annotations'>
type ByWriter = Extract<MadeAnnotation, { readonly by: 'writer' }>

/** Makes annotations out of what a workflow has found, with what had to be looked up for them. */
export class Drafts {
  readonly #place: LabelPlace
  readonly #writers: ReadonlyMap<ByWriter['params'], AnnotationWorker>
  readonly #models: ReadonlyMap<number, ConceptPk>

  private constructor(
    place: LabelPlace,
    writers: ReadonlyMap<ByWriter['params'], AnnotationWorker>,
    models: ReadonlyMap<number, ConceptPk>,
  ) {
    this.#place = place
    this.#writers = writers
    this.#models = models
  }

  /** Looks up what does not change with the transaction: concepts of models, and who the writers write for. */
  static async of(call: Call, outcomes: readonly WithAnnotations[]): Promise<Drafts> {
    const place = await labelPlace(call)
    const made = outcomes.flatMap(({ annotations }) => annotations)
    const writers = new Map<ByWriter['params'], AnnotationWorker>()
    for (const one of made) {
      if (one.by === 'writer' && !writers.has(one.params)) {
        writers.set(one.params, await workerOfWriter(call, one.params))
      }
    }
    const models = new Map<number, ConceptPk>()
    const byHome = Map.groupBy(
      made.filter((one) => one.by === 'model'),
      ({ rows }) => rows.appPk,
    )
    for (const [homePk, own] of byHome) {
      const datas = own.flatMap(({ message }) => message.data ?? [])
      models.set(homePk, await knownConcepts(call.services.db.read, homePk, place.appPk, datas))
    }
    return new Drafts(place, writers, models)
  }

  /** The annotations of outcomes; what writers write may bring new concepts into the app. */
  async for(tx: Writer, outcomes: readonly WithAnnotations[], now: Micros): Promise<AnnotationDraft[]> {
    const written = outcomes.flatMap(({ annotations }) => annotations.filter(({ by }) => by === 'writer'))
    const ownConcept = await ensureConcepts(
      tx,
      this.#place,
      written.flatMap(({ message }) => message.data ?? []),
      now,
    )
    return outcomes.flatMap(({ input, annotations }) =>
      annotations.map((one) => ({
        appPk: input.app_pk,
        inputPk: input.pk,
        ...(one.by === 'writer' ? this.#written(one, ownConcept) : this.#predicted(one)),
      })),
    )
  }

  #written({ message, params }: ByWriter, conceptPk: ConceptPk): Omit<AnnotationDraft, 'appPk' | 'inputPk'> {
    const { annotation_info: info, task_id: taskId } = params
    const annotationInfo = typeof info === 'object' && info !== null && !Array.isArray(info) ? info : undefined
    const written: Annotation = { ...message, annotationInfo, taskId: typeof taskId === 'string' ? taskId : '' }
    const statusCode = statusOfWriter(params)
    return { message: written, conceptPk, worker: this.#writers.get(params)!, statusCode, trusted: true }
  }

  #predicted({
    message,
    rows,
    versionId,
  }: Exclude<MadeAnnotation, ByWriter>): Omit<AnnotationDraft, 'appPk' | 'inputPk'> {
    return {
      message,
      conceptPk: this.#models.get(rows.appPk)!,
      vectorsBy: rows.versionPk,
      worker: { kind: 'model_version', id: versionId, pk: rows.versionPk },
      statusCode: StatusCode.ANNOTATION_SUCCESS,
      trusted: false,
    }
  }
}
