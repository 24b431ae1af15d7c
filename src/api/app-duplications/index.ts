import { requireOwner } from '../../domain/access/target.ts'
import { postDuplications } from '../../domain/app-duplications/post.ts'
import { appDuplications } from '../../domain/app-duplications/resource.ts'
import { bindResource } from '../define/bind.ts'
import type { Registry } from '../define/rpc.ts'

type Rpcs = 'PostAppDuplications' | 'GetAppDuplication' | 'ListAppDuplications'

const reading = bindResource(
  appDuplications,
  { get: 'GetAppDuplication', list: 'ListAppDuplications' },
  // Jobs are those of whoever asked for them, wherever the apps are.
  { parent: (call) => requireOwner(call.target) },
)

/** Copies of apps, made in the background. */
export const appDuplicationFamily: Pick<Registry, Rpcs> = {
  ...reading,
  PostAppDuplications: async ({ appDuplications: given }, call) => ({
    appDuplications: await postDuplications(call, given),
  }),
}
