import { AppError } from '../base/errors.ts'
import { StatusCode } from '../contract/status-code.ts'
import { SHOWN_NAME_CHARS_MAX } from './limits.ts'

/** The archive cannot be read on: it is damaged, of another kind, or a trap. */
export class ArchiveBroken extends AppError {
  constructor(details: string, cause?: unknown) {
    super(StatusCode.ARCHIVE_EXTRACT_FAILED, details, { cause })
    this.name = 'ArchiveBroken'
  }
}

/** One file of an archive cannot be read. */
export const fileDamaged = (name: string, cause?: unknown): AppError =>
  new AppError(
    StatusCode.ARCHIVE_EXTRACT_FAILED,
    `The file '${shown(name)}' is damaged in the archive; pack it again.`,
    { cause },
  )

/** A name as messages repeat it. */
export const shown = (name: string): string => name.slice(0, SHOWN_NAME_CHARS_MAX)
