import type { Label } from '../concepts.ts'
import type { PixelScale } from '../pixels.ts'

/** Types of models that users may bring as ONNX files. */
export const MODEL_TYPES = [
  'visual-classifier',
  'visual-detector',
  'visual-segmenter',
  'visual-embedder',
  'text-classifier',
  'text-embedder',
  'text-to-text',
  'text-to-image',
  'image-to-image',
  'image-to-text',
  'audio-classifier',
  'audio-embedder',
  'audio-to-text',
  'multimodal-embedder',
  'multimodal-to-text',
] as const
export type UploadType = (typeof MODEL_TYPES)[number]

/** What an output tensor stands for. */
export type OutputRole = 'concepts' | 'boxes' | 'labels' | 'scores' | 'mask' | 'embeddings' | 'text' | 'image'

/** The tensor that takes the picture, and how a picture becomes that tensor. */
export interface ImageLayer {
  readonly name: string
  readonly type: 'uint8' | 'float32'
  readonly order: 'HWC' | 'CHW'
  /** The tensor has a leading dimension of 1. */
  readonly batch: boolean
  /** Pixels; null where the model takes any size. */
  readonly height: number | null
  readonly width: number | null
  readonly fit: 'fill' | 'contain' | 'cover'
  readonly bgr: boolean
  /** Per channel in the order of the tensor; unused for uint8. */
  readonly scales: readonly [PixelScale, PixelScale, PixelScale]
}

/** The tensor that takes the text: one string in a tensor of this rank. */
export interface TextLayer {
  readonly name: string
  readonly rank: number
}

/** The tensor that takes sound: samples of 16 kHz mono from -1 to 1, with a leading dimension of 1 at rank 2. */
export interface AudioLayer {
  readonly name: string
  readonly rank: number
}

/** A tensor of one value that a parameter of the version or of the call fills. */
export interface ParamLayer {
  /** Of the tensor, and of the parameter. */
  readonly name: string
  readonly type: 'string' | 'bool' | 'float32' | 'float64' | 'int32' | 'int64'
  readonly rank: number
  readonly otherwise: string | number | boolean
}

/** How the edges of boxes are written. */
export interface BoxForm {
  readonly format: 'yxyx' | 'xyxy' | 'cxcywh'
  /** Pixels of the picture as the model got it, or shares of it. */
  readonly units: 'relative' | 'pixels'
}

/** How the tensors of an uploaded model stand for the fields of its type; worked out once, when it is brought. */
export interface Layers {
  readonly type: UploadType
  readonly image?: ImageLayer
  readonly text?: TextLayer
  readonly audio?: AudioLayer
  readonly params?: readonly ParamLayer[]
  readonly outputs: Readonly<Partial<Record<OutputRole, string>>>
  /** What is done with the values of concepts. */
  readonly activation: 'none' | 'softmax' | 'sigmoid'
  readonly boxes: BoxForm
  /** The class behind each index that the model answers; empty for embedders. */
  readonly labels: readonly Label[]
}

/** What goes into a model of a type. */
export type InputField = 'image' | 'text' | 'audio'

/** Input fields by model type; of several one is enough, for an input as for a model. */
export const INPUT_FIELDS: Readonly<Record<UploadType, readonly InputField[]>> = {
  'visual-classifier': ['image'],
  'visual-detector': ['image'],
  'visual-segmenter': ['image'],
  'visual-embedder': ['image'],
  'text-classifier': ['text'],
  'text-embedder': ['text'],
  'text-to-text': ['text'],
  'text-to-image': ['text'],
  'image-to-image': ['image'],
  'image-to-text': ['image'],
  'audio-classifier': ['audio'],
  'audio-embedder': ['audio'],
  'audio-to-text': ['audio'],
  'multimodal-embedder': ['image', 'text'],
  'multimodal-to-text': ['image', 'text'],
}

const CONCEPTS = { role: 'concepts', path: 'concepts', usual: 'softmax_predictions' } as const
const EMBEDDINGS = { role: 'embeddings', path: 'embeddings', usual: 'embeddings' } as const
const TEXT = { role: 'text', path: 'text', usual: 'text' } as const
const IMAGE = { role: 'image', path: 'image', usual: 'image' } as const

/** Data path of each output field with its usual tensor, by model type. */
export const OUTPUT_FIELDS: Readonly<
  Record<UploadType, readonly { readonly role: OutputRole; readonly path: string; readonly usual: string }[]>
> = {
  'visual-classifier': [CONCEPTS],
  'text-classifier': [CONCEPTS],
  'audio-classifier': [CONCEPTS],
  'visual-embedder': [EMBEDDINGS],
  'text-embedder': [EMBEDDINGS],
  'audio-embedder': [EMBEDDINGS],
  'multimodal-embedder': [EMBEDDINGS],
  'text-to-text': [TEXT],
  'image-to-text': [TEXT],
  'audio-to-text': [TEXT],
  'multimodal-to-text': [TEXT],
  'text-to-image': [IMAGE],
  'image-to-image': [IMAGE],
  'visual-detector': [
    { role: 'boxes', path: 'regions[...].region_info.bounding_box', usual: 'predicted_bboxes' },
    { role: 'labels', path: 'regions[...].data.concepts[...].id', usual: 'predicted_labels' },
    { role: 'scores', path: 'regions[...].data.concepts[...].value', usual: 'predicted_scores' },
  ],
  'visual-segmenter': [
    { role: 'mask', path: 'regions[...].region_info.mask,regions[...].data.concepts', usual: 'predicted_mask' },
  ],
}

/** Whether models of a type name classes, so that a label is needed for each. */
export const namesClasses = (type: UploadType): boolean => /-(classifier|detector|segmenter)$/.test(type)

/** Whether models of a type can be brought along. */
export const isUploadType = (type: string): type is UploadType => (MODEL_TYPES as readonly string[]).includes(type)
