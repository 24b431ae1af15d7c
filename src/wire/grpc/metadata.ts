import type { IncomingHttpHeaders } from 'node:http'

/**
 * Header or metadata value by lower-case name, of repeated ones the first.
 *
 * Node joins repeated headers with commas, so the raw list decides where a value could be such a join. Values of
 * binary metadata (`*-bin`) are base64 text; a comma always separates two of them.
 */
export function firstHeader(
  headers: IncomingHttpHeaders,
  rawHeaders: readonly string[] | undefined,
  name: string,
): string | undefined {
  const value = headers[name]
  if (value === undefined) return undefined
  if (typeof value !== 'string') return value[0]
  if (!value.includes(',')) return value
  if (name.endsWith('-bin')) return value.slice(0, value.indexOf(','))
  return rawHeaders === undefined ? value : (firstRaw(rawHeaders, name) ?? value)
}

function firstRaw(rawHeaders: readonly string[], name: string): string | undefined {
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() === name) return rawHeaders[i + 1]
  }
  return undefined
}
