/** Ids that public models had before they got readable ones, with the id of today. */
const MODEL_ALIASES: ReadonlyMap<string, string> = new Map([
  ['aaa03c23b3724a16a56b629203edc62c', 'general-image-recognition'],
  ['bbb5f41425b8468d9b7a554ff10f8581', 'general-image-embedding'],
  ['cccbe437d6e54e2bb911c6aa292fb072', 'general-clusterering'],
  ['a403429f2ddf4b49b307e318f00e528b', 'face-detection'],
  ['53e1df302c079b3db8a0a36033ed2d15', 'face-detection'],
  ['d16f390eb32cad478c7ae150069bd2c6', 'moderation-recognition'],
  ['e9576d86d2004ed1a38ba0cf39ecb4b1', 'nsfw-recognition'],
  ['eeed0b6733a644cea07cf4c60f87ebb7', 'color-recognition'],
  ['bd367be194cf45149e75f01d59f77ba7', 'food-item-recognition'],
  ['bdcedc0f8da58c396b7df12f634ef923', 'moderation-multilingual-text-classification'],
  ['6bfff3d825ad4fc790713b0fb593fc68', 'multimodal-clip-embed'],
  ['86039c857a206810679f7f72b82fff54', 'general-english-image-caption-clip'],
  ['6a3dc529acf3f720a629cdc8c6ad41a9', 'image-subject-segmentation'],
  ['23aa4f9c9767a2fd61e63c55a73790ad', 'people-detection-yolov5'],
])

/** The present id of a public model by an id that it had before, or undefined when that is no old id. */
export const modelAlias = (id: string): string | undefined => MODEL_ALIASES.get(id)
