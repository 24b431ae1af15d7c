import { AppError } from '../../../base/errors.ts'
import { AnnotationSchema } from '../../../contract/index.ts'
import { decodeDoc } from '../../../contract/json/index.ts'
import { StatusCode } from '../../../contract/status-code.ts'
import type { Writer } from '../../../store/database.ts'
import { originalsOfInputs, type StoredOriginal } from '../../../store/repos/input-media.ts'
import { annotationsWithoutWords, inputsWithoutWords, stillWithoutWords } from '../../../store/repos/old-words.ts'
import { addAnnotationTexts } from '../../../store/repos/texts.ts'
import type { Row } from '../../../store/schema/tables.ts'
import { derive } from '../../annotations/derive.ts'
import { defineJob } from '../../jobs/define.ts'
import { writeTexts } from './finish.ts'
import { OLD_WORDS_PER_PART } from './limits.ts'
import { MediaDesk, type ReadyMedium } from './media-desk.ts'

interface Args {
  readonly appPk: number
}

interface State {
  readonly of: 'inputs' | 'annotations'
  readonly lastPk: number
}

/**
 * Finds the words of texts that an app had before words were kept, so that searches find them. The migration "words of
 * old texts" adds one for each app that may have such texts.
 */
export const oldWordsJob = defineJob<Args, State>({
  kind: 'old-words',
  async run({ args: { appPk }, services, checkpoint, signal, ...context }) {
    const { read } = services.db
    const desk = new MediaDesk(services, signal)
    let { of, lastPk } = context.state ?? { of: 'inputs', lastPk: 0 }
    let { done } = context
    while (of === 'inputs') {
      signal.throwIfAborted()
      const rows = await inputsWithoutWords(read, appPk, StatusCode.INPUT_SUCCESS, lastPk, OLD_WORDS_PER_PART)
      const originals = await originalsOfInputs(
        read,
        rows.map(({ pk }) => pk),
      )
      const found = await Promise.all(
        rows.map(async (input) => ({ input, media: await mediaOf(desk, input, originals.get(input.pk) ?? []) })),
      )
      if (rows.length === 0) [of, lastPk] = ['annotations', 0]
      else lastPk = rows.at(-1)!.pk
      done += rows.length
      const state = { of, lastPk }
      await checkpoint(async (tx) => {
        // Whoever has changed or processed one meanwhile has seen to its words.
        const still = await stillWithoutWords(
          tx,
          found.map(({ input }) => input.pk),
        )
        await writeTexts(
          tx,
          appPk,
          found.filter(({ input }) => still.has(input.pk)),
        )
        return { state, done }
      })
    }
    for (let more = true; more; ) {
      signal.throwIfAborted()
      const after = lastPk
      await checkpoint(async (tx) => {
        const last = await writeAnnotationWords(tx, appPk, after)
        more = last !== undefined
        lastPk = last ?? after
        return { state: { of, lastPk }, done }
      })
    }
  },
})

/** A medium that cannot be read has no words, which is no reason to leave out the others. */
async function mediaOf(
  desk: MediaDesk,
  input: Row<'inputs'>,
  stored: readonly StoredOriginal[],
): Promise<ReadyMedium[]> {
  try {
    return await desk.prepare(input, stored)
  } catch (error) {
    if (error instanceof AppError) return []
    throw error
  }
}

/** Writes the words of the next annotations; the pk of the last one, or undefined where there are no more. */
async function writeAnnotationWords(tx: Writer, appPk: number, after: number): Promise<number | undefined> {
  const rows = await annotationsWithoutWords(tx, appPk, after, OLD_WORDS_PER_PART)
  const texts = rows.flatMap((row) => {
    const { data } = decodeDoc(AnnotationSchema, row.doc)
    const text = data && derive(data, () => undefined, 0).text
    return text ? [{ annotation_pk: row.pk, input_pk: row.input_pk, app_pk: appPk, ...text }] : []
  })
  await addAnnotationTexts(tx, texts)
  return rows.at(-1)?.pk
}
