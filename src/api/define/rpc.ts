import type { Message, MessageInitShape } from '@bufbuild/protobuf'
import type { V2 } from '../../contract/index.ts'
import type { KindOf, RequestOf, RpcName } from '../../contract/methods.ts'
import type { Call } from '../../domain/call.ts'

export type { Call }

type OutputDesc<N extends RpcName> = (typeof V2)['method'][Uncapitalize<N> & keyof (typeof V2)['method']]['output']

/** What a handler returns: the response without `status`, which means success, or with one for mixed results. */
export type Payload<N extends RpcName> = MessageInitShape<OutputDesc<N>>

export type UnaryHandler<N extends RpcName> = (request: RequestOf<N>, call: Call) => Promise<Payload<N>> | Payload<N>
export type ServerStreamHandler<N extends RpcName> = (request: RequestOf<N>, call: Call) => AsyncIterable<Payload<N>>
export type BidiHandler<N extends RpcName> = (
  requests: AsyncIterable<RequestOf<N>>,
  call: Call,
) => AsyncIterable<Payload<N>>

/** The one kind of handler that fits how the RPC streams. */
export type HandlerOf<N extends RpcName> =
  KindOf<N> extends 'unary'
    ? UnaryHandler<N>
    : KindOf<N> extends 'server_streaming'
      ? ServerStreamHandler<N>
      : BidiHandler<N>

/** An RPC that is not built yet, on purpose and listed. */
export const NOT_BUILT = Symbol('not built')

/** A handler as the pipeline sees it, when the types of the one RPC no longer matter. */
export type AnyHandler = (request: never, call: Call) => Promise<object> | object | AsyncIterable<object>

/** The total map of the contract: a missing or an extra RPC does not compile. */
export type Registry = { readonly [N in RpcName]: HandlerOf<N> | typeof NOT_BUILT }

/** Declares RPCs as not built; the list may only shrink. */
export function notBuilt<const N extends readonly RpcName[]>(
  ...names: N
): { readonly [K in N[number]]: typeof NOT_BUILT } {
  return Object.fromEntries(names.map((name) => [name, NOT_BUILT])) as { [K in N[number]]: typeof NOT_BUILT }
}

/** A message whose fields are read by name, where code serves many message types at once. */
export type AnyMessage = Message & { [field: string]: unknown }
