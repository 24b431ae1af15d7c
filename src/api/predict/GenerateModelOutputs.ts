import { generateOutputs } from '../../domain/predict/stream.ts'
import type { Registry } from '../define/rpc.ts'

/** Runs one model and answers in pieces as they come. */
export const generateModelOutputs: Pick<Registry, 'GenerateModelOutputs'> = {
  GenerateModelOutputs: (request, call) => generateOutputs(call, request),
}
