import { isAppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { type DashFilm, dashTracks } from '../../media/dash/tracks.ts'
import { FileSource } from '../../media/encoded-source.ts'
import { prepareMedia } from '../../media/prepare/prepare.ts'
import type { MediaItem, PrepareResult, Refused } from '../../media/prepare/prepared.ts'
import { MEDIA_AT_A_TIME } from '../limits.ts'
import type { MediaAnswer, MediaJob } from './messages.ts'

/** Does a job of a media process; what is wrong with one item is its own answer. */
export async function work(job: MediaJob): Promise<MediaAnswer> {
  if (job.type === 'film') return { type: 'film', result: await cutFilm(job.file, job.folder) }
  return { type: 'prepared', results: await prepareAll(job.items) }
}

async function prepareAll(items: readonly MediaItem[]): Promise<PrepareResult[]> {
  const results = new Array<PrepareResult>(items.length)
  const rest = items.entries()
  const lane = async (): Promise<void> => {
    for (const [at, item] of rest) results[at] = await prepareOne(item)
  }
  await Promise.all(Array.from({ length: MEDIA_AT_A_TIME }, lane))
  return results
}

async function prepareOne(item: MediaItem): Promise<PrepareResult> {
  try {
    return { prepared: await prepareMedia(item) }
  } catch (error) {
    return { refused: describe(error) }
  }
}

async function cutFilm(file: string, folder: string): Promise<{ film: DashFilm } | { refused: Refused }> {
  const source = new FileSource(file)
  try {
    return { film: await dashTracks(source, folder) }
  } catch (error) {
    return { refused: describe(error) }
  } finally {
    source.close()
  }
}

function describe(error: unknown): Refused {
  if (isAppError(error)) return { code: error.code, details: error.details }
  console.error('preparing a medium failed', error)
  return {
    code: StatusCode.INTERNAL_UNCATEGORIZED,
    details: 'The medium could not be processed inside the server; its log says why.',
  }
}
