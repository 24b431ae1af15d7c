import { create, isMessage } from '@bufbuild/protobuf'
import {
  type And,
  AnnotationSchema,
  type Concept,
  type Data,
  DataSchema,
  type Filter,
  FilterSchema,
  type Input,
  InputSchema,
  type Rank,
  RankSchema,
  type Search,
} from '../../contract/index.ts'

/** Filters and ranks of a search, the older form brought to the present one. */
export interface Wishes {
  readonly filters: readonly Filter[]
  readonly ranks: readonly Rank[]
}

/** What a search asks for; `query.ands` of older clients mean filters on people's labels and ranks by predictions. */
export function wishesOf({ query }: Search): Wishes {
  if (!query) return { filters: [], ranks: [] }
  const older = query.ands.map(readAnd)
  return {
    filters: [...query.filters, ...older.flatMap(({ filters }) => filters)],
    ranks: [...query.ranks, ...older.flatMap(({ ranks }) => ranks)],
  }
}

function readAnd({ input, output, annotation, negate }: And): Wishes {
  const filters: Filter[] = []
  const ranks: Rank[] = []
  if (annotation) filters.push(create(FilterSchema, { annotation, negate }))
  if (input) filters.push(...inputFilters(input, negate))
  if (output?.data) {
    const { clusters } = output.data
    if (clusters.length > 0) filters.push(create(FilterSchema, { negate, annotation: { data: { clusters } } }))
    for (const concept of output.data.concepts) ranks.push(rankBy(create(DataSchema, { concepts: [concept] }), negate))
  }
  const looksLike = output?.input
  if (looksLike?.data && hasMedium(looksLike.data)) ranks.push(rankBy(looksLike.data, negate))
  else if (looksLike?.id) ranks.push(create(RankSchema, { negate, annotation: { inputId: looksLike.id } }))
  return { filters, ranks }
}

const rankBy = (data: Data, negate: boolean): Rank =>
  create(RankSchema, { negate, annotation: create(AnnotationSchema, { data }) })

const hasMedium = ({ image, text, video, audio, embeddings }: Data): boolean =>
  image !== undefined || text !== undefined || video !== undefined || audio !== undefined || embeddings.length > 0

/** All that one `input` says must hold, which takes a filter each. */
function inputFilters({ id, data, datasetIds, status }: Input, negate: boolean): Filter[] {
  const filters: Filter[] = []
  const ofAnnotation = (part: Data): void => {
    filters.push(create(FilterSchema, { negate, annotation: { data: part } }))
  }
  const ofInput = (part: Input): void => {
    filters.push(create(FilterSchema, { negate, input: part }))
  }
  if (id !== '') ofInput(create(InputSchema, { id }))
  if (status?.code) ofInput(create(InputSchema, { status }))
  if (datasetIds.length > 0) ofInput(create(InputSchema, { datasetIds }))
  if (!data) return filters
  for (const concept of data.concepts) filters.push(labelled(concept, negate))
  if (data.geo) ofAnnotation(create(DataSchema, { geo: data.geo }))
  for (const [key, value] of Object.entries(data.metadata ?? {})) {
    if (!isMessage(value)) ofAnnotation(create(DataSchema, { metadata: { [key]: value } }))
  }
  const { image, video, audio, text } = data
  if (image || video || audio || text) ofInput(create(InputSchema, { data: { image, video, audio, text } }))
  return filters
}

/** In the older form a value of 0 asks for inputs that do not have the concept. */
function labelled(concept: Concept, negate: boolean): Filter {
  const without = concept.value === 0
  const concepts = [{ ...concept, value: 1 }]
  return create(FilterSchema, { negate: negate !== without, annotation: { data: { concepts } } })
}
