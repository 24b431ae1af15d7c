import { create } from '@bufbuild/protobuf'
import { DatasetVersionSchema, type Input } from '../../contract/index.ts'
import { DEFAULT_SAMPLE_MS } from '../../media/limits.ts'
import { chunksOf } from '../../store/repos/dataset-versions.ts'
import { inputsLabelledWith } from '../../store/repos/evaluations.ts'
import { inputs as inputRows } from '../../store/repos/families.ts'
import { inputsIn } from '../datasets/versions/batches.ts'
import { membersAsInputs } from '../datasets/versions/chunk.ts'
import type { InputPlace } from '../inputs/present.ts'
import type { Services } from '../services.ts'
import { CHUNK_BYTES_MAX, EXAMPLES_PER_PART } from './limits.ts'

/** Where examples come from: a dataset version, certain inputs, or what people have labelled in an app with concepts. */
export type ExampleSource = { readonly place: InputPlace } & (
  | { readonly versionPk: number }
  | { readonly inputPks: readonly number[] }
  | { readonly conceptPks: readonly number[] }
)

/** Some examples, and where the next ones begin. */
export interface ExamplePage {
  readonly inputs: readonly Input[]
  readonly next: number
}

/** Examples after a place, or undefined when there are no more. A dataset version never changes, an app may. */
export function nextExamples(
  services: Pick<Services, 'db' | 'blobs'>,
  source: ExampleSource,
  from: number,
): Promise<ExamplePage | undefined> {
  if ('versionPk' in source) return partOfVersion(services, source.versionPk, from)
  if ('inputPks' in source) {
    const pks = source.inputPks.slice(from, from + EXAMPLES_PER_PART)
    return partOfApp(services, source.place, pks, from + pks.length)
  }
  return labelledPart(services, source.place, source.conceptPks, from)
}

async function labelledPart(
  services: Pick<Services, 'db'>,
  place: InputPlace,
  conceptPks: readonly number[],
  from: number,
): Promise<ExamplePage | undefined> {
  const pks = await inputsLabelledWith(services.db.read, place.appPk, conceptPks, from, EXAMPLES_PER_PART)
  return partOfApp(services, place, pks, pks.at(-1) ?? from)
}

async function partOfVersion(
  { db, blobs }: Pick<Services, 'db' | 'blobs'>,
  versionPk: number,
  from: number,
): Promise<ExamplePage | undefined> {
  const chunk = (await chunksOf(db.read, versionPk))[from]
  if (!chunk) return undefined
  const bytes = await blobs.bytes(chunk.hash, CHUNK_BYTES_MAX)
  return { inputs: [...inputsIn({ bytes })], next: from + 1 }
}

async function partOfApp(
  { db }: Pick<Services, 'db'>,
  place: InputPlace,
  pks: readonly number[],
  next: number,
): Promise<ExamplePage | undefined> {
  if (pks.length === 0) return undefined
  const rows = await inputRows.getManyByPk(db.read, pks)
  const members = pks.flatMap((pk) => {
    const row = rows.get(pk)
    return row ? [{ ...row, added_at: row.created_at }] : []
  })
  const making = { version: create(DatasetVersionSchema), datasetPk: 0, place, sampleMs: DEFAULT_SAMPLE_MS }
  return { inputs: await membersAsInputs(db.read, making, members), next }
}
