import type { DescField, DescMessage, Message } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { BATCH_ITEMS_MAX } from '../../base/limits.ts'
import { methodInfo, type RpcName } from '../../contract/methods.ts'
import type { StatusCode } from '../../contract/status-code.ts'
import type { Parent, ResourceDef } from '../../domain/resource/define.ts'
import { readPage } from '../../domain/resource/paging.ts'
import { createMany, getOne, type ListOptions, listPage, patchMany, removeMany } from '../../domain/resource/verbs.ts'
import type { Column, KeyedTable } from '../../store/repos/keyed.ts'
import type { AnyMessage, Call, HandlerOf } from './rpc.ts'

/** Which RPC exposes which standard verb of a resource. */
export interface Verbs {
  readonly list?: RpcName
  readonly get?: RpcName
  readonly create?: RpcName
  readonly patch?: RpcName
  readonly remove?: RpcName
}

/** What the binding cannot read from the contract. */
export interface BindOptions<T extends KeyedTable> {
  /** Finds the parent of the call, e.g. its app; refuses when it does not exist. */
  parent(call: Call, request: AnyMessage): Parent | Promise<Parent>
  /** Name of the field with the id in get calls (contract spelling); `<kind>_id` by default. */
  readonly idField?: string
  /** Conditions that a list request asks for, beyond page and sort. */
  listQuery?(request: AnyMessage, call: Call): ListOptions<T>
}

type Bound<V extends Verbs> = { readonly [K in V[keyof V] & RpcName]: HandlerOf<K> }

/**
 * Binds the standard verbs of a resource to RPCs. Field names of requests and responses are read from the contract
 * once, at start; a request that does not have the usual shape is refused there, not at a call.
 */
export function bindResource<D extends DescMessage, T extends KeyedTable, const V extends Verbs>(
  def: ResourceDef<D, T>,
  verbs: V,
  options: BindOptions<T>,
): Bound<V> {
  const handlers: Record<string, unknown> = {}
  const { parent } = options
  const entity = def.desc.typeName

  if (verbs.list) {
    const out = entityField(methodInfo(verbs.list).output, entity, true)
    handlers[verbs.list] = async (request: AnyMessage, call: Call) => {
      const query: ListOptions<T> = { ...sortOf(def, request), ...options.listQuery?.(request, call) }
      const items = await listPage(def, call, await parent(call, request), {
        ...query,
        window: readPage(request as never),
      })
      return { [out]: items }
    }
  }
  if (verbs.get) {
    const out = entityField(methodInfo(verbs.get).output, entity, false)
    const idField = stringField(methodInfo(verbs.get).input, options.idField ?? `${def.kind.replaceAll(' ', '_')}_id`)
    handlers[verbs.get] = async (request: AnyMessage, call: Call) => ({
      [out]: await getOne(def, call, await parent(call, request), request[idField] as string),
    })
  }
  if (verbs.create) {
    const { input, output } = methodInfo(verbs.create)
    const [from, out] = [entityField(input, entity, true), entityField(output, entity, true)]
    handlers[verbs.create] = async (request: AnyMessage, call: Call) => {
      const items = checkBatch(def, request[from] as Message[])
      return { [out]: await createMany(def, call, await parent(call, request), items as never) }
    }
  }
  if (verbs.patch) {
    const { input, output } = methodInfo(verbs.patch)
    const [from, out] = [entityField(input, entity, true), entityField(output, entity, true)]
    handlers[verbs.patch] = async (request: AnyMessage, call: Call) => {
      const items = checkBatch(def, request[from] as Message[])
      return {
        [out]: await patchMany(def, call, await parent(call, request), items as never, request.action as string),
      }
    }
  }
  if (verbs.remove) {
    const ids = idsField(methodInfo(verbs.remove).input)
    handlers[verbs.remove] = async (request: AnyMessage, call: Call) => {
      const wanted = request[ids] as string[]
      const all = request.deleteAll === true
      if (!all) checkBatch(def, wanted)
      await removeMany(def, call, await parent(call, request), all ? 'all' : wanted)
      return {}
    }
  }
  return handlers as Bound<V>
}

/** Refuses an empty list of items and one over the batch limit. */
export function checkBatch<I>(
  def: { readonly kind: string; readonly codes: { readonly invalid: StatusCode } },
  items: readonly I[],
): readonly I[] {
  if (items.length === 0) throw new AppError(def.codes.invalid, `The request names no ${def.kind}; send at least one.`)
  if (items.length > BATCH_ITEMS_MAX) {
    throw new AppError(
      def.codes.invalid,
      `The request has ${items.length} items; send at most ${BATCH_ITEMS_MAX} at a time.`,
    )
  }
  return items
}

/** The order that a list request asks for: its `sort_by` choice and `sort_ascending`. */
export function sortOf<T extends KeyedTable>(
  def: { readonly sort?: Readonly<Record<string, Column<T>>>; readonly defaultSort: { readonly column: Column<T> } },
  request: AnyMessage,
): ListOptions<T> {
  const choice = request.sortBy as { case?: string; value?: unknown } | undefined
  const chosen = choice?.case && choice.value === true ? def.sort?.[choice.case] : undefined
  if (chosen === undefined && request.sortAscending !== true) return {}
  return { sort: { column: chosen ?? def.defaultSort.column, descending: request.sortAscending !== true } }
}

function only(message: DescMessage, found: readonly DescField[], what: string): string {
  if (found.length === 0) throw new Error(`${message.typeName} has no ${what}; give this RPC a file of its own`)
  return found[0]!.localName
}

function entityField(message: DescMessage, entity: string, list: boolean): string {
  const fits = (f: DescField): boolean =>
    list
      ? f.fieldKind === 'list' && f.message?.typeName === entity
      : f.fieldKind === 'message' && f.message.typeName === entity
  return only(message, message.fields.filter(fits), `${list ? 'list of ' : ''}${entity}`)
}

function stringField(message: DescMessage, name: string): string {
  return only(
    message,
    message.fields.filter((f) => f.name === name),
    `field ${name}`,
  )
}

function idsField(message: DescMessage): string {
  return only(
    message,
    message.fields.filter((f) => f.fieldKind === 'list' && f.listKind === 'scalar' && /ids$/.test(f.name)),
    'list of ids',
  )
}
