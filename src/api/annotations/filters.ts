import { requireApp } from '../../domain/access/target.ts'
import { annotationFilters } from '../../domain/annotation-filters/resource.ts'
import { bindResource } from '../define/bind.ts'

/** Annotation filters: the standard verbs. */
export const annotationFilterRpcs = bindResource(
  annotationFilters,
  {
    list: 'ListAnnotationFilters',
    get: 'GetAnnotationFilter',
    create: 'PostAnnotationFilters',
    patch: 'PatchAnnotationFilters',
    remove: 'DeleteAnnotationFilters',
  },
  { parent: (call) => requireApp(call.target) },
)
