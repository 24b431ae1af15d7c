import { CONCEPTS_PATH } from './common.ts'
import { operator, type TypeEntry } from './define.ts'
import { field, INFERENCE, Kind, paramsAt } from './field.ts'

const inference = paramsAt(INFERENCE)
const REGION_TEXT = 'regions[...].data.text'

/** Operators that read or write text. */
export const textOperators: readonly TypeEntry[] = [
  operator({
    id: 'regex-based-classifier',
    title: 'Regex Based Classifier',
    description: 'Gives its concepts to texts that match a regular expression.',
    input: ['text'],
    output: ['concepts'],
    fields: [
      inference.string('regex', undefined, {
        description: 'Regular expression in RE2 syntax (no look-around, no back-references), e.g. \\bcat\\b.',
        required: true,
      }),
      field(CONCEPTS_PATH, Kind.ARRAY_OF_CONCEPTS, [], { description: 'Concepts given on a match.', required: true }),
    ],
  }),
  operator({
    id: 'keyword-filter-operator',
    title: 'Keyword Filter',
    description: 'Says which of its words a text holds.',
    input: ['text'],
    output: ['concepts'],
    fields: [
      field(CONCEPTS_PATH, Kind.ARRAY_OF_CONCEPTS, [], { description: 'Words to look for, as concept names.' }),
      inference.strings('keywords', [], { description: 'More words to look for.' }),
    ],
  }),
  operator({
    id: 'language-id-operator',
    title: 'Language Identification',
    description: 'Says which language a text is in; concept ids are language codes.',
    input: ['text'],
    output: ['concepts'],
    fields: [
      inference.choice('library', 'langdetect', ['langdetect', 'fastText', 'fasttext'], {
        description: 'Kept for compatibility: one library serves all values.',
      }),
      inference.range('topk', 1, 1, 100, 1, { description: 'Most languages answered.' }),
      inference.range('threshold', 0.1, 0, 1, 0.01, { description: 'Languages up to this value are not answered.' }),
      inference.boolean('lowercase', true, { description: 'Looks at the text in small letters.' }),
    ],
  }),
  operator({
    id: 'text-aggregation-operator',
    title: 'Text Aggregation',
    description: 'Joins the texts of regions in reading order.',
    input: [REGION_TEXT],
    output: ['text'],
    fields: [
      inference.range('avg_word_width_window_factor', 2, 0, 100, 0, {
        description: 'Widest gap between words of a column, in mean word widths; beyond it stands a tab.',
      }),
      inference.range('avg_word_height_window_factor', 1, 0, 100, 0, {
        description: 'Tops of words of a line are closer than this, in mean word heights.',
      }),
    ],
  }),
  operator({
    id: 'tokens-to-entity-operator',
    title: 'Tokens To Entity',
    description: 'Joins neighbouring tokens of one kind to entities.',
    input: ['regions[...].region_info.span', 'regions[...].data.concepts'],
    output: ['regions[...].region_info.span', 'regions[...].data.concepts'],
  }),
  operator({
    id: 'tesseract-operator',
    title: 'Tesseract Operator',
    description: 'Reads the printed text in a picture line by line; the network PP-OCRv4 stands in for Tesseract.',
    input: ['image'],
    output: ['text'],
    weights: ['pp-ocrv4'],
    fields: [
      inference.choice('language', 'eng', ['eng', 'chi_sim'], {
        description: 'eng for plain Latin letters or chi_sim for simplified Chinese.',
      }),
    ],
  }),
  operator({
    id: 'prompter',
    title: 'Prompter',
    description: 'Puts a text into a prompt.',
    input: ['text'],
    output: ['text'],
    fields: [
      inference.string('prompt_template', undefined, {
        description: 'Prompt with {data.text.raw} where the text goes, at least once.',
        required: true,
      }),
    ],
  }),
  operator({
    id: 'rag-prompter',
    served: true,
    title: 'RAG Prompter',
    description: 'Searches the app for a text and puts both, the text and what was found, into a prompt.',
    input: ['text'],
    output: ['text'],
    fields: [
      inference.string(
        'prompt_template',
        'Context information is below:\n{data.hits}\nGiven the context information and not prior knowledge, answer the query.\nQuery: {data.text.raw}\nAnswer: ',
        { description: 'Prompt with {data.text.raw} and {data.hits}, each at least once.' },
      ),
      inference.range('min_score', 0, 0, 1, 0.01, { description: 'Hits below this score are left out.' }),
      inference.range('max_results', 5, 1, 100, 1, { description: 'Most hits in the prompt.' }),
    ],
  }),
]
