import type { JsonObject } from '@bufbuild/protobuf'

/** How a model is reached that another server runs; the connection settings of a model version, checked. */
export interface RemoteSettings {
  /** What the server speaks: the HTTP interface of OpenAI, or the Open Inference Protocol v2. */
  readonly runtime: 'openai' | 'oip'
  /** Id of the model's type here, which decides what is asked of the server. */
  readonly modelTypeId: string
  /** Id of the model version; calls, failures and waiting are counted for each. */
  readonly versionId: string
  /** Without a slash at the end; `/chat/completions` or `/v2/models` is appended. */
  readonly baseUrl: string
  /** Name of the model on that server. */
  readonly model: string
  /** Version of the model on that server; empty for the server's choice. */
  readonly modelVersion: string
  /** Sent as bearer token; empty for none. Never shown to anybody. */
  readonly apiKey: string
  /** Longest wait for one answer, and for each piece of a stream, in milliseconds. */
  readonly timeoutMs: number
  /** Further attempts after a failure that may pass. */
  readonly maxRetries: number
  /** Calls at the same time. */
  readonly maxConcurrency: number
  /** Fields put into every request; null takes one out. */
  readonly body: JsonObject
  /** Field of Data -> name of the tensor, for inputs and outputs. */
  readonly inputFields: Readonly<Record<string, string>>
  readonly outputFields: Readonly<Record<string, string>>
}

/** Name under which plans list the engine of a remote model version. */
export const remoteEngineName = (versionId: string): string => `remote/${versionId}`
