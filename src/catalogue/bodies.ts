import { publicConcept } from './concepts.ts'
import type { CatalogueModel } from './types.ts'

const BODY_LICENSE = 'Apache-2.0'

/** Models that look at people as a whole, and at their hands. */
export const bodyModels: readonly CatalogueModel[] = [
  {
    id: 'person-pose-movenet',
    typeId: 'visual-keypointer',
    name: 'Pose',
    description:
      'The 17 points of COCO (nose, eyes, ears, shoulders, elbows, wrists, hips, knees, ankles) of one person, by MoveNet Lightning; cut people out first where there are several.',
    engine: 'movenet-pose',
    weights: ['movenet-lightning'],
    concepts: [publicConcept('person')],
    license: BODY_LICENSE,
    useCases: ['pose'],
  },
  {
    id: 'person-pose-movenet-thunder',
    typeId: 'visual-keypointer',
    name: 'Pose, more exact',
    description:
      'The 17 points of COCO of one person, by MoveNet Thunder: larger and more exact than MoveNet Lightning.',
    engine: 'movenet-thunder',
    weights: ['movenet-thunder'],
    concepts: [publicConcept('person')],
    license: BODY_LICENSE,
    useCases: ['pose'],
  },
  {
    id: 'people-pose-movenet-multipose',
    typeId: 'visual-keypointer',
    name: 'Pose of several people',
    description: 'The 17 points of COCO of up to six people in one picture, by MoveNet MultiPose.',
    engine: 'movenet-multipose',
    weights: ['movenet-multipose'],
    concepts: [publicConcept('person')],
    license: BODY_LICENSE,
    useCases: ['pose'],
  },
  {
    id: 'hand-landmarks-mediapipe',
    typeId: 'visual-keypointer',
    name: 'Hand Landmarks',
    description: 'Hands with 21 points each (wrist and four per finger), by the MediaPipe palm and hand networks.',
    engine: 'hand-landmarks',
    weights: ['hand-detector', 'hand-landmarks'],
    concepts: [publicConcept('hand')],
    license: BODY_LICENSE,
    useCases: ['pose'],
  },
  {
    id: 'person-segmentation-selfie',
    typeId: 'visual-segmenter',
    name: 'Person Segmentation',
    description:
      'A mask of the people near the camera and one of the background, with the shares of the picture they cover, by MediaPipe selfie segmentation; pets in the foreground are taken along.',
    engine: 'selfie-segmentation',
    weights: ['selfie-segmentation'],
    concepts: [publicConcept('person'), publicConcept('background')],
    license: BODY_LICENSE,
    useCases: ['segmentation'],
  },
]
