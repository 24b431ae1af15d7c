import { create } from '@bufbuild/protobuf'
import { AppError } from '../base/errors.ts'
import { newId } from '../base/ids.ts'
import { type Data, EmbeddingSchema, ImageSchema, type Region, RegionSchema } from '../contract/index.ts'
import { StatusCode } from '../contract/status-code.ts'
import type { ImageHandle } from '../media/image.ts'
import { dataOf } from '../workflow/data.ts'
import { unit } from './boxes.ts'
import type { EngineItem, WeightFiles } from './engine.ts'

/** The path of one file of a weight set, by its key in the weight catalogue. Throws AppError 21350 when it has not been installed. */
export function weightFile(files: WeightFiles, weight: string, key: string): string {
  const path = files[weight]?.[key]
  if (path) return path
  throw new AppError(
    StatusCode.MODEL_DEPLOYMENT_FAILED,
    `The weights '${weight}' lack the file '${key}'; install the models again.`,
  )
}

/** Answers items one after the other; a cancelled item stops the rest. */
export async function eachItem(
  items: readonly EngineItem[],
  answer: (item: EngineItem) => Promise<Data>,
): Promise<Data[]> {
  const answers: Data[] = []
  for (const item of items) {
    item.scope.signal.throwIfAborted()
    answers.push(await answer(item))
  }
  return answers
}

/** The picture of an item. Rejects with AppError when it has none or when it cannot be decoded. */
export function pictureOf({ data, scope }: EngineItem): Promise<ImageHandle> {
  return scope.imageOf(data.image ?? create(ImageSchema))
}

/** The text of an item; throws AppError 30101 when it has none. */
export function textOf({ data }: EngineItem): string {
  if (data.text?.raw !== undefined) return data.text.raw
  throw new AppError(StatusCode.INPUT_UNSUPPORTED_FORMAT, 'The input has no text; send text.raw or text.url.')
}

/** Wraps one vector as answer data. */
export function embeddingData(vector: ArrayLike<number>): Data {
  const embedding = create(EmbeddingSchema, { vector: Array.from(vector), numDimensions: vector.length })
  return dataOf({ embeddings: [embedding] })
}

/** A region with a box whose edges are shares of the picture, cut off at its borders. */
export function boxRegion(
  box: { top: number; left: number; bottom: number; right: number },
  value: number,
  data: Partial<Pick<Data, 'concepts' | 'text' | 'embeddings'>>,
): Region {
  return create(RegionSchema, {
    id: newId(),
    value,
    regionInfo: {
      boundingBox: {
        topRow: unit(box.top),
        leftCol: unit(box.left),
        bottomRow: unit(box.bottom),
        rightCol: unit(box.right),
      },
    },
    data: dataOf(data),
  })
}
