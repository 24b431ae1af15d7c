import assert from 'node:assert/strict'
import type { MessageInitShape } from '@bufbuild/protobuf'
import type {
  MultiOutputResponse,
  MultiRunnerItemResponse,
  PostRunnerItemOutputsRequest,
  PostRunnerItemOutputsRequestSchema,
  RunnerItem,
} from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { Channel } from '../../src/runners/channel.ts'
import { succeeded, type TestApp } from './apps.ts'
import type { TestServer } from './server.ts'

type Sent = Exclude<MessageInitShape<typeof PostRunnerItemOutputsRequestSchema>, PostRunnerItemOutputsRequest>

/** Texts as the outputs of a runner. */
export const said = (...texts: string[]) => ({
  runnerItemOutputs: [
    {
      response: {
        case: 'multiOutputResponse' as const,
        value: {
          status: { code: StatusCode.SUCCESS },
          outputs: texts.map((raw) => ({ status: { code: StatusCode.SUCCESS }, data: { text: { raw } } })),
        },
      },
    },
  ],
})

/** The texts that a request of an item shows. */
export function textsOf(item: RunnerItem): string[] {
  assert.equal(item.request.case, 'postModelOutputsRequest')
  const { inputs } = item.request.value as { inputs: { data?: { text?: { raw: string } } }[] }
  return inputs.map(({ data }) => data?.text?.raw ?? '')
}

/** The texts of an answer. */
export const answered = ({ outputs }: Pick<MultiOutputResponse, 'outputs'>): string[] =>
  outputs.map(({ data }) => data?.text?.raw ?? '')

/** A runner as a test plays it, over one stream of ProcessRunnerItems. */
export class TestRunner {
  readonly #outgoing = new Channel<Sent>()
  readonly #incoming: AsyncGenerator<MultiRunnerItemResponse, void, undefined>
  readonly #stop = new AbortController()

  constructor(server: TestServer, runnerId: string, key: string, more: Sent = {}) {
    const as = { key, signal: this.#stop.signal }
    this.#incoming = server.streamOf('ProcessRunnerItems', this.#outgoing, as)
    void this.#outgoing.push({
      userAppId: { userId: 'me' },
      runnerId,
      status: { code: StatusCode.RUNNER_STREAM_START },
      ...more,
    })
  }

  /** The next message of the server. */
  async next(): Promise<MultiRunnerItemResponse> {
    const { value, done } = await this.#incoming.next()
    assert.ok(!done, 'the server has ended the stream')
    return value as MultiRunnerItemResponse
  }

  /** The next item. */
  async item(): Promise<RunnerItem> {
    const { runnerItems } = succeeded(await this.next())
    assert.equal(runnerItems.length, 1)
    return runnerItems[0]!
  }

  /** Answers an item. */
  async send(item: RunnerItem, message: Sent): Promise<void> {
    await this.#outgoing.push({ runnerItemId: item.id, status: { code: StatusCode.SUCCESS }, ...message })
  }

  /** Says that nothing more comes. */
  end(): void {
    this.#outgoing.end()
  }

  /** Breaks off in the middle. */
  vanish(): void {
    this.#outgoing.end({ error: new Error('the runner has crashed') })
    this.#stop.abort()
  }
}

/** A model that nothing but runners serves, and its version. */
export async function makeServed(
  server: TestServer,
  app: TestApp,
  id: string,
  version: object = {},
  modelTypeId = 'text-to-text',
): Promise<string> {
  const as = { key: app.owner.pat }
  const { userAppId } = app
  succeeded(await server.call('PostModels', { userAppId, models: [{ id, modelTypeId }] }, as))
  const wish = { pretrainedModelConfig: { localDev: true }, ...version }
  const made = await server.call('PostModelVersions', { userAppId, modelId: id, modelVersions: [wish] }, as)
  return succeeded(made).model!.modelVersion!.id
}
