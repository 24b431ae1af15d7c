import { create } from '@bufbuild/protobuf'
import { toTimestamp } from '../../base/timestamps.ts'
import { type Data, DataSchema, type Input, InputSchema } from '../../contract/index.ts'
import { decodeDoc } from '../../contract/json/index.ts'
import type { StatusCode } from '../../contract/status-code.ts'
import type { Reader } from '../../store/database.ts'
import { inputLevelRows } from '../../store/repos/annotations.ts'
import { mediaOfInputs } from '../../store/repos/input-media.ts'
import type { Row } from '../../store/schema/tables.ts'
import { showConcepts } from '../annotations/concepts.ts'
import { toMessage } from '../annotations/present.ts'
import { type HostedAt, putMedium, type StoredMedium } from '../media/present.ts'
import { itemStatus } from '../predict/answer.ts'

/** The app that inputs are shown of, and where its media lie. */
export interface InputPlace extends HostedAt {
  readonly appPk: number
}

/** Inputs as messages: their media and what their own annotation says, never what others say about them. */
export async function presentInputs(
  reader: Reader,
  place: InputPlace,
  rows: readonly Row<'inputs'>[],
): Promise<Input[]> {
  const pks = rows.map(({ pk }) => pk)
  const inputs = toInputs(place, rows, await mediaOfInputs(reader, pks), await inputLevelRows(reader, pks))
  await showConcepts(
    reader,
    place,
    inputs.flatMap(({ data }) => data ?? []),
  )
  return inputs
}

/** Inputs from their parts, by the pk of the input; concepts are without their names. */
export function toInputs(
  place: InputPlace,
  rows: readonly Row<'inputs'>[],
  media: ReadonlyMap<number, readonly StoredMedium[]>,
  labels: ReadonlyMap<number, Row<'annotations'>>,
): Input[] {
  return rows.map((row) => {
    const label = labels.get(row.pk)
    return toInput(place, row, media.get(row.pk) ?? [], label && toMessage(label, row.id).data)
  })
}

/** One input from its parts; names of concepts are as `labels` has them. */
export function toInput(
  place: InputPlace,
  row: Pick<Row<'inputs'>, 'id' | 'doc' | 'status_code' | 'status_details' | 'created_at' | 'modified_at'>,
  media: readonly StoredMedium[],
  labels: Data | undefined,
): Input {
  const input = decodeDoc(InputSchema, row.doc)
  const data = input.data ?? create(DataSchema)
  for (const medium of media) putMedium(data, medium, place, data[medium.kind]?.url)
  if (labels) Object.assign(data, { concepts: labels.concepts, metadata: labels.metadata, geo: labels.geo })
  input.id = row.id
  input.data = data
  input.createdAt = toTimestamp(row.created_at)
  input.modifiedAt = toTimestamp(row.modified_at)
  input.status = itemStatus(row.status_code as StatusCode, row.status_details)
  return input
}
