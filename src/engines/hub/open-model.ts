import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { InferenceSession, type Tensor } from 'onnxruntime-node'
import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { WeightFiles } from '../engine.ts'
import { weightFile } from '../kit.ts'
import { type FloatOutput, SESSION_OVERHEAD_BYTES, sessionOptions } from '../onnx.ts'

/**
 * A model file of the hub. Exports of one network differ in which inputs they want and how they call their outputs, so
 * inputs are given as the file asks for them and outputs found by one of several names.
 */
export class OpenModel {
  readonly bytes: number
  readonly #session: InferenceSession
  readonly #title: string

  private constructor(session: InferenceSession, title: string, bytes: number) {
    this.#session = session
    this.#title = title
    this.bytes = bytes
  }

  /** Opens a file of a weight; throws AppError 21350 when it is missing or damaged. */
  static async load(files: WeightFiles, weight: string, key: string): Promise<OpenModel> {
    const path = weightFile(files, weight, key)
    try {
      const data = files[weight]?.data
      const size = (await stat(path)).size + (data === undefined ? 0 : (await stat(data)).size)
      const session = await InferenceSession.create(path, sessionOptions(true))
      return new OpenModel(session, `${weight} (${basename(path)})`, size + SESSION_OVERHEAD_BYTES)
    } catch (cause) {
      throw unusable(`${weight} (${basename(path)})`, 'cannot be read', cause)
    }
  }

  /** Names of the inputs. */
  get inputs(): readonly string[] {
    return this.#session.inputNames
  }

  /** Names of the outputs. */
  get outputs(): readonly string[] {
    return this.#session.outputNames
  }

  /** Sizes of an input; -1 or a name stands for any. */
  shapeOf(input: string): readonly (number | string)[] {
    const found = this.#session.inputMetadata.find(({ name }) => name === input)
    return found?.isTensor ? found.shape : []
  }

  /** The first of some names that is an output; throws AppError 21350 when none is. */
  outputNamed(...names: string[]): string {
    const found = names.find((name) => this.outputs.includes(name))
    if (found) return found
    throw unusable(this.#title, `has none of the outputs ${names.join(', ')}`)
  }

  /**
   * Runs the model with those of `offered` that it wants. Throws AppError 21350 when it wants something else, as then
   * it is another model.
   */
  async run(
    offered: Readonly<Record<string, Tensor>>,
    wanted: readonly string[],
  ): Promise<Readonly<Record<string, FloatOutput>>> {
    const feeds: Record<string, Tensor> = {}
    for (const name of this.inputs) {
      const tensor = offered[name]
      if (!tensor) throw unusable(this.#title, `wants an input '${name}'`)
      feeds[name] = tensor
    }
    return (await this.#session.run(feeds, [...wanted])) as unknown as Record<string, FloatOutput>
  }

  /** Like run, but answers the tensors themselves, to be handed in again without copying. */
  async tensors(
    offered: Readonly<Record<string, Tensor>>,
    wanted: readonly string[],
  ): Promise<Readonly<Record<string, Tensor>>> {
    return (await this.run(offered, wanted)) as unknown as Record<string, Tensor>
  }

  /** Frees the memory. */
  async dispose(): Promise<void> {
    await this.#session.release()
  }
}

/** The error for a file that is not the model it should be. */
export function unusable(title: string, complaint: string, cause?: unknown): AppError {
  return new AppError(
    StatusCode.MODEL_DEPLOYMENT_FAILED,
    `The model ${title} ${complaint}; delete it and fetch or import it again.`,
    { cause },
  )
}

/** Frees several models. */
export const disposeAll = async (models: readonly OpenModel[]): Promise<void> => {
  await Promise.all(models.map((model) => model.dispose()))
}
