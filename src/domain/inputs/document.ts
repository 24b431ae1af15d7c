import { create } from '@bufbuild/protobuf'
import { type Data, DataSchema, type Input, InputSchema } from '../../contract/index.ts'
import { encodeDoc } from '../../contract/json/index.ts'

/** An input's document: what was sent, without contents, labels and whatever else has a table or a column. */
export function inputDocument({ data, settings }: Pick<Input, 'data' | 'settings'>): string {
  return encodeDoc(create(InputSchema, { data: data && mediaAlone(data), settings }))
}

function mediaAlone({ image, video, audio, text }: Data): Data {
  return create(DataSchema, {
    image: image && { url: image.url.trim(), allowDuplicateUrl: image.allowDuplicateUrl },
    video: video && { url: video.url.trim(), allowDuplicateUrl: video.allowDuplicateUrl },
    audio: audio && { url: audio.url.trim(), allowDuplicateUrl: audio.allowDuplicateUrl },
    text: text && { url: text.url.trim(), allowDuplicateUrl: text.allowDuplicateUrl },
  })
}
