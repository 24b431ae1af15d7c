import { streamOutputs } from '../../domain/predict/stream.ts'
import type { Registry } from '../define/rpc.ts'

/** Runs one model on requests as they come. */
export const streamModelOutputs: Pick<Registry, 'StreamModelOutputs'> = {
  StreamModelOutputs: (requests, call) => streamOutputs(call, requests),
}
