import { requireApp } from '../../domain/access/target.ts'
import { annotationTracks } from '../../domain/annotation-tracks/resource.ts'
import { findInput } from '../../domain/annotations/find.ts'
import { bindResource } from '../define/bind.ts'

/** Tracks of videos: the standard verbs, below an input. */
export const annotationTrackRpcs = bindResource(
  annotationTracks,
  {
    list: 'ListAnnotationTracks',
    create: 'PostAnnotationTracks',
    patch: 'PatchAnnotationTracks',
    remove: 'DeleteAnnotationTracks',
  },
  {
    parent: (call, request) => findInput(call.services.db.read, requireApp(call.target).pk, request.inputId as string),
    listQuery: (request) => {
      const ids = request.ids as string[]
      return ids.length === 0 ? {} : { where: (row) => row('id', 'in', ids) }
    },
  },
)
