import type { DashFilm } from '../../media/dash/tracks.ts'
import type { MediaItem, PrepareResult } from '../../media/prepare/prepared.ts'

/**
 * The port through which the server has media looked at: outside its own process, several at a time.
 *
 * Give it all media at hand in one call; they are spread over the processes in batches. One answer per item, in their
 * order, so that a bad one never takes the others along:
 *
 * - `{ prepared }`: `facts` (for image_info, video_info, audio_info, text_info), `contentType` of the original, `sizes`
 *   with where each lies in `derived` (one array for all of them, to be put as one blob), and `converted`, the text in
 *   UTF-8 that takes the place of an original in another encoding.
 * - `{ refused: { code, details } }`: 30101 for other formats, 30105 over a limit, 30300 for damaged content.
 *
 * `domain/media/host.ts` does this and puts the blobs as well; it is what jobs call.
 */
export interface MediaPrep {
  /** Rejects only when no process can be started, the server shuts down, or with the reason of `signal`. */
  prepare(items: readonly MediaItem[], signal?: AbortSignal): Promise<PrepareResult[]>
  /**
   * Writes the tracks of the film in `file` into new files in `folder`, as browsers play them by ranges; throws AppError
   * 30300 for a damaged one.
   */
  film(file: string, folder: string, signal?: AbortSignal): Promise<DashFilm>
  /** Refuses new work, lets what runs come to its end, ends the processes. */
  close(): Promise<void>
}
