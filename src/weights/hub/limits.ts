const MIB = 1024 * 1024

/** Largest file that is fetched. */
export const MAX_HUB_FILE_BYTES = 8 * 1024 * MIB
/** Redirects followed for one file: hubs hand large files to other hosts. */
export const MAX_REDIRECTS = 5
/** A download that brings nothing for this long is taken up again. */
export const STALL_MS = 60_000
/** How often a download is taken up again where it was broken off, before it is given up for now. */
export const MAX_RESUMES = 4
/** Pause before a download is taken up again; it doubles each time. */
export const RESUME_PAUSE_MS = 1_000
/** Downloads report after each step of this size. */
export const PROGRESS_STEP_BYTES = MIB / 2
