import { receiveModel } from '../../domain/models/receive-model.ts'
import type { Registry } from '../define/rpc.ts'

/** Makes a version of a model file that comes in parts. */
export const postModelVersionsUpload: Pick<Registry, 'PostModelVersionsUpload'> = {
  PostModelVersionsUpload: (requests, call) => receiveModel(call, requests),
}
