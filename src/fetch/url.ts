import { invalidUrl } from './errors.ts'

/** Longest URL that is accepted, in characters. */
const MAX_URL_CHARS = 8_192

/**
 * Reads a URL as users send it: blanks around it are dropped, only http and https without user and password pass.
 * With `base` the text may be relative, as in redirects. Throws AppError 30106.
 */
export function parseUrl(text: string, base?: URL): URL {
  const trimmed = text.trim()
  if (trimmed.length > MAX_URL_CHARS) throw invalidUrl(`The URL is longer than ${MAX_URL_CHARS} characters`)
  const url = URL.parse(trimmed, base?.href)
  if (!url) throw invalidUrl('The URL is not valid; send a full http or https URL')
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw invalidUrl('Only http and https URLs can be fetched; send other data as base64')
  }
  if (url.username || url.password) throw invalidUrl('A URL must not hold a user name or password')
  url.hash = ''
  return url
}
