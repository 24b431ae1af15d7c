import { create } from '@bufbuild/protobuf'
import { encodeMessage } from '../../../contract/binary/index.ts'
import {
  type Data,
  DataSchema,
  type DatasetVersion,
  type Input,
  InputBatchSchema,
  InputSchema,
} from '../../../contract/index.ts'
import { StatusCode } from '../../../contract/status-code.ts'
import type { Reader } from '../../../store/database.ts'
import { annotationsOf, type Member, membersAfter } from '../../../store/repos/dataset-inputs.ts'
import { mediaOfInputs } from '../../../store/repos/input-media.ts'
import { showConcepts } from '../../annotations/concepts.ts'
import { toMessage } from '../../annotations/present.ts'
import { type InputPlace, toInput } from '../../inputs/present.ts'
import { interpolateFrames } from './interpolate.ts'
import { INTERPOLATED_FRAMES_MAX } from './limits.ts'
import { mergeAnnotations } from './merge.ts'
import type { Predict } from './predictions.ts'
import { ignoresEmpty, selectionOfVersion } from './selection.ts'

/** A version that is being made: what it is to hold, and where its inputs live. */
export interface Making {
  readonly version: DatasetVersion
  readonly datasetPk: number
  readonly place: InputPlace
  /** Sampling of videos in the app, in milliseconds. */
  readonly sampleMs: number
  /** For versions that hold what a model says in place of annotations. */
  readonly predict?: Predict
}

/** The next inputs of a version as bytes of an InputBatch. */
export interface Chunk {
  readonly bytes: Buffer
  readonly inputs: number
  /** Members that were looked at, also those that were left out. */
  readonly seen: number
  readonly lastPk: number
}

/** Reads up to `limit` members after the one with `afterPk`; undefined when there are no more. */
export async function readChunk(
  reader: Reader,
  making: Making,
  afterPk: number,
  limit: number,
): Promise<Chunk | undefined> {
  const members = await membersAfter(reader, making.datasetPk, afterPk, limit, StatusCode.INPUT_FAILED)
  const last = members.at(-1)
  if (!last) return undefined
  const inputs = await membersAsInputs(reader, making, members)
  const bytes = encodeMessage(InputBatchSchema, create(InputBatchSchema, { inputs }))
  return { bytes: Buffer.from(bytes), inputs: inputs.length, seen: members.length, lastPk: last.pk }
}

/** Members with what the version takes of what is said about them. */
export async function membersAsInputs(reader: Reader, making: Making, members: readonly Member[]): Promise<Input[]> {
  const { version, place } = making
  const pks = members.map(({ pk }) => pk)
  const media = await mediaOfInputs(reader, pks)
  const said = making.predict ? await making.predict(reader, pks) : await annotated(reader, making, members)
  const inputs: Input[] = []
  for (const member of members) {
    const data = toInput(place, member, media.get(member.pk) ?? [], undefined).data ?? create(DataSchema)
    const parts = said.get(member.pk) ?? []
    for (const part of parts) part.embeddings = []
    const isLabelled = mergeAnnotations(data, parts)
    if (!isLabelled && ignoresEmpty(version)) continue
    interpolate(data, making)
    inputs.push(create(InputSchema, { id: member.id, data }))
  }
  await showConcepts(
    reader,
    place,
    inputs.flatMap(({ data }) => data ?? []),
  )
  return inputs
}

/** The data of the annotations that a version takes, by pks of its inputs. */
async function annotated(
  reader: Reader,
  { version, place }: Making,
  members: readonly Member[],
): Promise<Map<number, Data[]>> {
  const ids = new Map(members.map(({ pk, id }) => [pk, id]))
  const rows = await annotationsOf(reader, [...ids.keys()], selectionOfVersion(place.appPk, version))
  return new Map([...rows].map(([pk, own]) => [pk, own.flatMap((row) => toMessage(row, ids.get(pk)!).data ?? [])]))
}

function interpolate(data: Exclude<Input['data'], undefined>, { version, sampleMs }: Making): void {
  const info = version.processingInfo?.frameInterpolationInfo
  if (info && data.frames.length > 1) interpolateFrames(data, info.sampleMs || sampleMs, INTERPOLATED_FRAMES_MAX)
}
