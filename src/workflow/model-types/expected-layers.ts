import { create } from '@bufbuild/protobuf'
import { DataType, type ModelLayerInfo, ModelLayerInfoSchema, type ModelType } from '../../contract/index.ts'

/** The tensors of a model file as those who bring one are told: data field, kind of numbers, sides (-1 is any). */
function layer(
  dataFieldName: string,
  dataType: DataType,
  dims: number[],
  description: string,
  requiresLabelFilename = false,
): ModelLayerInfo {
  return create(ModelLayerInfoSchema, {
    dataFieldName,
    description,
    requiresLabelFilename,
    shapes: [{ dims, dataType }],
  })
}

const ANY = -1
const { FP32, INT32, INT64, STRING, UINT8 } = DataType

const image = layer('image', UINT8, [ANY, ANY, 3], 'The picture: rows, columns, red, green and blue.')
const text = layer('text', STRING, [1], 'The text.')
const sound = layer('audio', FP32, [ANY], 'The sound: samples of 16 kHz, one channel, from -1 to 1.')
const answer = layer('text', STRING, [1], 'The answer, usually "text".')
const drawing = layer('image', UINT8, [ANY, ANY, 3], 'The picture, usually "image".')
const classes = layer('concepts', FP32, [ANY], 'A value for each class, usually "softmax_predictions".', true)
const vector = layer('embeddings', FP32, [ANY], 'The vector, usually "embeddings".')
const optional = ({ $typeName: _, ...given }: ModelLayerInfo): ModelLayerInfo =>
  create(ModelLayerInfoSchema, { ...given, description: `${given.description} Optional.` })

type Layers = Pick<ModelType, 'expectedInputLayers' | 'expectedOutputLayers'>
const layers = (expectedInputLayers: ModelLayerInfo[], expectedOutputLayers: ModelLayerInfo[]): Layers => ({
  expectedInputLayers,
  expectedOutputLayers,
})

const BY_TYPE: Readonly<Record<string, Layers>> = {
  'visual-classifier': layers([image], [classes]),
  'visual-detector': layers(
    [image],
    [
      layer(
        'regions[...].region_info.bounding_box',
        FP32,
        [ANY, 4],
        'Top, left, bottom and right of each box, usually "predicted_bboxes".',
      ),
      layer(
        'regions[...].data.concepts[...].id',
        INT32,
        [ANY, 1],
        'The class of each box, usually "predicted_labels".',
        true,
      ),
      layer(
        'regions[...].data.concepts[...].value',
        FP32,
        [ANY, 1],
        'The score of each box, usually "predicted_scores".',
      ),
    ],
  ),
  'visual-segmenter': layers(
    [image],
    [
      layer(
        'regions[...].region_info.mask,regions[...].data.concepts',
        INT64,
        [ANY, ANY],
        'The class of each pixel, usually "predicted_mask".',
        true,
      ),
    ],
  ),
  'visual-embedder': layers([image], [vector]),
  'text-classifier': layers([text], [classes]),
  'text-embedder': layers([text], [vector]),
  'text-to-text': layers([text], [answer]),
  'text-to-image': layers([text], [drawing]),
  'image-to-text': layers([image], [answer]),
  'image-to-image': layers([image], [drawing]),
  'audio-to-text': layers([sound], [answer]),
  'audio-classifier': layers([sound], [classes]),
  'audio-embedder': layers([sound], [vector]),
  'multimodal-to-text': layers([optional(image), optional(text)], [answer]),
  'multimodal-embedder': layers([optional(image), optional(text)], [vector]),
}

/** The layers that model files of a type have; none for types of which no files are brought. */
export const expectedLayers = (typeId: string): Layers =>
  Object.hasOwn(BY_TYPE, typeId) ? BY_TYPE[typeId]! : layers([], [])
