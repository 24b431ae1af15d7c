import { requireOwner } from '../../domain/access/target.ts'
import { findRunner, listRunners, placeRunners, runners } from '../../domain/compute/runners.ts'
import { createMany, patchMany, present, removeMany } from '../../domain/resource/verbs.ts'
import { checkBatch } from '../define/bind.ts'
import type { Registry } from '../define/rpc.ts'

type Rpcs = 'ListRunners' | 'GetRunner' | 'PostRunners' | 'PatchRunners' | 'DeleteRunners'

/** Runners themselves: in nodepools, or of the user alone as older clients have them. */
export const runnerRpcs: Pick<Registry, Rpcs> = {
  ListRunners: async (request, call) => ({ runners: await listRunners(call, request) }),

  GetRunner: async (request, call) => {
    const [runner] = await present(runners, call, [await findRunner(call, request, request.runnerId)])
    return { runner }
  },

  PostRunners: async (request, call) => {
    const given = checkBatch(runners, request.runners)
    await placeRunners(call, request, given)
    return { runners: await createMany(runners, call, requireOwner(call.target), given) }
  },

  PatchRunners: async (request, call) => {
    const patches = checkBatch(runners, request.runners)
    for (const { id } of patches) await findRunner(call, request, id)
    return { runners: await patchMany(runners, call, requireOwner(call.target), patches, request.action) }
  },

  DeleteRunners: async (request, call) => {
    const ids = checkBatch(runners, request.ids)
    for (const id of ids) await findRunner(call, request, id)
    await removeMany(runners, call, requireOwner(call.target), ids)
    return {}
  },
}
