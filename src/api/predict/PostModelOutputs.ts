import { predictWithModel } from '../../domain/predict/model.ts'
import type { Registry } from '../define/rpc.ts'

/** Runs one model on up to 128 inputs. */
export const postModelOutputs: Pick<Registry, 'PostModelOutputs'> = {
  PostModelOutputs: (request, call) => predictWithModel(call, request),
}
