import type { HostedFilm, HostedTrack } from './document.ts'

/** Seconds of film that a player should have before it begins. */
const BUFFER_SECONDS = 2

/** The MPEG-DASH manifest of a film, of which each track is one file that is played by ranges. */
export function dashManifest(film: HostedFilm, urlOf: (track: HostedTrack) => string): string {
  return manifest(
    film.durationSeconds,
    film.tracks.map((track) => {
      const { kind, codecs, bandwidth, width, height, sampleRate, init, index } = track
      const facts = attributes({ id: kind, codecs, bandwidth, width, height, audioSamplingRate: sampleRate })
      return `<AdaptationSet${attributes({ contentType: kind, mimeType: `${kind}/mp4`, subsegmentAlignment: true, subsegmentStartsWithSAP: 1 })}>
<Representation${facts}><BaseURL>${escaped(urlOf(track))}</BaseURL>
<SegmentBase indexRange="${index.start}-${index.end}"><Initialization range="${init.start}-${init.end}"/></SegmentBase>
</Representation></AdaptationSet>`
    }),
  )
}

/** The manifest of a film that browsers do not play by ranges: it only names the original, for other players. */
export function plainManifest(
  film: HostedFilm,
  original: { readonly url: string; readonly contentType: string; readonly bitRate: number },
): string {
  const { url, contentType: mimeType, bitRate } = original
  const facts = attributes({ id: 'orig', mimeType, bandwidth: Math.max(1, Math.round(bitRate)) })
  return manifest(film.durationSeconds, [
    `<AdaptationSet${attributes({ contentType: 'video', mimeType })}>
<Representation${facts}><BaseURL>${escaped(url)}</BaseURL></Representation></AdaptationSet>`,
  ])
}

/** A manifest as an address that contains it. */
export const asDataUri = (manifest: string): string =>
  `data:application/dash+xml;base64,${Buffer.from(manifest).toString('base64')}`

function manifest(durationSeconds: number, sets: readonly string[]): string {
  const head = attributes({
    xmlns: 'urn:mpeg:dash:schema:mpd:2011',
    profiles: 'urn:mpeg:dash:profile:isoff-on-demand:2011',
    type: 'static',
    mediaPresentationDuration: `PT${durationSeconds.toFixed(3)}S`,
    minBufferTime: `PT${BUFFER_SECONDS}S`,
  })
  return `<?xml version="1.0" encoding="UTF-8"?>\n<MPD${head}><Period>\n${sets.join('\n')}\n</Period></MPD>\n`
}

const attributes = (values: Readonly<Record<string, string | number | boolean | undefined>>): string =>
  Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}="${escaped(String(value))}"`)
    .join('')

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
