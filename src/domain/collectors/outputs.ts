import { createHash } from 'node:crypto'
import { DataSchema, ModelSchema } from '../../contract/index.ts'
import { decodeDoc } from '../../contract/json/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { takenAnnotationIds } from '../../store/repos/annotation-lists.ts'
import { inputPks } from '../../store/repos/inputs.ts'
import { knownConcepts } from '../annotations/concepts.ts'
import { storeAnnotations } from '../annotations/store.ts'
import type { Call } from '../call.ts'
import { annotationsOf } from '../inputs/process/made-annotations.ts'
import type { CollectedItem } from './item.ts'

/** Stores what a model has answered about a collected input as annotations of the model; a second time does nothing. */
export async function annotateCollected(
  { services, target }: Call,
  inputId: string,
  { data, model, versionPk, modelAppPk }: NonNullable<CollectedItem['output']>,
): Promise<void> {
  const { db, clock } = services
  const appPk = target.app!.pk
  const named = decodeDoc(ModelSchema, model)
  const messages = annotationsOf(named, decodeDoc(DataSchema, data)).map((message, at) => ({
    ...message,
    id: createHash('sha256').update(`${inputId} ${at}`).digest('hex').slice(0, 32),
  }))
  const datas = messages.flatMap((message) => message.data ?? [])
  const conceptPk = await knownConcepts(db.read, modelAppPk, appPk, datas)
  const worker = { kind: 'model_version', id: named.modelVersion?.id ?? '', pk: versionPk } as const
  await db.transact(async (tx) => {
    const inputPk = (await inputPks(tx, appPk, [inputId])).get(inputId)
    if (inputPk === undefined) return
    const ids = messages.map(({ id }) => id)
    const taken = await takenAnnotationIds(tx, [inputPk], ids)
    const drafts = messages
      .filter(({ id }) => !taken.has(`${inputPk} ${id}`))
      .map((message) => ({
        appPk,
        inputPk,
        message,
        worker,
        conceptPk,
        vectorsBy: versionPk,
        statusCode: StatusCode.ANNOTATION_SUCCESS,
        trusted: false,
      }))
    await storeAnnotations(tx, drafts, clock.now())
  })
}
