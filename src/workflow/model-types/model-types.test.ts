import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toJson } from '@bufbuild/protobuf'
import { ValueSchema } from '@bufbuild/protobuf/wkt'
import type { ModelTypeField } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { INPUT_FIELDS, MODEL_TYPES, OUTPUT_FIELDS } from '../../engines/onnx-model/layers.ts'
import { EVALUATION, INFERENCE, Kind, TRAINING } from './field.ts'
import { checkParams, defaultParams, isOperatorType, modelTypes, typeEntry } from './index.ts'

const type = (id: string) => modelTypes.get(id)!
const refused = (details: RegExp) => ({ code: StatusCode.MODEL_INVALID_ARGUMENT, details })

/** All fields of a type, those of its templates and other options too. */
function* allFields(fields: readonly ModelTypeField[]): Generator<ModelTypeField> {
  for (const field of fields) {
    yield field
    for (const option of field.modelTypeEnumOptions) yield* allFields(option.modelTypeFields)
  }
}

test('the catalogue lists the learning models and operators of the reference', () => {
  const wanted =
    'visual-classifier visual-detector visual-segmenter visual-embedder visual-anomaly-heatmap embedding-classifier clusterer text-classifier text-token-classifier text-embedder text-to-text text-to-image text-to-audio audio-to-text audio-classifier audio-embedder image-to-text image-to-image multimodal-embedder multimodal-to-text visual-keypointer landmarks visual-detector-embedder optical-character-recognizer image-color-recognizer zero-shot-image-classifier zero-shot-text-classifier any-to-any mcp concept-thresholder region-thresholder random-sample input-filter keyword-filter-operator concept-synonym-mapper image-crop image-align image-tiling-operator tiling-region-aggregator-operator object-counter text-aggregation-operator tokens-to-entity-operator track-representation-operator isolation-operator regex-based-classifier language-id-operator barcode-operator tesseract-operator prompter rag-prompter annotation-writer email sms results-push status-push aws-lambda custom-code-operator cross-app-input-searcher knn-concept centroid-tracker byte-tracker kalman-filter-hungarian-tracker kalman-reid-tracker neural-tracker neural-lite-tracker'
  for (const id of wanted.split(' ')) assert.ok(modelTypes.has(id), id)
})

test('every type says what it is, takes and gives', () => {
  for (const [id, entry] of modelTypes) {
    assert.equal(entry.id, id)
    assert.ok(entry.title && entry.description, id)
    assert.ok(entry.inputFields.length > 0 && entry.outputFields.length > 0, id)
    if (entry.trainable) assert.equal(isOperatorType(id), false)
  }
})

test('those who bring a model file learn which tensors it has', () => {
  const detector = type('visual-detector')
  assert.deepEqual(
    detector.expectedInputLayers.map(({ dataFieldName, shapes }) => [dataFieldName, shapes[0]!.dims]),
    [['image', [-1, -1, 3]]],
  )
  assert.deepEqual(
    detector.expectedOutputLayers.map(({ requiresLabelFilename }) => requiresLabelFilename),
    [false, true, false],
  )
  for (const id of MODEL_TYPES) {
    const { expectedInputLayers, expectedOutputLayers } = type(id)
    assert.deepEqual(
      expectedInputLayers.map(({ dataFieldName }) => dataFieldName),
      INPUT_FIELDS[id],
    )
    const paths = expectedOutputLayers.map(({ dataFieldName }) => dataFieldName)
    assert.deepEqual(
      paths,
      OUTPUT_FIELDS[id].map(({ path }) => path),
    )
  }
  assert.deepEqual(type('prompter').expectedInputLayers, [])
})

/** Types that the clients train without naming a template, and refuse one for. */
const WITHOUT_TEMPLATE = ['embedding-classifier', 'clusterer']

test('clients find the templates of every trainable type that has them, and the parameters of each', () => {
  for (const [id, { trainable, modelTypeFields }] of modelTypes) {
    const template = modelTypeFields.find(({ path }) => path.endsWith('template') && path.startsWith(TRAINING))
    assert.equal(template !== undefined, trainable && !WITHOUT_TEMPLATE.includes(id), id)
    if (!template) continue
    assert.equal(template.fieldType, Kind.RECURSIVE_ENUM)
    for (const option of template.modelTypeEnumOptions) assert.ok(option.modelTypeFields.length > 0, option.id)
    assert.ok(template.modelTypeEnumOptions.some((option) => option.id === toJson(ValueSchema, template.defaultValue!)))
  }
})

test('every field has a placeholder, which clients take away without looking', () => {
  for (const [id, { modelTypeFields }] of modelTypes) {
    for (const { path, placeholder } of allFields(modelTypeFields)) assert.notEqual(placeholder, '', `${id} ${path}`)
  }
})

test('paths of fields are unique in their list, defaults keep the rules of their fields', () => {
  for (const entry of modelTypes.values()) {
    const paths = entry.modelTypeFields.map(({ path }) => path)
    assert.equal(new Set(paths).size, paths.length, entry.id)
    for (const prefix of [INFERENCE, TRAINING, EVALUATION]) {
      const given = Object.fromEntries(
        entry.modelTypeFields
          .filter(({ path, required, defaultValue }) => path.startsWith(prefix) && required && !defaultValue)
          .map(({ path }) => [path.slice(prefix.length + 1), 'given']),
      )
      const defaults = { ...defaultParams(entry, prefix), ...given }
      const checked = checkParams(entry, defaults, prefix)
      for (const [name, value] of Object.entries(defaults))
        assert.deepEqual(checked[name], value, `${entry.id} ${name}`)
    }
    for (const field of allFields(entry.modelTypeFields)) {
      assert.equal(field.fieldType === Kind.RANGE, field.modelTypeRangeInfo !== undefined, field.path)
      const isChoice = field.fieldType === Kind.ENUM || field.fieldType === Kind.RECURSIVE_ENUM
      assert.equal(isChoice, field.modelTypeEnumOptions.length > 0, field.path)
    }
  }
})

test('defaults are completed, given values win, unknown ones stay', () => {
  const defaults = { max_concepts: 20, min_value: 0, select_concepts: [], detection_threshold: 0 }
  assert.deepEqual(defaultParams(type('visual-detector')), defaults)
  const checked = checkParams(type('visual-detector'), { detection_threshold: 0.5, later: [1] })
  assert.deepEqual(checked, { ...defaults, detection_threshold: 0.5, later: [1] })
})

test('ranges are kept and rounded to their step', () => {
  const at = (min_value: unknown) =>
    checkParams(type('embedding-classifier'), { min_value: min_value as number }).min_value
  assert.equal(at(0.306), 0.31)
  assert.equal(at('0.3'), 0.3)
  assert.equal(at(1), 1)
  assert.throws(() => at(1.01), refused(/output_info\.params\.min_value must be from 0 to 1, not 1\.01/))
  assert.throws(() => at('much'), refused(/must be a number, not "much"/))
  const size = checkParams(type('visual-embedder'), { template: 'Clarifai_ResNext', image_size: 250 }, TRAINING)
  assert.equal(size.image_size, 256)
})

test('kinds of values are checked, with the path in the sentence', () => {
  const cases: [string, string, unknown, RegExp][] = [
    ['concept-thresholder', 'filter_other_concepts', 'maybe', /filter_other_concepts must be true or false/],
    ['concept-thresholder', 'concept_threshold_type', 'ABOUT', /one of GREATER_THAN, GREATER_THAN_OR_EQUAL/],
    ['image-crop', 'margin', {}, /margin must be a number/],
    ['prompter', 'prompt_template', 7, /prompt_template must be a text/],
    ['keyword-filter-operator', 'keywords', ['a', 1], /keywords must be a list of texts/],
    ['visual-classifier', 'select_concepts', 'cat', /select_concepts must be a list of concepts/],
  ]
  for (const [id, name, value, details] of cases) {
    assert.throws(() => checkParams(type(id), { [name]: value as string }), refused(details), id)
  }
})

test('choices go by name or number', () => {
  for (const given of ['LESS_THAN', 3, '3']) {
    const { concept_threshold_type } = checkParams(type('concept-thresholder'), { concept_threshold_type: given })
    assert.equal(concept_threshold_type, 'LESS_THAN')
  }
  assert.equal(
    checkParams(type('annotation-writer'), { annotation_status: 24157 }).annotation_status,
    'ANNOTATION_AWAITING_REVIEW',
  )
})

test('yes and no may be written as numbers, as versions from elsewhere have them', () => {
  const at = (keep_track_in_image: unknown) =>
    checkParams(type('kalman-reid-tracker'), { keep_track_in_image: keep_track_in_image as number }).keep_track_in_image
  assert.deepEqual([at(1), at(0), at('true'), at(false)], [true, false, true, false])
  assert.throws(() => at(2), refused(/keep_track_in_image must be true or false/))
})

test('what is required must be there; null means not given', () => {
  assert.throws(() => checkParams(type('prompter'), {}), refused(/output_info\.params\.prompt_template is required/))
  assert.throws(() => checkParams(type('prompter'), { prompt_template: '' }), refused(/is required/))
  assert.throws(
    () => checkParams(type('regex-based-classifier'), { regex: null }),
    refused(/params\.regex is required/),
  )
  assert.deepEqual(checkParams(type('image-crop'), { margin: null }), { margin: 1 })
})

test('the parameters of the chosen template are checked and completed', () => {
  const chosen = { template: 'MMDetection_YoloF', num_epochs: 3.4 }
  const checked = checkParams(type('visual-detector'), chosen, TRAINING)
  assert.deepEqual([checked.num_epochs, checked.batch_size, checked.pretrained_weights], [3, 8, 'coco'])
  assert.throws(
    () => checkParams(type('visual-detector'), { ...chosen, batch_size: 64 }, TRAINING),
    refused(/train_info\.params\.batch_size must be from 1 to 32, not 64/),
  )
  assert.throws(
    () => checkParams(type('visual-detector'), { template: 'Nothing' }, TRAINING),
    refused(/template must be one of/),
  )
})

test('other names of types are understood, unknown ones are not', () => {
  assert.equal(typeEntry('concept-threshold')!.type.id, 'concept-thresholder')
  assert.equal(typeEntry('embed')!.type.id, 'visual-embedder')
  for (const id of ['', 'nothing', 'constructor', '__proto__']) assert.equal(typeEntry(id), undefined)
})
