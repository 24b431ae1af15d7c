import { AppError } from '../../base/errors.ts'
import type { Data } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { PixelLayout } from '../../engines/pixel-tensor.ts'
import { DEFAULT_SAMPLE_MS } from '../../media/limits.ts'
import type { Runtime } from '../../runtime/protocol.ts'
import { FREE_SIDE_MAX } from '../limits.ts'
import { engineNode, singlePlan } from '../local-plan.ts'
import type { TensorSpec } from './protocol.ts'
import type { Tensor } from './tensors.ts'

/** The picture of an input as the tensor that the model wants; a worker decodes it. Throws AppError 21202 or 3xxxx. */
export async function pixelsFor(local: Runtime, spec: TensorSpec, data: Data, signal: AbortSignal): Promise<Tensor> {
  const params = { ...layoutFor(spec) }
  const plan = singlePlan(engineNode('pixel-tensor', [], { params, concepts: [] }))
  const [result] = await local.run(plan, {}, [data], { sampleMs: DEFAULT_SAMPLE_MS }, signal)
  const node = result?.nodes[0]
  const array = node?.data?.ndarray
  if (!array) {
    throw new AppError(
      node?.code && node.code !== StatusCode.SUCCESS ? node.code : StatusCode.INPUT_UNSUPPORTED_FORMAT,
      node?.details || 'The input has no picture that could be decoded.',
    )
  }
  // A rank above that of a picture is a batch, here of one.
  const batch = spec.shape.slice(0, -3).map(() => 1)
  return { name: spec.name, datatype: spec.datatype, shape: [...batch, ...array.shape], data: array.buffer }
}

/** How the pixels must lie for a tensor: the side of 3 tells where the channels are. */
export function layoutFor({ name, datatype, shape }: TensorSpec): PixelLayout {
  const [a = 0, b = 0, c = 0] = shape.slice(-3)
  const planar = a === 3 && c !== 3
  if (shape.length < 3 || shape.length > 4 || (!planar && c !== 3) || (datatype !== 'UINT8' && datatype !== 'FP32')) {
    throw new AppError(
      StatusCode.MODEL_INVALID_ARGUMENT,
      `The input '${name}' of the model on the server is ${datatype} of the shape [${shape}]; pictures go into UINT8 or FP32 of the shape [height, width, 3] or [3, height, width].`,
    )
  }
  const [height, width] = planar ? [b, c] : [a, b]
  return {
    width: Math.max(0, width),
    height: Math.max(0, height),
    longestSide: FREE_SIDE_MAX,
    planar,
    float: datatype === 'FP32',
  }
}
