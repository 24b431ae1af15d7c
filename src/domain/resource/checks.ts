import { AppError } from '../../base/errors.ts'
import { METADATA_BYTES_MAX, NOTES_BYTES_MAX, TEXT_BYTES_MAX } from '../../base/limits.ts'
import type { Image, Visibility } from '../../contract/index.ts'
import type { StatusCode } from '../../contract/status-code.ts'
import { Visible } from '../access/target.ts'

const VISIBILITIES: readonly number[] = Object.values(Visible)

/** The visibility that a message asks for, private unless it says; refuses what the contract does not know. */
export function visibilityOf(visibility: Visibility | undefined, code: StatusCode): number {
  const gettable = visibility?.gettable || Visible.PRIVATE
  if (!VISIBILITIES.includes(gettable)) {
    throw new AppError(code, `The visibility ${gettable} does not exist; use ${VISIBILITIES.join(', ')}.`)
  }
  return gettable
}

const SHORT = ['name', 'displayName', 'description', 'license', 'task', 'creator'] as const
const FREE = ['metadata', 'presets'] as const

/** Texts that resources of several families have. */
export type Texts = { readonly [F in (typeof SHORT)[number] | 'notes']?: string } & {
  readonly [F in (typeof FREE)[number]]?: object | undefined
}

/** Refuses texts and free JSON that are too long. */
export function checkTexts(message: Texts, code: StatusCode): void {
  const check = (field: string, text: string, max: number): void => {
    const bytes = Buffer.byteLength(text)
    if (bytes > max) throw new AppError(code, `The field ${field} has ${bytes} bytes; use at most ${max}.`)
  }
  for (const field of SHORT) check(field, message[field] ?? '', TEXT_BYTES_MAX)
  check('notes', message.notes ?? '', NOTES_BYTES_MAX)
  for (const field of FREE) if (message[field]) check(field, JSON.stringify(message[field]), METADATA_BYTES_MAX)
}

/** Refuses a picture given by its bytes: only the address of one can be kept here. */
export function checkImage(image: Image | undefined, kind: string, code: StatusCode): void {
  if (image && image.base64.length > 0) throw new AppError(code, `The image of a ${kind} must be given by its url.`)
}
