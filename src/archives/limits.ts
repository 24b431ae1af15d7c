const MIB = 1024 * 1024

/** Most files in one archive. */
export const ARCHIVE_FILES_MAX = 1_000_000
/** All files of an archive together may have this many bytes, */
export const UNPACKED_BYTES_FREE = 1024 * MIB
/** or this many times the size of the archive: media are packed already, so more is a trap. */
export const UNPACKED_RATIO_MAX = 100
/** Characters of a file's name that are repeated in a message. */
export const SHOWN_NAME_CHARS_MAX = 100
/** Bytes at the beginning of a file that tell what kind of archive it is. */
export const ARCHIVE_HEAD_BYTES = 512
