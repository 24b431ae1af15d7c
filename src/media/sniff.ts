import { isUtf8 } from 'node:buffer'
import { fileTypeFromBuffer } from 'file-type'

/** The four kinds of media an input can hold. */
export type MediaKind = 'image' | 'video' | 'audio' | 'text'

/** Names of the image formats that are accepted, as `image_info.format` shows them. */
export type ImageFormat = 'JPEG' | 'PNG' | 'TIFF' | 'BMP' | 'WEBP' | 'GIF'

/** What the bytes themselves say they are. */
export interface Sniffed {
  kind: MediaKind
  /** Upper-case name such as `JPEG`, `MP4` or `UTF8`. */
  format: string
  mime: string
}

/** Image formats in words, for messages to the caller. */
export const IMAGE_FORMATS = 'JPEG, PNG, TIFF, BMP, WEBP or GIF'
/** Accepted formats of each kind in words, for messages to the caller. */
export const FORMATS_IN_WORDS: Record<MediaKind, string> = {
  image: IMAGE_FORMATS,
  video: 'AVI, MP4, WMV, MOV, 3GPP, MKV or WebM',
  audio: 'WAV, MP3, FLAC, OGG, AAC or M4A',
  text: 'UTF-8 text',
}

const KNOWN: Record<string, readonly [MediaKind, string]> = {
  'image/jpeg': ['image', 'JPEG'],
  'image/png': ['image', 'PNG'],
  'image/apng': ['image', 'PNG'],
  'image/tiff': ['image', 'TIFF'],
  'image/bmp': ['image', 'BMP'],
  'image/webp': ['image', 'WEBP'],
  'image/gif': ['image', 'GIF'],
  'video/vnd.avi': ['video', 'AVI'],
  'video/mp4': ['video', 'MP4'],
  'video/x-m4v': ['video', 'MP4'],
  'video/x-ms-asf': ['video', 'WMV'],
  'application/vnd.ms-asf': ['video', 'WMV'],
  'video/quicktime': ['video', 'MOV'],
  'video/3gpp': ['video', '3GPP'],
  'video/3gpp2': ['video', '3GPP'],
  'video/matroska': ['video', 'MKV'],
  'video/webm': ['video', 'WEBM'],
  'audio/wav': ['audio', 'WAV'],
  'audio/mpeg': ['audio', 'MP3'],
  'audio/flac': ['audio', 'FLAC'],
  'audio/ogg': ['audio', 'OGG'],
  'audio/ogg; codecs=opus': ['audio', 'OGG'],
  'application/ogg': ['audio', 'OGG'],
  'audio/aac': ['audio', 'AAC'],
  'audio/mp4': ['audio', 'M4A'],
  'audio/x-m4a': ['audio', 'M4A'],
}

const JPEG: Sniffed = { kind: 'image', format: 'JPEG', mime: 'image/jpeg' }

/** Bytes at the start of a text that are looked at for control characters. */
const TEXT_PROBE_BYTES = 4_096

/** True when the bytes are valid UTF-8 without the control characters that only binary files have. */
export function looksLikeText(bytes: Uint8Array): boolean {
  const end = Math.min(bytes.length, TEXT_PROBE_BYTES)
  for (let i = 0; i < end; i++) {
    const byte = bytes[i]!
    const isControl = byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0c && byte !== 0x0d
    if (isControl || byte === 0x7f) return false
  }
  return isUtf8(bytes)
}

/**
 * Says what encoded bytes are, from their content alone; undefined for formats that are not accepted.
 *
 * Text is tried first, because short magic numbers such as `BM` or `GIF` are also the start of ordinary words.
 */
export async function sniff(bytes: Uint8Array): Promise<Sniffed | undefined> {
  if (bytes.length === 0) return undefined
  // The most usual input, whose first byte no text has. JPEG-LS, which the fourth byte tells, is not accepted.
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff && bytes[3] !== 0xf7) return JPEG
  if (looksLikeText(bytes)) return { kind: 'text', format: 'UTF8', mime: 'text/plain' }
  const type = await fileTypeFromBuffer(bytes).catch(() => undefined)
  return type && knownType(type.mime)
}

/** An accepted format by its media type; undefined for others. */
export function knownType(mime: string): Sniffed | undefined {
  const known = KNOWN[mime]
  return known && { kind: known[0], format: known[1], mime }
}
