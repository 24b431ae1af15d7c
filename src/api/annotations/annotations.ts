import { StatusCode } from '../../contract/status-code.ts'
import { getAnnotation, listAnnotations } from '../../domain/annotations/list.ts'
import { patchAnnotations } from '../../domain/annotations/patch.ts'
import { postAnnotations } from '../../domain/annotations/post.ts'
import { deleteAnnotation, deleteAnnotations } from '../../domain/annotations/remove.ts'
import { patchStatuses } from '../../domain/annotations/statuses.ts'
import { listWorkers } from '../../domain/annotations/workers.ts'
import { checkBatch } from '../define/bind.ts'
import type { Registry } from '../define/rpc.ts'

type Rpcs =
  | 'GetAnnotation'
  | 'ListAnnotations'
  | 'PostAnnotations'
  | 'PatchAnnotations'
  | 'PatchAnnotationsStatus'
  | 'DeleteAnnotation'
  | 'DeleteAnnotations'
  | 'ListAnnotationWorkers'

const annotation = { kind: 'annotation', codes: { invalid: StatusCode.ANNOTATION_INVALID_ARGUMENT } } as const

/** What is said about inputs, by people and by models. */
export const annotationRpcs: Pick<Registry, Rpcs> = {
  GetAnnotation: async (request, call) => ({
    annotation: await getAnnotation(call, request.inputId, request.annotationId),
  }),

  ListAnnotations: async (request, call) => ({ annotations: await listAnnotations(call, request) }),

  PostAnnotations: (request, call) => postAnnotations(call, checkBatch(annotation, request.annotations)),

  PatchAnnotations: (request, call) =>
    patchAnnotations(call, checkBatch(annotation, request.annotations), request.action, request.deleteIfEmptyData),

  PatchAnnotationsStatus: (request, call) => patchStatuses(call, request),

  DeleteAnnotation: async (request, call) => {
    await deleteAnnotation(call, request.inputId, request.annotationId)
    return {}
  },

  DeleteAnnotations: async (request, call) => {
    await deleteAnnotations(call, request.ids, request.inputIds)
    return {}
  },

  ListAnnotationWorkers: async (request, call) => ({ workers: await listWorkers(call, request) }),
}
