/** A file in an archive. */
export interface ArchiveFile {
  /** With its folders, `/` between. */
  readonly name: string
  /** Bytes, as the archive says it. */
  readonly size: number
  /** Why it cannot be read, as a sentence; it has to be passed over then. */
  readonly refusal?: string
  /** The content, once. Throws AppError 67000 for a file that is damaged, ArchiveBroken where nothing behind it can be read either. */
  read(): AsyncIterable<Uint8Array>
}

/** An archive whose files are looked at one after the other. */
export interface Archive extends AsyncDisposable {
  /** Whether a file has to be read before the next one is asked for. */
  readonly sequential: boolean
  /**
   * The files behind the first `skip`, in an order that is always the same. Folders and what systems add for themselves
   * (`__MACOSX`, hidden files) are left out. Throws ArchiveBroken where the archive is damaged or a trap.
   */
  files(skip: number): AsyncGenerator<ArchiveFile, void, undefined>
}
