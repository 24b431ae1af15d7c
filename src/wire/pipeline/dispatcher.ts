import type { Message } from '@bufbuild/protobuf'
import { type AnyHandler, NOT_BUILT, type Registry } from '../../api/define/rpc.ts'
import { AppError } from '../../base/errors.ts'
import type { Soon } from '../../base/soon.ts'
import { BaseResponseSchema } from '../../contract/gen/proto/clarifai/api/status/status_pb.js'
import type { MethodInfo } from '../../contract/methods.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { ANONYMOUS } from '../../domain/access/principal.ts'
import type { Services } from '../../domain/services.ts'
import type { Dispatcher, IncomingCall } from '../call.ts'
import { checkCredential } from './authenticate.ts'
import type { PipelineCall } from './context.ts'
import { failure, type Response, success } from './envelope.ts'
import { explainerOf } from './explain.ts'
import { STAGES } from './order.ts'
import { requestIdFor } from './request-id.ts'
import { NO_TARGET } from './resolve.ts'

/** Told of every finished call, for logs and metrics. */
export type CallObserver = (call: PipelineCall, code: StatusCode) => void

/** Builds the pipeline over a registry: what HTTP, gRPC and gRPC-Web all hand their decoded requests to. */
export function createDispatcher(registry: Registry, services: Services, observe: CallObserver): Dispatcher {
  const begin = (incoming: IncomingCall): PipelineCall => {
    const requestId = requestIdFor(incoming.header)
    return {
      incoming,
      method: incoming.method,
      requestId,
      startedAt: services.clock.now(),
      services,
      signal: incoming.signal,
      log: services.log,
      principal: ANONYMOUS,
      target: NO_TARGET,
      explain: explainerOf(incoming),
    }
  }

  const fail = (call: PipelineCall, error: unknown): Response =>
    failure(call.method.output, error, call.requestId, call.signal, call.log)

  const done = (call: PipelineCall, response: Response): Response => {
    observe(call, response.status?.code ?? StatusCode.ZERO)
    return response
  }

  const refuse = (incoming: IncomingCall, error: unknown): Response => {
    const call = begin(incoming)
    return done(call, fail(call, error))
  }

  return {
    refusal(incoming) {
      try {
        const checked = checkCredential(services, incoming, services.clock.now())
        if (!(checked instanceof Promise)) return undefined
        return checked.then(
          () => undefined,
          (error) => refuse(incoming, error),
        )
      } catch (error) {
        return refuse(incoming, error)
      }
    },

    async unary(incoming, request) {
      const call = begin(incoming)
      try {
        const admitted = admit(call, request)
        if (admitted) await admitted
        const payload = await (handlerOf(registry, call.method)(request as never, call) as Promise<object>)
        return done(call, success(call.method.output, payload, call.requestId))
      } catch (error) {
        return done(call, fail(call, error))
      }
    },

    async *stream(incoming, requests) {
      const call = begin(incoming)
      let code = StatusCode.SUCCESS
      try {
        const [first, rest] = await splitFirst(requests)
        await admit(call, first)
        const handler = handlerOf(registry, call.method)
        const input = call.method.kind === 'server_streaming' ? first : rest
        for await (const payload of handler(input as never, call) as AsyncIterable<object>) {
          const response = success(call.method.output, payload, call.requestId)
          code = response.status?.code ?? code
          yield response
        }
      } catch (error) {
        const response = fail(call, error)
        code = response.status?.code ?? code
        yield response
      } finally {
        observe(call, code)
      }
    },

    failure: (header, error, method) =>
      failure(method?.output ?? BaseResponseSchema, error, requestIdFor(header), undefined, services.log),
  }
}

/** Runs the stages from the given one on, in order; waits only for those that have to. */
function admit(call: PipelineCall, request: Message, from = 0): Soon<void> {
  for (let at = from; at < STAGES.length; at++) {
    const pending = STAGES[at]!.run(call, request)
    if (pending) return pending.then(() => admit(call, request, at + 1))
  }
}

function handlerOf(registry: Registry, method: MethodInfo): AnyHandler {
  const handler = registry[method.name]
  if (handler === NOT_BUILT)
    throw new AppError(StatusCode.NOT_IMPLEMENTED, `${method.name} is not built yet; docs/operations.md lists what is.`)
  return handler as AnyHandler
}

// Rights are decided on the first message of a stream, which names what the whole stream is about.
async function splitFirst(requests: AsyncIterable<Message>): Promise<[Message, AsyncIterable<Message>]> {
  const iterator = requests[Symbol.asyncIterator]()
  const first = await iterator.next()
  if (first.done)
    throw new AppError(StatusCode.CONN_INVALID_REQUEST, 'The stream ended before its first message; send one.')
  const rest = async function* (): AsyncIterable<Message> {
    yield first.value
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value
  }
  return [first.value, rest()]
}
