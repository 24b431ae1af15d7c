import { DatasetVersionExportFormat as Format } from '../../../contract/index.ts'
import { invalidDataset } from '../problem.ts'

/** A format that versions can be exported in. */
export type ExportFormat = Format.CLARIFAI_DATA_PROTOBUF | Format.CLARIFAI_DATA_JSON | Format.COCO

/** Field of `export_info` in which the export of a format stands. */
export const INFO_FIELD = {
  [Format.CLARIFAI_DATA_PROTOBUF]: 'clarifaiDataProtobuf',
  [Format.CLARIFAI_DATA_JSON]: 'clarifaiDataJson',
  [Format.COCO]: 'coco',
} as const

/** A format as requests name it; throws AppError for none and for unknown ones. */
export function readFormat(format: number): ExportFormat {
  if (Object.hasOwn(INFO_FIELD, format)) return format as ExportFormat
  const known = Object.keys(INFO_FIELD).map((one) => `${Format[Number(one)]} ${one}`)
  throw invalidDataset(`There is no export format ${format}; use ${known.join(', ')}.`)
}
