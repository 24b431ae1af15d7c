import { Scope } from '../../contract/methods.ts'
import { demandScope } from '../../domain/access/demand.ts'
import type { Call } from '../../domain/call.ts'
import { patchTags, type TagField } from '../../domain/models/patch.ts'
import type { Registry } from '../define/rpc.ts'

type Rpcs = 'PatchModelToolkits' | 'PatchModelUseCases' | 'PatchModelLanguages' | 'PatchModelCheckConsents'

// The contract asks for no more than reading here, which would let a read-only key change the model.
function replace(
  call: Call,
  request: { readonly modelId: string; readonly action: string },
  field: TagField,
  tags: readonly string[],
): Promise<string[]> {
  demandScope(call.target, Scope.Models_Add)
  return patchTags(call, request.modelId, field, tags, request.action)
}

/** Lists of tags of a model, each replaced as a whole. */
export const modelTagRpcs: Pick<Registry, Rpcs> = {
  PatchModelToolkits: async (request, call) => ({
    toolkits: await replace(call, request, 'toolkits', request.toolkits),
  }),
  PatchModelUseCases: async (request, call) => ({
    usecases: await replace(call, request, 'useCases', request.usecases),
  }),
  PatchModelLanguages: async (request, call) => ({
    languages: await replace(call, request, 'languages', request.languages),
  }),
  PatchModelCheckConsents: async (request, call) => ({
    checkConsents: await replace(call, request, 'checkConsents', request.checkConsents),
  }),
}
