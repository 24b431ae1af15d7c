import type { RandomMessages } from '../../src/contract/json/random-messages.ts'
import type { RpcName } from '../../src/contract/methods.ts'

/** Items that no call may have. */
const TOO_MANY = 129

/** A value of JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

const deep = (levels: number): Json => {
  let value: Json = 'x'
  for (let level = 0; level < levels; level++) value = level % 2 ? [value] : { a: value }
  return value
}
const TEXTS = ['', ' ', '\0', 'a\0b', '\ud800', 'x\udfff y', '\ufeff', '\u202eabc', '\u0007\u001b[2J', '../..', "';--"]
const LONG_TEXTS = [
  'x'.repeat(257),
  'ü'.repeat(5_000),
  '__proto__',
  'constructor',
  '%',
  '*',
  'in',
  'CON',
  '😀'.repeat(40),
]
const NUMBERS: readonly Json[] = [-1, 0, 1e-300, 0.1, 1e38, -1e39, 2 ** 31, 2 ** 53, 'NaN', 'Infinity', '-Infinity']
const WHOLES: readonly Json[] = [-1, 0, 1, 1_000_000, 2 ** 31 - 1, -(2 ** 31)]
const METADATA: readonly Json[] = [
  {},
  { '': '' },
  { '\0': '\ud800' },
  { __proto__x: { a: 1e308 } },
  deep(30) as Json,
  deep(95) as Json,
  { a: deep(400) },
  { long: 'x'.repeat(70_000) },
  { 'a.b': [null, [], {}, [[1]]] },
]

const box = { top_row: 0.1, left_col: 0.1, bottom_row: 0.6, right_col: 0.7 }
const region = { region_info: { bounding_box: box }, data: { concepts: [{ id: 'cat', value: 1 }] } }
/** A search that finds something. */
export const search = { query: { filters: [{ annotation: { data: { concepts: [{ id: 'cat', value: 1 }] } } }] } }
/** An input that is a text. */
export const text = (id: string): Json => ({
  id,
  data: {
    text: { raw: `words of ${id}` },
    concepts: [
      { id: 'cat', value: 1 },
      { name: 'New one', value: 0 },
    ],
    metadata: { a: 1, b: ['c'] },
    geo: { geo_point: { longitude: 8.5, latitude: 47.4 } },
  },
  dataset_ids: ['set'],
})

/** Sound requests, which one or two absurd values are put into; `#` stands for the number of the call. */
export const REQUESTS: readonly (readonly [RpcName, Json])[] = [
  ['PostInputs', { inputs: [text('new-#'), text('other-#')] }],
  ['PostInputs', { inputs: [text('job-#')], inputs_add_job_id: 'job' }],
  [
    'PatchInputs',
    { action: 'merge', inputs: [{ id: 'one', data: { concepts: [{ id: 'dog' }], metadata: { n: 1 } } }] },
  ],
  [
    'PatchInputs',
    {
      action: 'overwrite',
      inputs: [
        { id: 'one', data: { concepts: [{ id: 'dog', value: 0 }] } },
        { id: 'two', data: { metadata: { b: 1 } } },
      ],
    },
  ],
  ['PatchInputs', { action: 'remove', inputs: [{ id: 'two', data: { concepts: [{ id: 'cat' }] } }] }],
  ['DeleteInputs', { ids: ['new-1', 'new-2'] }],
  ['ListInputs', { page: 1, per_page: 10, ids: ['one', 'two'], status: { code: 30000 } }],
  ['GetInput', { input_id: 'one' }],
  [
    'PostAnnotations',
    {
      annotations: [
        { input_id: 'one', data: { regions: [region], metadata: { a: 1 } } },
        { input_id: 'two', data: { concepts: [{ id: 'dog', value: 1 }] } },
      ],
    },
  ],
  [
    'PostAnnotations',
    {
      annotations: [
        {
          id: 'ann-#',
          input_id: 'two',
          data: { embeddings: [{ vector: [0.5, 1] }], geo: { geo_point: { longitude: 1, latitude: 2 } } },
        },
      ],
    },
  ],
  [
    'PostAnnotations',
    {
      annotations: [
        {
          input_id: 'two',
          data: {
            regions: [{ region_info: { span: { char_start: 0, char_end: 3 } }, data: { concepts: [{ id: 'cat' }] } }],
          },
        },
      ],
    },
  ],
  [
    'PatchAnnotations',
    { action: 'merge', annotations: [{ id: 'ann', input_id: 'one', data: { concepts: [{ id: 'dog', value: 1 }] } }] },
  ],
  [
    'PatchAnnotations',
    { action: 'overwrite', annotations: [{ id: 'ann', input_id: 'one', data: { regions: [region] } }] },
  ],
  [
    'PatchAnnotations',
    { action: 'remove', annotations: [{ id: 'ann', input_id: 'one', data: { concepts: [{ id: 'dog' }] } }] },
  ],
  ['ListAnnotations', { input_ids: ['one'], ids: ['ann'], statuses: [{ code: 24150 }], list_all_annotations: true }],
  ['DeleteAnnotations', { input_ids: ['two'], ids: ['ann-3'] }],
  ['PostConcepts', { concepts: [{ id: 'c-#', name: 'C', definition: 'd', metadata: { a: 1 } }, { id: 'd-#' }] }],
  [
    'PatchConcepts',
    {
      action: 'overwrite',
      concepts: [
        { id: 'cat', name: 'Cat' },
        { id: 'dog', name: 'Dog' },
      ],
    },
  ],
  ['PostConceptLanguages', { concept_id: 'cat', concept_languages: [{ id: 'de', name: 'Katze', definition: 'Tier' }] }],
  [
    'PatchConceptLanguages',
    { action: 'overwrite', concept_id: 'dog', concept_languages: [{ id: 'de', name: 'Hund' }] },
  ],
  [
    'PostConceptRelations',
    {
      concept_id: 'cat',
      concept_relations: [{ object_concept: { id: 'dog' }, predicate: 'hyponym', knowledge_graph_id: 'graph' }],
    },
  ],
  ['PostKnowledgeGraphs', { knowledge_graphs: [{ id: 'g-#', name: 'G', description: 'd' }] }],
  ['PostConceptsSearches', { concept_query: { name: 'ca*', language: 'en' }, pagination: { page: 1, per_page: 5 } }],
  ['ListConcepts', { id: 'ca', page: 1, per_page: 5 }],
  ['GetConceptCounts', { page: 1, per_page: 5 }],
  [
    'PostDatasets',
    {
      datasets: [
        { id: 's-#', description: 'd', metadata: { a: 1 } },
        { id: 't-#', default_annotation_filter: { id: 'filter' } },
      ],
    },
  ],
  ['PatchDatasets', { action: 'merge', datasets: [{ id: 'set', description: 'e', metadata: { b: 2 } }] }],
  ['DeleteDatasets', { dataset_ids: ['s-4', 't-4'] }],
  ['PostDatasetInputs', { dataset_id: 'set', dataset_inputs: [{ input: { id: 'one' } }, { input: { id: 'two' } }] }],
  ['DeleteDatasetInputs', { dataset_id: 'set', input_ids: ['one'] }],
  ['ListDatasetInputs', { dataset_id: 'set', page: 1, per_page: 5 }],
  [
    'PostDatasetVersions',
    {
      dataset_id: 'set',
      dataset_versions: [
        { id: 'v-#', description: 'd', metadata: { a: 1 }, annotation_filter_config: { ignore_empty_inputs: true } },
      ],
    },
  ],
  [
    'PatchDatasetVersions',
    {
      action: 'overwrite',
      dataset_id: 'set',
      dataset_versions: [{ id: 'version', description: 'e', metadata: { b: 2 } }],
    },
  ],
  [
    'PutDatasetVersionExports',
    {
      dataset_id: 'set',
      dataset_version_id: 'version',
      exports: [{ format: 'COCO' }, { format: 'CLARIFAI_DATA_JSON' }],
    },
  ],
  [
    'ListDatasetVersionMetricsGroups',
    {
      dataset_id: 'set',
      dataset_version_id: 'version',
      parent_paths: [''],
      types: ['CONCEPT_ID'],
      values: ['cat', 1],
      page: 1,
      per_page: 5,
    },
  ],
  ['PostAnnotationFilters', { annotation_filters: [{ id: 'f-#', search }] }],
  ['PatchAnnotationFilters', { action: 'overwrite', annotation_filters: [{ id: 'filter', search }] }],
  ['PostInputsSearches', { searches: [search], pagination: { page: 1, per_page: 5 } }],
  ['PostAnnotationsSearches', { searches: [{ ...search, save: true, id: 'saved-#' }] }],
  [
    'PostAnnotationTracks',
    {
      input_id: 'one',
      annotation_tracks: [{ id: 'track-#', data: { time_info: { num_frames: 2, begin_time: 0, end_time: 5 } } }],
    },
  ],
  ['PostStatValues', { stat_values: [{ metric_id: 'm', value: 1.5, tags: ['a', 'b'], time: '2026-01-01T00:00:00Z' }] }],
  [
    'PostStatValuesAggregate',
    {
      stat_value_aggregate_queries: [
        { metric_id: 'm', tags: ['a'], stat_value_agg_type: 'AVG', stat_time_agg_type: 'HOUR' },
      ],
    },
  ],
  [
    'PostBulkOperations',
    {
      bulk_operations: [
        { input_ids: { input_ids: ['one'] }, operation: { add_concepts: { concepts: [{ id: 'cat' }] } } },
      ],
    },
  ],
]

/** Puts an absurd value into one place of a request; without a place for it the request stays as it is. */
export function spoil(json: Json, random: RandomMessages): Json {
  const places: (readonly (string | number)[])[] = []
  const walk = (value: Json, path: readonly (string | number)[]): void => {
    if (path.length > 0) places.push(path)
    if (typeof value !== 'object' || value === null) return
    for (const [key, item] of Object.entries(value))
      walk(item as Json, [...path, Array.isArray(value) ? Number(key) : key])
  }
  walk(json, [])
  return change(json, random.pick(places), random)
}

function change(value: Json, [key, ...rest]: readonly (string | number)[], random: RandomMessages): Json {
  if (key === undefined) return absurd(value, random)
  if (Array.isArray(value)) return value.map((item, at) => (at === key ? change(item, rest, random) : item))
  const fields = value as Record<string, Json>
  const isMetadata = key === 'metadata' && rest.length === 0
  return { ...fields, [key]: isMetadata ? random.pick(METADATA) : change(fields[key]!, rest, random) }
}

function absurd(value: Json, random: RandomMessages): Json {
  if (typeof value === 'string') return random.pick(random.next() < 0.6 ? TEXTS : LONG_TEXTS)
  if (typeof value === 'number') return random.pick(Number.isInteger(value) ? [...WHOLES, ...NUMBERS] : NUMBERS)
  if (typeof value === 'boolean') return !value
  if (!Array.isArray(value)) return random.pick([{}, null])
  const [first] = value as Json[]
  const many = Array.from({ length: TOO_MANY }, (_, at) =>
    random.next() < 0.5 || typeof first !== 'object' || first === null
      ? first!
      : { ...first, ...('id' in first && { id: `m-${at}` }) },
  )
  return random.pick<Json>([[], [first!, first!], many, [...value, {}] as Json[]])
}
