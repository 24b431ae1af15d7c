import { type DescField, type DescMessage, type DescMethod, getOption, type MessageShape } from '@bufbuild/protobuf'
import { file_google_api_annotations, http as httpOption } from './gen/google/api/annotations_pb.js'
import type { HttpRule } from './gen/google/api/http_pb.js'
import { V2 } from './gen/proto/clarifai/api/service_pb.js'
import { S as Scope } from './gen/proto/clarifai/auth/scope/scope_pb.js'
import { AuthType } from './gen/proto/clarifai/auth/types/types_pb.js'
import { cl_auth_type, cl_depending_scopes } from './gen/proto/clarifai/auth/util/extension_pb.js'

export { AuthType, Scope }

type Methods = (typeof V2)['method']

/** Every RPC of the contract by its own name, e.g. `PatchModels`. */
export type RpcName = Capitalize<keyof Methods & string>
/** Request message of an RPC. */
export type RequestOf<N extends RpcName> = MessageShape<Methods[Uncapitalize<N> & keyof Methods]['input']>
/** Response message of an RPC. */
export type ResponseOf<N extends RpcName> = MessageShape<Methods[Uncapitalize<N> & keyof Methods]['output']>
/** How an RPC streams, as a type. */
export type KindOf<N extends RpcName> = Methods[Uncapitalize<N> & keyof Methods]['methodKind']

export type HttpVerb = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** One way to reach an RPC over HTTP. `body` is `*` (all other fields), a field name, or empty (no body expected). */
export interface HttpBinding {
  readonly verb: HttpVerb
  /** As in the contract: `/v2/users/{user_app_id.user_id}/apps`. */
  readonly path: string
  readonly body: string
}

/** What a call must name: an app, a user (app optional), or neither. Read from the HTTP bindings of the RPC. */
export type CallLevel = 'app' | 'user' | 'root'

/** All that the contract says about one RPC. */
export interface MethodInfo {
  readonly name: RpcName
  readonly desc: DescMethod
  readonly input: DescMessage
  readonly output: DescMessage
  readonly kind: DescMethod['methodKind']
  readonly bindings: readonly HttpBinding[]
  readonly auth: AuthType
  readonly scopes: readonly Scope[]
  readonly level: CallLevel
  /** The request has `page` and `per_page`. */
  readonly paged: boolean
  /** The first repeated message field of the response: what a list call lists. */
  readonly listField: DescField | undefined
}

function bindingsOf(method: DescMethod): HttpBinding[] {
  const rule = getOption(method, httpOption)
  return [rule, ...rule.additionalBindings].flatMap((r) => toBinding(r))
}

function toBinding(rule: HttpRule): HttpBinding[] {
  const { case: kind, value } = rule.pattern
  if (kind === undefined || kind === 'custom') return []
  return [{ verb: kind.toUpperCase() as HttpVerb, path: value, body: rule.body }]
}

const APP_PART = '/apps/{user_app_id.app_id}'
const USER_PART = '/users/{user_app_id.user_id}'

function levelOf(method: DescMethod, bindings: readonly HttpBinding[]): CallLevel {
  const hasIds = method.input.fields.some((f) => f.name === 'user_app_id')
  if (!hasIds) return 'root'
  // A call that can be made on a user alone (ListModels of all apps) must not be refused for want of an app.
  const userOnly = bindings.some((b) => b.path.includes(USER_PART) && !b.path.includes(APP_PART))
  const inApp = bindings.some((b) => b.path.includes(APP_PART))
  if (inApp && !userOnly) return 'app'
  return userOnly ? 'user' : 'root'
}

function describe(method: DescMethod): MethodInfo {
  const bindings = bindingsOf(method)
  const fields = new Set(method.input.fields.map((f) => f.name))
  return Object.freeze({
    name: method.name as RpcName,
    desc: method,
    input: method.input,
    output: method.output,
    kind: method.methodKind,
    bindings,
    auth: getOption(method, cl_auth_type),
    scopes: getOption(method, cl_depending_scopes),
    level: levelOf(method, bindings),
    paged: fields.has('page') && fields.has('per_page'),
    listField: method.output.fields.find((f) => f.fieldKind === 'list' && f.listKind === 'message'),
  })
}

// Importing the annotations keeps their file in the registry that getOption reads from.
void file_google_api_annotations

const table = new Map<string, MethodInfo>(V2.methods.map((m) => [m.name, describe(m)]))

/** Full gRPC name of the service, as in request paths. */
export const SERVICE_NAME = V2.typeName

/** The RPC of that name, or undefined when the contract has none. */
export function findMethod(name: string): MethodInfo | undefined {
  return table.get(name)
}

/** The RPC of that name. */
export function methodInfo(name: RpcName): MethodInfo {
  const info = table.get(name)
  if (!info) throw new Error(`${name} is not in the contract`)
  return info
}

/** Every RPC in the order of the contract, which matters where two routes overlap. */
export function allMethods(): readonly MethodInfo[] {
  return [...table.values()]
}
