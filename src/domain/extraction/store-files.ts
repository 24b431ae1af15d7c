import { clone, create } from '@bufbuild/protobuf'
import type { AppError } from '../../base/errors.ts'
import { AnnotationSchema, type Input, InputSchema } from '../../contract/index.ts'
import type { JobContext } from '../../jobs/define.ts'
import type { Writer } from '../../store/database.ts'
import { changeExtraction, countExtraction, type ExtractionCount } from '../../store/repos/extraction-jobs.ts'
import { datasets } from '../../store/repos/families.ts'
import type { MediaKind, Row } from '../../store/schema/tables.ts'
import type { Call } from '../call.ts'
import { labelPlace } from '../inputs/caller.ts'
import { type GivenLabels, readLabels } from '../inputs/given-labels.ts'
import { kindBits } from '../inputs/given-media.ts'
import type { Posted, PostedMedium } from '../inputs/posted.ts'
import { type PostPlace, remember, storeInto } from '../inputs/store-posted.ts'
import type { Services } from '../services.ts'
import { type ExtractionDocument, readExtraction } from './document.ts'
import { REASON_CHARS_MAX } from './limits.ts'
import { templateOf } from './plan.ts'
import type { ExtractionState } from './state.ts'

/** What has become of a file. */
export interface ReadyFile {
  /** The id that its input gets, unless it is taken. */
  readonly id: string
  readonly medium?: PostedMedium
  readonly refusal?: AppError
}

/** What a run of the job works with. */
export type ExtractionContext = JobContext<{ readonly extractionPk: number }, ExtractionState, Services>

const COUNTS: Readonly<Record<MediaKind, ExtractionCount>> = {
  image: 'images',
  video: 'videos',
  audio: 'audios',
  text: 'texts',
}

/** Makes inputs of files, as the plan of an extraction job says. */
export class FileStore {
  readonly #ctx: ExtractionContext
  readonly #row: Row<'inputs_extraction_jobs'>
  readonly #plan: ExtractionDocument
  readonly #template: Input
  readonly #labels: GivenLabels
  readonly #place: PostPlace
  #said: boolean

  private constructor(ctx: ExtractionContext, row: Row<'inputs_extraction_jobs'>, place: PostPlace) {
    this.#ctx = ctx
    this.#row = row
    this.#plan = readExtraction(row)
    this.#template = templateOf(this.#plan)
    this.#labels = readLabels(this.#template.data)
    this.#place = { ...place, worker: this.#plan.worker }
    this.#said = row.status_details !== ''
  }

  /** The store of a job; `call` is in its app. */
  static async of(ctx: ExtractionContext, row: Row<'inputs_extraction_jobs'>, call: Call): Promise<FileStore> {
    const { worker } = readExtraction(row)
    return new FileStore(ctx, row, { services: ctx.services, labels: await labelPlace(call), worker })
  }

  /** Stores files together with how far the job is then, all or nothing; no two of them may have the same id. */
  async store(
    files: readonly ReadyFile[],
    state: ExtractionState,
    also?: (tx: Writer) => Promise<void>,
  ): Promise<void> {
    const { services } = this.#ctx
    const items = files.map((file) => this.#posted(file))
    const forget = remember(items)
    await this.#ctx.checkpoint(async (tx) => {
      forget()
      const now = services.clock.now()
      const wish = { datasetPks: await this.#datasets(tx, items), addJobId: this.#plan.inputs_add_job_id }
      await storeInto(tx, this.#place, items, { ...wish, suffix: this.#plan.suffix })
      await countExtraction(tx, this.#row.pk, countsOf(items), now)
      await this.#sayWhy(tx, items.find(({ refusal }) => refusal)?.refusal, now)
      await also?.(tx)
      return { state, done: this.#ctx.done + items.length }
    })
    this.#said ||= items.some(({ refusal }) => refusal)
  }

  /** The first reason stands for all. */
  async #sayWhy(tx: Writer, refusal: AppError | undefined, now: number): Promise<void> {
    if (this.#said || !refusal) return
    const status_details = `Some files became no inputs, the first one because: ${refusal.details}`
    await changeExtraction(tx, this.#row.pk, { status_details: status_details.slice(0, REASON_CHARS_MAX) }, now)
  }

  /** Pks of the datasets of the template, without those that were deleted meanwhile, which inputs then name no more. */
  async #datasets(tx: Writer, items: readonly Posted[]): Promise<ReadonlyMap<string, number>> {
    const ids = this.#template.datasetIds
    const found = ids.length === 0 ? new Map() : await datasets.getMany(tx, this.#row.app_pk, ids)
    for (const { input } of items) input.datasetIds = ids.filter((id) => found.has(id))
    return new Map([...found].map(([id, { pk }]) => [id, pk]))
  }

  #posted({ id, medium, refusal }: ReadyFile): Posted {
    const input = create(InputSchema, { id, data: medium ? { [medium.kind]: {} } : {} })
    const { whole, regions } = this.#labels
    return {
      input,
      id,
      kinds: medium ? kindBits([medium]) : 0,
      given: [],
      // Each input has messages of its own, as concepts in them are filled in.
      labels: {
        whole: clone(AnnotationSchema, whole),
        regions: regions.map((region) => clone(AnnotationSchema, region)),
      },
      urls: [],
      onceUrls: [],
      media: medium ? [medium] : [],
      ...(refusal && { refusal }),
    }
  }
}

function countsOf(items: readonly Posted[]): Partial<Record<ExtractionCount, number>> {
  const counts: Partial<Record<ExtractionCount, number>> = {}
  for (const { refusal, media } of items) {
    const name = refusal ? 'refused' : COUNTS[media[0]!.kind]
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}
