import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { type Data, DataSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { EngineItem, EngineSetup } from '../../engines/engine.ts'
import { imageUrl } from '../data-url.ts'
import { EMBED_TEXTS_MAX } from '../limits.ts'
import type { Link } from '../link.ts'
import type { Links } from '../links.ts'
import { chat, chatBody, textOfAnswer, userMessage } from './chat.ts'
import { embed } from './embeddings.ts'
import { drawImage } from './images.ts'

/** One answer or the reason why there is none, per item. */
export type Answers = readonly (Data | AppError)[]

type Work = (link: Link, links: Links, items: readonly EngineItem[], setup: EngineSetup) => Promise<Answers>

const chatWork: Work = (link, _, items, { params }) =>
  each(items, async ({ data, scope }) => {
    const images = data.image ? [await imageUrl(data.image.base64)] : []
    const answer = await chat(
      link,
      chatBody(link.settings, params, [userMessage(data.text?.raw, images)]),
      scope.signal,
    )
    return create(DataSchema, { text: { raw: textOfAnswer(answer) } })
  })

const embedWork: Work = async (link, _, items) => {
  const answers: (Data | AppError)[] = []
  for (let at = 0; at < items.length; at += EMBED_TEXTS_MAX) {
    answers.push(...(await embedSome(link, items.slice(at, at + EMBED_TEXTS_MAX))))
  }
  return answers
}

const drawWork: Work = (link, { fetcher }, items, { params }) =>
  each(items, async ({ data, scope }) => {
    const base64 = await drawImage(link, fetcher, data.text?.raw ?? '', params, scope.signal)
    return create(DataSchema, { image: { base64 } })
  })

/** One for each of OPENAI_TYPES. */
const WORK: Readonly<Record<string, Work>> = {
  'text-to-text': chatWork,
  'multimodal-to-text': chatWork,
  'image-to-text': chatWork,
  'text-embedder': embedWork,
  'text-to-image': drawWork,
}

/** Runs items on a server with the interface of OpenAI; each fails by itself. */
export function askOpenAi(
  link: Link,
  links: Links,
  items: readonly EngineItem[],
  setup: EngineSetup,
): Promise<Answers> {
  return WORK[link.settings.modelTypeId]!(link, links, items, setup)
}

/** Texts go together; when the server refuses them as a whole, one of them is to blame, and each goes alone. */
async function embedSome(link: Link, items: readonly EngineItem[]): Promise<Answers> {
  const [first] = items
  const texts = items.map(({ data }) => data.text?.raw ?? '')
  try {
    const vectors = await embed(link, texts, first!.scope.signal)
    return vectors.map((vector) => create(DataSchema, { embeddings: [{ vector, numDimensions: vector.length }] }))
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    if (items.length === 1 || error.code !== StatusCode.MODEL_INVALID_REQUEST) return items.map(() => error)
    return (await Promise.all(items.map((item) => embedSome(link, [item])))).flat()
  }
}

function each(items: readonly EngineItem[], work: (item: EngineItem) => Promise<Data>): Promise<Answers> {
  return Promise.all(
    items.map((item) =>
      work(item).catch((error: unknown) => {
        if (error instanceof AppError) return error
        throw error
      }),
    ),
  )
}
