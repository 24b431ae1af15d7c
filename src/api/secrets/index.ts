import { requireOwner } from '../../domain/access/target.ts'
import { createSecrets, patchSecrets, secrets } from '../../domain/secrets/resource.ts'
import { bindResource, checkBatch } from '../define/bind.ts'
import type { Registry } from '../define/rpc.ts'

const standard = bindResource(
  secrets,
  { list: 'ListSecrets', get: 'GetSecret', remove: 'DeleteSecrets' },
  { parent: ({ target }) => requireOwner(target), idField: 'id' },
)

const bespoke: Pick<Registry, 'PostSecrets' | 'PatchSecrets'> = {
  PostSecrets: async (request, call) => ({ secrets: await createSecrets(call, checkBatch(secrets, request.secrets)) }),

  PatchSecrets: async (request, call) => ({
    secrets: await patchSecrets(call, checkBatch(secrets, request.secret), request.action),
  }),
}

/** Secrets of users; no answer ever has a value. */
export const secretFamily = { ...standard, ...bespoke }
