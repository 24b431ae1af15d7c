import { AppError } from '../../base/errors.ts'
import type { MultiRunnerItemResponse, PostRunnerItemOutputsRequest } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { Channel } from '../../runners/channel.ts'
import { RunnerConnection } from '../../runners/connection.ts'
import type { Row } from '../../store/schema/tables.ts'
import type { Call } from '../call.ts'
import { findRunner } from '../compute/runners.ts'
import { renewerOf } from './renew.ts'
import { runnerOf } from './work.ts'

/** Before the id of a runner: the stream is for cancellations alone. */
const CONTROL = 'control-'

type Requests = AsyncIterable<PostRunnerItemOutputsRequest>
type Responses = AsyncGenerator<MultiRunnerItemResponse, void, undefined>

/** One stream of a runner: it is sent items, and what it sends back are their answers. */
export async function* processItems(call: Call, requests: Requests): Responses {
  const incoming = requests[Symbol.asyncIterator]()
  const first = await incoming.next()
  if (first.done || first.value.status?.code !== StatusCode.RUNNER_STREAM_START) {
    throw new AppError(
      StatusCode.RUNNER_INVALID_REQUEST,
      'The first message of a runner has the status RUNNER_STREAM_START 25605 and names the runner; send that first.',
    )
  }
  const { runnerId } = first.value
  if (runnerId.startsWith(CONTROL)) {
    const row = await findRunner(call, first.value, runnerId.slice(CONTROL.length))
    yield* control(call, row, incoming)
    return
  }
  const row = await findRunner(call, first.value, runnerId)
  yield* work(call, row, incoming)
}

async function* work(
  call: Call,
  row: Row<'runners'>,
  incoming: AsyncIterator<PostRunnerItemOutputsRequest>,
): Responses {
  const { runners } = call.services
  const connection = new RunnerConnection(runners.hub, runners.controls, runnerOf(row), renewerOf(call, row.pk))
  const close = (): void => connection.close()
  call.signal.addEventListener('abort', close, { once: true })
  void read(incoming, (request) => connection.receive(request)).then((whole) =>
    whole ? connection.ended() : connection.close(),
  )
  runners.hub.ready(connection)
  try {
    yield* connection.outgoing
  } finally {
    call.signal.removeEventListener('abort', close)
    connection.close()
  }
}

/** A stream that only tells of cancellations, for as long as the runner keeps it open. */
async function* control(
  call: Call,
  { pk }: Row<'runners'>,
  incoming: AsyncIterator<PostRunnerItemOutputsRequest>,
): Responses {
  const { controls, hub } = call.services.runners
  const outgoing = new Channel<MultiRunnerItemResponse>({ most: hub.limits.noticesMax })
  const close = (): void => outgoing.end()
  const own = controls.get(pk) ?? new Set()
  controls.set(pk, own.add(outgoing))
  call.signal.addEventListener('abort', close, { once: true })
  void read(incoming, async () => {}).then(close)
  try {
    yield* outgoing
  } finally {
    call.signal.removeEventListener('abort', close)
    own.delete(outgoing)
    if (own.size === 0) controls.delete(pk)
  }
}

/** Takes all messages; answers whether the stream came to its end, and did not break off. */
async function read(
  incoming: AsyncIterator<PostRunnerItemOutputsRequest>,
  take: (request: PostRunnerItemOutputsRequest) => Promise<void>,
): Promise<boolean> {
  try {
    for (let next = await incoming.next(); !next.done; next = await incoming.next()) await take(next.value)
    return true
  } catch {
    // Whoever waited for the runner is told by the connection that closes.
    return false
  }
}
