import { AppError } from '../../base/errors.ts'
import type { Status } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { mediaOfInputs } from '../../store/repos/input-media.ts'
import { mediaFilesOf } from '../../store/repos/media.ts'
import { requireApp } from '../access/target.ts'
import type { Call } from '../call.ts'
import { pathOf } from '../media/address.ts'
import { readDocument } from '../media/document.ts'
import { hostedFilm } from '../media/film.ts'
import { LINK_MICROS } from '../media/links.ts'
import { asDataUri, dashManifest, plainManifest } from '../media/manifest.ts'
import { itemStatus } from '../predict/answer.ts'
import { findInput } from './find.ts'
import { invalidInput } from './problem.ts'

/**
 * The MPEG-DASH manifest of a processed video, as an address that contains it. The files that it names are opened by
 * signed links, since players send no key. A video of a kind that browsers do not play gets one that names the original.
 */
export async function getVideoManifest(call: Call, inputId: string): Promise<{ manifestUrl: string; status?: Status }> {
  const { services, target, signal } = call
  const app = requireApp(target)
  const input = await findInput(services.db.read, app.pk, inputId)
  const media = (await mediaOfInputs(services.db.read, [input.pk])).get(input.pk) ?? []
  const video = media.find(({ kind }) => kind === 'video')
  if (!video && !hasVideo(input.doc)) throw invalidInput(`The input '${inputId}' has no video.`)
  const { facts } = readDocument(video?.doc ?? '{}')
  if (!video || facts?.kind !== 'video') {
    throw new AppError(
      StatusCode.FAILURE,
      `The video of the input '${inputId}' has not been processed; look at the status of the input.`,
    )
  }
  const film = await hostedFilm(services, video.pk, signal)
  const expiresAt = services.clock.now() + LINK_MICROS
  const place = { userId: app.user.id, appId: app.id, kind: 'video', id: video.id } as const
  const urlOf = (size: string): string => services.origin.url + services.mediaLinks.sign(pathOf(place, size), expiresAt)
  if (film.tracks.length > 0) {
    return { manifestUrl: asDataUri(dashManifest(film, ({ size }) => urlOf(size))) }
  }
  const files = (await mediaFilesOf(services.db.read, [video.pk])).get(video.pk) ?? []
  const contentType = files.find(({ sizeName }) => sizeName === 'orig')?.contentType ?? 'video/mp4'
  const manifest = plainManifest(film, { url: urlOf('orig'), contentType, bitRate: facts.bitRate })
  const details = `Browsers do not play ${facts.videoFormat} with this coding; the manifest names the original.`
  return { manifestUrl: asDataUri(manifest), status: itemStatus(StatusCode.MIXED_STATUS, details) }
}

/** Whether an input that has no media yet was posted with the address of a video. */
const hasVideo = (doc: string): boolean => JSON.parse(doc).data?.video !== undefined
