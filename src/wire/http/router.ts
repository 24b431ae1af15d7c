import { AppError } from '../../base/errors.ts'
import type { HttpBinding, HttpVerb, MethodInfo, RpcName } from '../../contract/methods.ts'
import { StatusCode } from '../../contract/status-code.ts'

/** One HTTP binding of an RPC, ready to match. */
export interface Route {
  readonly method: MethodInfo
  readonly binding: HttpBinding
  /** Field path of each parameter in the order of the path: `[['user_app_id', 'user_id'], ['model_id']]`. */
  readonly params: readonly (readonly string[])[]
}

/** A matched route and its decoded parameter values, in the order of `route.params`. */
export interface RouteMatch {
  readonly route: Route
  readonly values: readonly string[]
}

interface Node {
  readonly literals: Map<string, Node>
  param: Node | undefined
  readonly routes: Map<string, Route>
}

// Where the contract gives two RPCs the same verb and path, the left one gives way; any other overlap is an error.
const GIVES_WAY = new Map<RpcName, RpcName>([
  ['PatchRunners', 'PostRunners'],
  ['StreamLogEntries', 'ListLogEntries'],
  ['PostPipelines', 'ListPipelines'],
])

// The contract's only binding of PatchRunners is the POST of PostRunners, a slip that would leave it unreachable.
const ADDED = new Map<RpcName, HttpBinding>([
  [
    'PatchRunners',
    {
      verb: 'PATCH',
      path: '/v2/users/{user_app_id.user_id}/compute_clusters/{compute_cluster_id}/nodepools/{nodepool_id}/runners',
      body: '*',
    },
  ],
])

// The published request of this RPC has no id in its path, `/v2/workflows//results`: no id means the app's default
// workflow. Everywhere else an empty segment is a path that does not exist.
const MAY_BE_EMPTY = new Map<RpcName, string>([['PostWorkflowResults', 'workflow_id']])

const newNode = (): Node => ({ literals: new Map(), param: undefined, routes: new Map() })

/** Whether each parameter has a value, or may do without. */
function isComplete({ method, params }: Route, values: readonly string[]): boolean {
  return values.every((value, at) => value !== '' || params[at]?.join('.') === MAY_BE_EMPTY.get(method.name))
}

function decodeSegments(path: string): string[] {
  const segments = path.split('/')
  if (!path.includes('%')) return segments
  try {
    // Per segment, so that an encoded slash stays inside its parameter.
    return segments.map(decodeURIComponent)
  } catch {
    throw new AppError(StatusCode.CONN_BAD_REQUEST_FORMAT, 'The path must be percent-encoded UTF-8.')
  }
}

/** Finds the RPC of a verb and path; literal segments win over parameters wherever both would do. */
export class Router {
  readonly #root = newNode()
  #deepest = 0

  /** Builds the table; throws when two RPCs claim the same verb and path. */
  constructor(methods: readonly MethodInfo[]) {
    for (const method of methods) {
      const added = ADDED.get(method.name)
      for (const binding of added ? [...method.bindings, added] : method.bindings) this.#add(method, binding)
    }
  }

  #add(method: MethodInfo, binding: HttpBinding): void {
    const params: string[][] = []
    let node = this.#root
    const segments = binding.path.split('/')
    this.#deepest = Math.max(this.#deepest, segments.length)
    for (const segment of segments) {
      const param = /^\{([a-z0-9_.]+)\}$/.exec(segment)
      if (param) {
        params.push(param[1]!.split('.'))
        node.param ??= newNode()
        node = node.param
      } else {
        if (/[{}*]/.test(segment)) throw new Error(`Path template ${binding.path} of ${method.name} is not supported`)
        const next: Node = node.literals.get(segment) ?? newNode()
        node.literals.set(segment, next)
        node = next
      }
    }
    const taken = node.routes.get(binding.verb)
    if (taken && GIVES_WAY.get(method.name) === taken.method.name) return
    if (taken && GIVES_WAY.get(taken.method.name) !== method.name) {
      throw new Error(`${method.name} and ${taken.method.name} both claim ${binding.verb} ${binding.path}`)
    }
    node.routes.set(binding.verb, { method, binding, params })
  }

  /** The route of a request; throws AppError 11101 for an unknown path, 11103 for a wrong verb, 11100 for bad escapes. */
  find(verb: string, path: string): RouteMatch {
    const segments = decodeSegments(path)
    if (segments.length <= this.#deepest) {
      const values: string[] = []
      const route = walk(this.#root, segments, 0, values, (node) => {
        const found = node.routes.get(verb)
        return found && isComplete(found, values) ? found : undefined
      })
      if (route) return { route, values }
      if (this.verbsOf(path).length > 0) {
        throw new AppError(StatusCode.CONN_METHOD_NOT_ALLOWED, 'Method Not Allowed')
      }
    }
    throw new AppError(
      StatusCode.CONN_DOES_NOT_EXIST,
      'There is no such path; check its spelling and that it starts with /v2/.',
    )
  }

  /** The verbs that a path answers to; empty for an unknown path. */
  verbsOf(path: string): HttpVerb[] {
    const segments = decodeSegments(path)
    const verbs = new Set<HttpVerb>()
    if (segments.length > this.#deepest) return []
    const values: string[] = []
    walk(this.#root, segments, 0, values, (node) => {
      for (const [verb, route] of node.routes) if (isComplete(route, values)) verbs.add(verb as HttpVerb)
      return undefined
    })
    return [...verbs]
  }
}

function walk(
  node: Node,
  segments: readonly string[],
  at: number,
  values: string[],
  accept: (node: Node) => Route | undefined,
): Route | undefined {
  if (at === segments.length) return accept(node)
  const segment = segments[at]!
  const literal = node.literals.get(segment)
  if (literal) {
    const found = walk(literal, segments, at + 1, values, accept)
    if (found) return found
  }
  if (node.param) {
    values.push(segment)
    const found = walk(node.param, segments, at + 1, values, accept)
    if (found) return found
    values.pop()
  }
  return undefined
}
