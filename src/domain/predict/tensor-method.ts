import { create } from '@bufbuild/protobuf'
import { type Data, DataSchema, type Part, PartSchema } from '../../contract/index.ts'
import type { RemoteSettings } from '../../workflow/remote.ts'
import type { Call } from '../call.ts'
import { invalid, type MethodArgs } from './method-args.ts'

/**
 * Runs a model on tensors as they are: each argument is a tensor, `ndarray` for numbers and a text for BYTES, and so
 * is each part of the result. Throws AppError 40001 for arguments that are none.
 */
export async function callTensors(call: Call, remote: RemoteSettings, args: MethodArgs): Promise<Data> {
  const { inferTensors, modelSpec, numpyOf, readArgument, textsOf } = await import('../../remote/oip/index.ts')
  const link = await call.services.links.get(remote)
  const spec = await modelSpec(link, call.signal)
  const inputs = args.names.map((name) => {
    const wanted = spec.inputs.find((each) => each.name === name)
    if (!wanted) {
      throw invalid(`The model has no input '${name}' but ${spec.inputs.map((each) => each.name).join(', ')}.`)
    }
    const tensor = readArgument(wanted, args.data(name)!)
    if (!tensor) throw invalid(`The argument ${name} must be an ndarray or, for BYTES, a text.`)
    return tensor
  })
  const outputs = spec.outputs.map(({ name }) => name)
  const answer = await inferTensors(link, spec, inputs, outputs, call.signal)
  const parts = [...answer.values()].map((tensor): Part => {
    const dtype = numpyOf(tensor.datatype)
    const data =
      dtype !== undefined && tensor.data instanceof Uint8Array
        ? { ndarray: { buffer: tensor.data, shape: [...tensor.shape], dtype } }
        : { parts: textsOf(tensor).map((stringValue) => ({ data: { stringValue } })) }
    return create(PartSchema, { id: tensor.name, data })
  })
  return create(DataSchema, { parts })
}
