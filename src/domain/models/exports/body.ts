import { readFile } from 'node:fs/promises'
import type { Layers } from '../../../engines/onnx-model/layers.ts'
import type { ExportBody } from '../../../model-packages/export/order.ts'
import type { Call } from '../../call.ts'
import { toResolved } from '../../predict/runnable.ts'
import type { FoundModel } from '../resolve.ts'

/** Built-in embedders that are ONNX files over plain pictures, by the weights that they are. */
const BUILT_IN: Readonly<Record<string, Omit<ExportBody, 'path'>>> = {
  'mobilenet-v3-small': {
    input: {
      name: 'input',
      type: 'float32',
      dims: [1, 3, 224, 224],
      channels: 1,
      bgr: false,
      // It takes pixels as they are, up to 255.
      scales: [255, 255, 255].map((scale) => ({ scale, offset: 0 })),
    },
    output: 'embedding',
    normalise: true,
  },
}

/**
 * The embedder under a head as part of an exported file; undefined where it is no ONNX file over pictures (it reads
 * texts or sounds, or has to find faces first), so that the head goes alone.
 */
export async function bodyOf(call: Call, embedder: FoundModel | undefined): Promise<ExportBody | undefined> {
  if (!embedder) return undefined
  const { model, layers } = embedder.files
  if (model && layers) return ofUpload(call, model, layers)
  const [weight, ...more] = toResolved(embedder).weights
  const known = weight !== undefined && more.length === 0 ? BUILT_IN[weight] : undefined
  if (!known) return undefined
  const files = await call.services.weights.filesOf(weight!, { signal: call.signal })
  const path = files.model
  return path === undefined ? undefined : { ...known, path }
}

async function ofUpload({ services }: Call, model: string, layersHash: string): Promise<ExportBody | undefined> {
  const layers = JSON.parse(await readFile(await services.blobs.file(layersHash), 'utf8')) as Layers
  const output = layers.outputs.embeddings
  const { image } = layers
  if (!image || output === undefined) return undefined
  const [height, width] = [image.height ?? 'H', image.width ?? 'W']
  const sides = image.order === 'HWC' ? [height, width, 3] : [3, height, width]
  const dims = image.batch ? [1, ...sides] : sides
  return {
    path: await services.blobs.file(model),
    input: {
      name: image.name,
      type: image.type,
      dims,
      channels: dims.indexOf(3, image.order === 'HWC' ? dims.length - 1 : 0),
      bgr: image.bgr,
      scales: image.scales.map(({ scale, offset }) => ({ scale: scale * 255, offset })),
    },
    output,
    normalise: false,
  }
}
