import type { DashFilm } from '../../media/dash/tracks.ts'
import type { MediaItem, PrepareResult, Refused } from '../../media/prepare/prepared.ts'
import type { Frame } from '../frame-channel.ts'

/** Work for a media process. */
export type MediaJob =
  | { readonly type: 'prepare'; readonly items: readonly MediaItem[] }
  /** Cuts the film in `file` for players, into new files in `folder`. */
  | { readonly type: 'film'; readonly file: string; readonly folder: string }

/** What a media process answers to it. */
export type MediaAnswer =
  | { readonly type: 'prepared'; readonly results: readonly PrepareResult[] }
  | { readonly type: 'film'; readonly result: { readonly film: DashFilm } | { readonly refused: Refused } }

export type ToMedia = { readonly type: 'job'; readonly job: MediaJob } | { readonly type: 'stop' }

export type FromMedia =
  | { readonly type: 'ready' }
  | { readonly type: 'answer'; readonly answer: MediaAnswer; readonly rssBytes: number }

/** What the server tells a media process when it starts it. */
export interface MediaWorkerSettings {
  readonly parentPid: number
  /** Resident memory at which the process ends itself, in bytes. */
  readonly rssBytesMax: number
}

/** Stands for an array that travels beside the message. */
interface Beside {
  readonly attachment: number
}

/** Packs a message with its byte arrays beside it. */
export function packMedia(message: ToMedia | FromMedia): Frame {
  const attachments: Uint8Array[] = []
  const packed = lift(message, (bytes) => ({ attachment: attachments.push(bytes) - 1 }))
  return { message: packed, attachments }
}

/** Unpacks what packMedia made; byte arrays are views of the frame. */
export function unpackMedia<M extends ToMedia | FromMedia>({ message, attachments }: Frame): M {
  return settle(message, attachments) as M
}

function lift(value: unknown, put: (bytes: Uint8Array) => Beside): unknown {
  if (value instanceof Uint8Array) return put(value)
  if (Array.isArray(value)) return value.map((item) => lift(item, put))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, lift(item, put)]))
}

function settle(value: unknown, attachments: readonly Uint8Array[]): unknown {
  if (Array.isArray(value)) return value.map((item) => settle(item, attachments))
  if (typeof value !== 'object' || value === null) return value
  if ('attachment' in value) return attachments[(value as Beside).attachment]
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, settle(item, attachments)]))
}
