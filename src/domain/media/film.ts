import { createReadStream } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { DashTrack } from '../../media/dash/tracks.ts'
import { media } from '../../store/repos/families.ts'
import { originalOf } from '../../store/repos/input-media.ts'
import { addMediaFiles, type NewMediaFile } from '../../store/repos/media.ts'
import type { Services } from '../services.ts'
import { type HostedFilm, type HostedTrack, readDocument } from './document.ts'
import { noSuchMedium } from './find.ts'

/** Name of the folder under the data folder in which tracks lie until they are blobs. */
const WORK_FOLDER = 'tmp'

/** How a processed film is played by ranges; what that takes is made when it is asked for first, and kept. */
export async function hostedFilm(services: Services, mediaPk: number, signal: AbortSignal): Promise<HostedFilm> {
  return services.films.run(String(mediaPk), async () => {
    const row = await media.getByPk(services.db.read, mediaPk)
    if (!row) throw noSuchMedium()
    return readDocument(row.doc).film ?? makeFilm(services, mediaPk, signal)
  })
}

async function makeFilm(services: Services, mediaPk: number, signal: AbortSignal): Promise<HostedFilm> {
  const original = await originalOf(services.db.read, mediaPk)
  if (!original) throw noSuchMedium()
  const root = join(services.config.dataDir, WORK_FOLDER)
  await mkdir(root, { recursive: true, mode: 0o700 })
  const folder = await mkdtemp(join(root, 'film-'))
  try {
    const { durationSeconds, tracks } = await services.mediaPrep.film(
      await services.blobs.file(original.hash),
      folder,
      signal,
    )
    const hosted: HostedTrack[] = []
    const files: NewMediaFile[] = []
    for (const { file, ...track } of tracks) {
      const size = file === undefined ? 'orig' : (`dash_${track.kind}` as const)
      hosted.push({ ...track, size })
      if (file !== undefined) files.push(await trackFile(services, track.kind, size, file))
    }
    return await store(services, mediaPk, { durationSeconds, tracks: hosted }, files)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function trackFile(
  { blobs }: Services,
  kind: DashTrack['kind'],
  sizeName: string,
  path: string,
): Promise<NewMediaFile> {
  const { hash, size } = await blobs.put(createReadStream(path))
  return { sizeName, hash, start: 0, size, contentType: `${kind}/mp4`, content: null, blobSize: size }
}

/** Writes what was made, unless another server was faster. */
function store(
  { db, clock }: Services,
  mediaPk: number,
  film: HostedFilm,
  files: readonly NewMediaFile[],
): Promise<HostedFilm> {
  return db.transact(async (tx) => {
    const row = await media.getByPk(tx, mediaPk)
    if (!row) throw noSuchMedium()
    const document = readDocument(row.doc)
    if (document.film) return document.film
    const now = clock.now()
    await media.update(tx, row, { doc: JSON.stringify({ ...document, film }) }, now)
    await addMediaFiles(tx, [{ mediaPk, files }], now)
    return film
  })
}
