import { requireApp } from '../../domain/access/target.ts'
import { concepts } from '../../domain/concepts/resource.ts'
import { bindResource } from '../define/bind.ts'

/** The standard verbs of concepts; there is no way to delete one. */
export const conceptRpcs = bindResource(
  concepts,
  { list: 'ListConcepts', get: 'GetConcept', create: 'PostConcepts', patch: 'PatchConcepts' },
  {
    parent: (call) => requireApp(call.target),
    listQuery: (request) => {
      const id = request.id as string
      return id === '' ? {} : { where: (row) => row.or([row('id', '=', id), row('name', '=', id)]) }
    },
  },
)
