import type { CatalogueModel } from './types.ts'

/** The reason that models of one subject cannot be served. */
const NO_WEIGHTS = 'No openly licensed weights for this model can be fetched from the npm registry'
const TRAIN = 'train your own from examples on general-image-embedding (an embedding-classifier)'
const RETIRED = 'The original was taken out of service'

/** A classifier of pictures that existing programs name and that would have to be trained anew. */
const unserved = (id: string, name: string, description: string, more: Partial<CatalogueModel> = {}) =>
  ({
    id,
    typeId: 'visual-classifier',
    name,
    description,
    engine: undefined,
    unavailable: `${NO_WEIGHTS}; ${TRAIN}.`,
    weights: [],
    ...more,
  }) satisfies CatalogueModel

/** Models of one subject, known by name from existing programs, that no weights at hand can serve. */
export const topicModels: readonly CatalogueModel[] = [
  unserved('food-item-recognition', 'Food Recognition', 'More than 500 kinds of food.', {
    versions: ['dfebc169854e429086aceb8368662641'],
  }),
  unserved('apparel', 'Apparel', 'Clothes and accessories.'),
  unserved('travel', 'Travel', 'Kinds of places that travellers look for.'),
  unserved('wedding', 'Wedding', 'What is seen at weddings.', { versions: ['787cc9a002164250800598d36b072384'] }),
  unserved('textures-and-patterns', 'Textures and Patterns', 'Textures, patterns and materials.'),
  unserved('room-types-transfer-learn', 'Room Types', 'Kinds of rooms.', {
    versions: ['3867629b155b4d3ca852e20083d30788'],
    typeId: 'embedding-classifier',
  }),
  unserved('landscape-quality', 'Landscape Quality', 'Whether a photo of a landscape is well made.', {
    unavailable: `${RETIRED}; ${TRAIN}.`,
  }),
  unserved('portrait-quality', 'Portrait Quality', 'Whether a portrait is well made.', {
    unavailable: `${RETIRED}; ${TRAIN}.`,
  }),
  unserved('logo', 'Logo', 'Logos of brands.', {
    typeId: 'visual-detector',
    unavailable: `${NO_WEIGHTS}; bring an ONNX detector of your own (docs/bring-your-own.md).`,
  }),
  unserved('logo-v2', 'Logo, second edition', 'Logos of brands.', {
    typeId: 'visual-detector',
    unavailable: `${NO_WEIGHTS}; bring an ONNX detector of your own (docs/bring-your-own.md).`,
  }),
  unserved('celebrity', 'Celebrity', 'Names of well-known people by their faces.', {
    typeId: 'visual-detector',
    unavailable: `${RETIRED}, and naming people by their faces is left to you: search by face with the workflow Face-Search.`,
  }),
  unserved('demographics', 'Demographics', 'Appearance of faces in one answer.', {
    typeId: 'visual-detector',
    unavailable: `${RETIRED}; use the workflow Demographics, which says age and gender appearance of each face.`,
  }),
  unserved('focus', 'Focus', 'Where a picture is sharp.', {
    typeId: 'visual-detector',
    unavailable: `${RETIRED}, and nothing here replaces it.`,
  }),
  unserved('image-general-segmentation', 'General Segmentation', 'Masks of things and surroundings.', {
    versions: ['1581820110264581908ce024b12b4bfb'],
    typeId: 'visual-segmenter',
    unavailable: `${NO_WEIGHTS}; use person-segmentation-selfie for people.`,
  }),
  unserved('general-english-image-caption-clip', 'Image Caption', 'A sentence that describes a picture.', {
    typeId: 'image-to-text',
    unavailable: `${NO_WEIGHTS}; use general-image-recognition for tags.`,
  }),
  unserved('general-clusterering', 'General Clustering', 'Coarse groups of like pictures.', {
    versions: ['cc2074cff6dc4c02b6f4e1b8606dcb54'],
    typeId: 'clusterer',
    unavailable:
      'Its groups have to be learnt from some ten thousand pictures, and no such set can be had here; search by general-image-embedding instead.',
  }),
  unserved('datacomp-L14-lopq-1', 'CLIP Clustering', 'Coarse groups of like pictures and texts.', {
    versions: ['05cb975ed2954a11aafbbd9702b8a2bb'],
    typeId: 'clusterer',
    unavailable:
      'Its groups have to be learnt from some ten thousand pictures, and no such set can be had here; search works without them.',
  }),
  unserved('face-clustering', 'Face Clustering', 'Coarse groups of like faces.', {
    versions: ['621d74074a5443d7ad9dc1503fba9ff0'],
    typeId: 'clusterer',
    unavailable:
      'Its groups have to be learnt from many thousand faces, and no such set can be had here; search by face-identification-transfer-learn instead.',
  }),
  unserved('person-tracker', 'Person Tracker', 'People in videos, each with an id from frame to frame.', {
    typeId: 'neural-tracker',
    unavailable:
      'No network for it can be had; the workflow Person-Tracking does the same with a detector and byte-tracker.',
  }),
]
