export { readArgument } from './arguments.ts'
export { inferTensors, modelSpec } from './protocol.ts'
export { numpyOf, textsOf } from './tensors.ts'
