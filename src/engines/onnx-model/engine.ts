import { readFile, stat } from 'node:fs/promises'
import { InferenceSession, type Tensor } from 'onnxruntime-node'
import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { soundOf } from '../audio.ts'
import { conceptMaker } from '../concepts.ts'
import type { Engine, EngineItem, EngineSetup, LoadedEngine, WeightFiles } from '../engine.ts'
import { eachItem, pictureOf, textOf } from '../kit.ts'
import { SESSION_OVERHEAD_BYTES, sessionOptions } from '../onnx.ts'
import { answerData } from './answers.ts'
import { audioTensor, blankTensor, imageTensor, type Placement, paramTensor, textTensor } from './feed.ts'
import type { Layers } from './layers.ts'

/**
 * Runs a model that a user has brought: image, text or sound -> what its type answers.
 *
 * Its weights are stored contents of the version: the model file as `model`, and `layers`, the JSON that says how its
 * tensors stand for fields. Both were checked when the model was brought.
 */
export const onnxModel: Engine = {
  name: 'onnx-model',
  weights: [],
  async load(files): Promise<LoadedEngine> {
    const { model, layers: layersFile } = pathsOf(files)
    const layers = JSON.parse(await readFile(layersFile, 'utf8')) as Layers
    return loadedModel(await openSession(model), layers, (await stat(model)).size)
  },
}

/** Opens a model file of a user. Rejects with AppError 21350 that repeats what the runtime has to say. */
export async function openSession(path: string): Promise<InferenceSession> {
  try {
    // The arena would keep what the largest picture of all once needed.
    return await InferenceSession.create(path, sessionOptions(true))
  } catch (cause) {
    throw new AppError(StatusCode.MODEL_DEPLOYMENT_FAILED, `The model cannot be loaded: ${reasonOf(cause)}`, { cause })
  }
}

/** An open model as an engine. */
export function loadedModel(session: InferenceSession, layers: Layers, fileBytes: number): LoadedEngine {
  return {
    bytes: fileBytes + SESSION_OVERHEAD_BYTES,
    dispose: () => session.release(),
    infer: (items, setup) => {
      const concept = conceptMaker(setup)
      return eachItem(items, async (item) => {
        const { feeds, placement } = await feedsOf(item, layers, setup)
        return answerData(await run(session, feeds, layers), { layers, concept, placement, scope: item.scope })
      })
    },
  }
}

async function feedsOf(item: EngineItem, { text, image, audio, params = [] }: Layers, setup: EngineSetup) {
  const feeds: Record<string, Tensor> = {}
  let placement: Placement | undefined
  // A model that takes a picture and a text is told by an empty one what it was not given.
  const both = text !== undefined && image !== undefined && (item.data.image ?? item.data.text) !== undefined
  if (text) feeds[text.name] = textTensor(both ? (item.data.text?.raw ?? '') : textOf(item), text)
  if (image && both && !item.data.image) feeds[image.name] = blankTensor(image)
  else if (image) {
    const seen = await imageTensor(await pictureOf(item), image)
    feeds[image.name] = seen.tensor
    placement = seen.placement
  }
  if (audio) feeds[audio.name] = audioTensor((await soundOf(item)).samples, audio)
  for (const param of params) feeds[param.name] = paramTensor(param, setup.params[param.name])
  return { feeds, placement }
}

async function run(session: InferenceSession, feeds: Record<string, Tensor>, { outputs }: Layers) {
  try {
    return (await session.run(feeds, Object.values(outputs))) as unknown as Record<string, Tensor>
  } catch (cause) {
    throw new AppError(StatusCode.MODEL_PREDICTION_FAILED, `The model failed on this input: ${reasonOf(cause)}`, {
      cause,
    })
  }
}

/** Longest part of what the runtime says that is repeated, in characters. */
const REASON_LENGTH_MAX = 300

/** What the runtime says, without paths of the machine it was built on or runs on. */
function reasonOf(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause)
  const clean = text.replaceAll(/(?:\/[\w.+@-]+)+\/?(?::\d+)?/g, '').replaceAll(/\s+/g, ' ')
  const reason = clean.trim().slice(0, REASON_LENGTH_MAX)
  return reason.endsWith('.') ? reason : `${reason}.`
}

function pathsOf(files: WeightFiles): { model: string; layers: string } {
  const { model, layers }: Record<string, string> = Object.assign({}, ...Object.values(files))
  if (model && layers) return { model, layers }
  throw new AppError(StatusCode.MODEL_DEPLOYMENT_FAILED, 'The files of the model are not there; upload it again.')
}
