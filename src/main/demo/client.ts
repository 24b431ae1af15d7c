import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { sniff } from '../../media/sniff.ts'

/** The parts of an answer that the command line prints, as JSON has them in camelCase. */
export interface WorkflowAnswer {
  readonly status: JsonStatus
  readonly results?: readonly {
    readonly status: JsonStatus
    readonly outputs?: readonly JsonOutput[]
  }[]
}

export interface JsonStatus {
  readonly code: number
  readonly description?: string
  readonly details?: string
}

export interface JsonOutput {
  readonly status: JsonStatus
  readonly model: { readonly id: string; readonly name?: string }
  readonly data?: JsonData
}

export interface JsonData {
  readonly concepts?: readonly { readonly id: string; readonly name: string; readonly value: number }[]
  readonly regions?: readonly {
    readonly value?: number
    readonly regionInfo?: {
      readonly boundingBox?: { topRow: number; leftCol: number; bottomRow: number; rightCol: number }
    }
    readonly data?: JsonData
  }[]
  readonly frames?: readonly { readonly frameInfo?: { readonly time?: number }; readonly data?: JsonData }[]
  readonly embeddings?: readonly { readonly vector: readonly number[]; readonly numDimensions: number }[]
  readonly colors?: readonly {
    readonly rawHex: string
    readonly w3c?: { readonly name: string }
    readonly value: number
  }[]
  readonly text?: { readonly raw?: string }
  readonly timeSegments?: readonly {
    readonly timeInfo?: { readonly beginTime?: number; readonly endTime?: number }
    readonly data?: JsonData
  }[]
}

/** What a file or address is sent as: the kind decides which workflow fits. */
export interface InputOf {
  readonly kind: 'image' | 'video' | 'audio' | 'text'
  readonly name: string
  readonly data: object
}

const BY_ENDING: readonly [RegExp, InputOf['kind']][] = [
  [/\.(mp4|mov|avi|wmv|3gp|webm|mkv)$/i, 'video'],
  [/\.(wav|mp3|flac|ogg|m4a|aac)$/i, 'audio'],
  [/\.(txt|md|csv|tsv)$/i, 'text'],
]

/** The `data` of an input for a path (sent as bytes) or a URL (fetched by the server). */
export async function inputOf(pathOrUrl: string): Promise<InputOf> {
  if (/^https?:\/\//.test(pathOrUrl)) {
    const kind = BY_ENDING.find(([ending]) => ending.test(new URL(pathOrUrl).pathname))?.[1] ?? 'image'
    return { kind, name: pathOrUrl, data: { [kind]: { url: pathOrUrl } } }
  }
  const bytes = await readFile(pathOrUrl).catch((error: NodeJS.ErrnoException) => {
    throw new AppError(
      StatusCode.INPUT_INVALID_ARGUMENT,
      `${pathOrUrl} cannot be read (${error.code}); name a file or a URL.`,
    )
  })
  const kind = (await sniff(bytes))?.kind
  if (kind === undefined) {
    throw new AppError(
      StatusCode.INPUT_UNSUPPORTED_FORMAT,
      `${pathOrUrl} is no image, video, audio or UTF-8 text that Limpid knows.`,
    )
  }
  const data =
    kind === 'text' ? { text: { raw: bytes.toString('utf8') } } : { [kind]: { base64: bytes.toString('base64') } }
  return { kind, name: basename(pathOrUrl), data }
}
