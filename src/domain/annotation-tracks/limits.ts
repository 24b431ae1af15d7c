/** Frames that one search of track annotations answers, which is also what it answers unless asked for fewer. */
export const TRACK_FRAMES_MAX = 60
/** Milliseconds of a film that one search of track annotations goes over, likewise. */
export const TRACK_MS_MAX = 3_000
/** Annotations that are read at a time while frames are gone through. */
export const FRAMES_PER_READ = 500
