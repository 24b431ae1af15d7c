import { PAT } from './server.ts'

/** `status` of every answer and of many things in it. */
export interface Status {
  readonly code: number
  readonly description: string
  readonly details?: string
  readonly reqId: string
  readonly req_id: string
}

/** A concept as JSON has it. */
export interface Concept {
  readonly id: string
  readonly name: string
  readonly value: number
}

/** The data of an output as JSON has it. */
export interface Data {
  readonly concepts: readonly Concept[]
  readonly embeddings: readonly { readonly vector: readonly number[]; readonly numDimensions: number }[]
  readonly regions: readonly {
    readonly id: string
    readonly value: number
    readonly regionInfo: { readonly boundingBox: Readonly<Record<string, number>> }
    readonly data: Data
  }[]
  readonly [name: string]: unknown
}

/** One prediction as JSON has it. */
export interface Output {
  readonly id: string
  readonly status: Status
  readonly model: Named & { readonly modelVersion: Named; readonly model_version: Named }
  readonly input: { readonly id: string; readonly data: Readonly<Record<string, unknown>> }
  readonly data: Data
}

/** Anything with an id, and what tests look at in it. */
export interface Named {
  readonly id: string
  readonly [name: string]: unknown
}

/** An answer in JSON. Tests read the parts that they expect; one that is missing makes them fail where they read it. */
export interface Answer {
  readonly status: Status
  readonly outputs: readonly Output[]
  readonly results: readonly { readonly id: string; readonly status: Status; readonly outputs: readonly Output[] }[]
  readonly [name: string]: unknown
}

/** An HTTP answer whose body was JSON. */
export interface HttpAnswer {
  readonly http: number
  readonly headers: Headers
  readonly text: string
  readonly body: Answer
}

/** What a request carries beside verb and path. */
export interface Extra {
  /** Sent as JSON; a string or bytes go as they are. */
  readonly body?: object | string
  /** Key or token; the first user's token by default, none with null. */
  readonly key?: string | null
  readonly headers?: Readonly<Record<string, string>>
}

/** One request to `origin` the way curl would send it. */
export async function send(origin: string, verb: string, path: string, extra: Extra = {}): Promise<HttpAnswer> {
  const { body, key = PAT, headers = {} } = extra
  const raw = typeof body === 'string' || body instanceof Uint8Array
  const response = await fetch(origin + path, {
    method: verb,
    headers: {
      ...(key === null ? {} : { authorization: `Key ${key}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: raw ? (body as string) : JSON.stringify(body) }),
  })
  const text = await response.text()
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    json = {}
  }
  return { http: response.status, headers: response.headers, text, body: json as Answer }
}
