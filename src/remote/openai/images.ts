import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Fetcher } from '../../fetch/guarded-fetcher.ts'
import { MAX_IMAGE_BYTES } from '../../media/limits.ts'
import { sniff } from '../../media/sniff.ts'
import { garbage } from '../failure.ts'
import type { Link } from '../link.ts'
import { withOwnFields } from './chat.ts'

const PATH = '/images/generations'
/** Parameters that go into the request as they are. */
const PASSED_ON = ['size', 'quality', 'style', 'seed', 'negative_prompt', 'background']

/** Draws one picture of what a text says: the bytes of its file. */
export async function drawImage(
  link: Link,
  fetcher: Pick<Fetcher, 'fetchBytes'>,
  prompt: string,
  params: JsonObject,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const passed = PASSED_ON.flatMap((name) => (params[name] === undefined ? [] : [[name, params[name]] as const]))
  const request = { prompt, n: 1, response_format: 'b64_json', ...Object.fromEntries<JsonValue>(passed) }
  const drawn = await link.askJson(PATH, withOwnFields(link.settings, request), signal, pictureOf)
  const bytes = typeof drawn === 'string' ? await fetchPicture(fetcher, drawn, signal) : drawn
  if ((await sniff(bytes))?.kind !== 'image') throw garbage('a picture').told
  return bytes
}

/** Asks for pictures as a caller of this very interface wrote it; the answer is the server's. */
export function passImages(link: Link, body: JsonObject, signal: AbortSignal): Promise<JsonObject> {
  return link.askJson(PATH, withOwnFields(link.settings, body), signal, (answer) => {
    if (!Array.isArray((answer as { data?: unknown } | null)?.data)) throw garbage('pictures')
    return answer as JsonObject
  })
}

/** Servers that keep what they draw only name it. */
async function fetchPicture(fetcher: Pick<Fetcher, 'fetchBytes'>, url: string, signal: AbortSignal): Promise<Buffer> {
  try {
    return (await fetcher.fetchBytes(url, { maxBytes: MAX_IMAGE_BYTES, accept: 'image', signal })).bytes
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    const details = `The picture that the server of the model has drawn cannot be fetched: ${error.details}`
    throw new AppError(StatusCode.MODEL_PREDICTION_FAILED, details)
  }
}

function pictureOf(answer: unknown): Buffer | string {
  const list = (answer as { data?: unknown } | null)?.data
  const first = Array.isArray(list) ? (list[0] as { b64_json?: unknown; url?: unknown } | null) : undefined
  if (typeof first?.b64_json === 'string' && first.b64_json !== '') {
    const bytes = Buffer.from(first.b64_json, 'base64')
    if (bytes.length > 0 && bytes.length <= MAX_IMAGE_BYTES) return bytes
  }
  if (typeof first?.url === 'string' && first.url !== '') return first.url
  throw garbage('a picture')
}
