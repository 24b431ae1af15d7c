import { endpointsFor, scopesFor } from '../../domain/access/catalogue.ts'
import { type ScopeSet, scopeName } from '../../domain/access/scopes.ts'
import { requireApp } from '../../domain/access/target.ts'
import { apps } from '../../domain/apps/resource.ts'
import { keyKind } from '../../domain/credentials/present.ts'
import { findRow, present } from '../../domain/resource/verbs.ts'
import type { Registry } from '../define/rpc.ts'

type Rpcs = 'MyScopes' | 'MyScopesUser' | 'MyScopesRoot' | 'ListScopes'

const named = (set: ScopeSet) => ({ scopes: [...set.scopes].map(scopeName), endpoints: [...set.endpoints] })

/** What the presented credential may do, and what one may put into a key. */
export const scopeFamily: Pick<Registry, Rpcs> = {
  MyScopes: async (_request, call) => {
    const { user, id } = requireApp(call.target)
    const row = await findRow(apps, call.services.db.read, user, id)
    const [app] = await present(apps, call, [row])
    return { ...named(call.target.scopes), app }
  },

  MyScopesUser: (_request, call) => named(call.target.scopes),

  MyScopesRoot: (_request, call) => named(call.principal.scopes),

  ListScopes: (request) => {
    const kind = keyKind(request.keyType)
    return {
      scopeDeps: scopesFor(kind).map(({ name, dependsOn }) => ({
        scope: name,
        dependingScopes: dependsOn.map(scopeName),
      })),
      endpointDeps: endpointsFor(kind).map(({ endpoint, method }) => ({
        endpoint,
        dependingScopes: method.scopes.map(scopeName),
      })),
    }
  },
}
