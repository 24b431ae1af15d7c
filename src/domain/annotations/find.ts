import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Reader } from '../../store/database.ts'
import { annotations, inputs } from '../../store/repos/families.ts'
import type { Row } from '../../store/schema/tables.ts'

/** The refusal of an input that is not in the app. */
export const noInput = (id: string): AppError =>
  new AppError(StatusCode.CONN_DOES_NOT_EXIST, `There is no input '${id}' in this app.`)

/** The refusal of an annotation that the input does not have. */
export const noAnnotation = (inputId: string, id: string): AppError =>
  new AppError(StatusCode.CONN_DOES_NOT_EXIST, `The input '${inputId}' has no annotation '${id}'.`)

/** An input of an app; throws AppError 11101. */
export async function findInput(reader: Reader, appPk: number, id: string): Promise<Row<'inputs'>> {
  const row = await inputs.get(reader, appPk, id)
  if (!row) throw noInput(id)
  return row
}

/** An annotation of an input of an app; throws AppError 11101. */
export async function findAnnotation(
  reader: Reader,
  appPk: number,
  inputId: string,
  id: string,
): Promise<Row<'annotations'>> {
  const input = await findInput(reader, appPk, inputId)
  const row = await annotations.get(reader, input.pk, id)
  if (!row) throw noAnnotation(inputId, id)
  return row
}
