import { CATALOGUE_APP, CATALOGUE_USER } from '../../catalogue/index.ts'

const node = (id: string, model: string, from?: string) => ({
  id,
  model: { id: model, userId: CATALOGUE_USER, appId: CATALOGUE_APP },
  nodeInputs: from === undefined ? [] : [{ nodeId: from }],
})

/** The workflow of the demo for pictures and videos: tags, objects, and faces cut out and read. */
export const DEMO_NODES = [
  node('tags', 'general-image-recognition'),
  node('objects', 'general-image-detection'),
  node('faces', 'face-detection'),
  node('crops', 'margin-110-image-crop', 'faces'),
  node('expression', 'face-sentiment-recognition', 'crops'),
  node('embedding', 'general-image-embedding'),
]

/** The public workflow that suits text. */
export const TEXT_WORKFLOW = 'Text'

/** The public workflow that suits sound. */
export const AUDIO_WORKFLOW = 'asr'
