import assert from 'node:assert/strict'
import { test } from 'node:test'
import { typeEntry } from '../workflow/model-types/index.ts'
import { MODEL_ALIASES } from './aliases.ts'
import { catalogueModel, catalogueModels, homeOf, hubWeights, versionIds } from './index.ts'
import { workflowsWith } from './workflows.ts'

/** Ids of public models of `clarifai/main` that clients and their tests name, with versions that workflow files pin. */
const NAMED: Readonly<Record<string, readonly string[]>> = {
  'general-image-recognition': ['aa7f35c01e0642fda5cf400f543e7c40', 'aa9ca48295b37401f8af92ad1af0d91d'],
  'general-image-embedding': ['bb186755eda04f9cbb6fe32e816be104'],
  'general-clusterering': ['cc2074cff6dc4c02b6f4e1b8606dcb54'],
  'general-image-detection': [],
  'image-general-segmentation': ['1581820110264581908ce024b12b4bfb'],
  'face-detection': [
    '45fb9a671625463fa646c3523a3087d5',
    'fe995da8cb73490f8556416ecf25cea3',
    '6dc7e46bc9124c5c8824be4822abe105',
    '34ce21a40cc24b6b96ffee54aabff139',
  ],
  'moderation-recognition': ['7cde8e92896340b0998b8260d47f1502', 'aa8be956dbaa4b7a858826a84253cab9'],
  'color-recognition': ['b31bf8b3e8ba4af48ef7b67b6a1873d6'],
  'food-item-recognition': ['dfebc169854e429086aceb8368662641'],
  'margin-110-image-crop': ['b9987421b40a46649566826ef9325303'],
  'margin-100-image-crop': ['0af5cd8ad40e43ef92154e4f4bc76bef'],
  'face-sentiment-recognition': ['a5d7776f0c064a41b48c3ce039049f65'],
  'face-landmarks': ['98ace9ca45e64339be94b06011557e2a'],
  'landmarks-align': ['4bc8b83a327247829ec638c78cde5f8b'],
  'face-identification-transfer-learn': ['fc3b8814fbe54533a3d80a1896dc9884'],
  'face-clustering': ['621d74074a5443d7ad9dc1503fba9ff0'],
  'age-demographics-recognition': ['fb9f10339ac14e23b8e960e74984401b'],
  'gender-demographics-recognition': ['ff83d5baac004aafbe6b372ffa6f8227'],
  'ethnicity-demographics-recognition': ['b2897edbda314615856039fb0c489796'],
  'moderation-multilingual-text-classification': ['79c2248564b0465bb96265e0c239352b'],
  'multilingual-text-embedding': ['9b33adf15280465b857163ddaaacdcb1'],
  'CLIP-ViT-L-14-DataComp-XL-s13B-b90K': ['54772a548e6f42509cb1fd9fc43762bb'],
  'datacomp-L14-lopq-1': ['05cb975ed2954a11aafbbd9702b8a2bb'],
  'room-types-transfer-learn': ['3867629b155b4d3ca852e20083d30788'],
  'multimodal-clip-embed': [],
  'language-aware-multilingual-ocr-multiplex': [],
  'people-detection-yolov5': [],
  'ocr-scene-english-paddleocr': [],
}

test('the public models that clients name are there, with the versions that workflow files pin', () => {
  for (const [id, versions] of Object.entries(NAMED)) {
    const model = catalogueModel(id)
    assert.ok(model, id)
    for (const version of versions) assert.ok(versionIds(model).includes(version), `${id} ${version}`)
  }
  assert.equal(versionIds(catalogueModel('general-image-recognition')!).length, 2)
})

test('every model has a known type, and runs or says why not and what to do instead', () => {
  for (const model of catalogueModels) {
    const name = `${homeOf(model).userId}/${model.id}`
    assert.ok(typeEntry(model.typeId), name)
    assert.equal(model.engine === undefined, model.unavailable !== undefined, name)
    if (model.unavailable !== undefined) assert.match(model.unavailable, /[;,:].+\.$|nothing here/, name)
  }
})

test('no two models share a place or a version', () => {
  const places = catalogueModels.map((model) => `${Object.values(homeOf(model)).join('/')}/${model.id}`)
  assert.equal(new Set(places).size, places.length)
  const versions = catalogueModels.flatMap(versionIds)
  assert.equal(new Set(versions).size, versions.length)
  for (const id of MODEL_ALIASES.keys()) assert.equal(catalogueModel(id), undefined, id)
})

test('models of other owners are not taken for those of clarifai/main', () => {
  assert.equal(catalogueModel('whisper-large-v3'), undefined)
  assert.equal(catalogueModel('whisper-large-v3', { userId: 'openai', appId: 'whisper' })?.engine, 'whisper')
})

test('Universal and Text-Moderation stand on the best models that are there', () => {
  const modelOf = (workflow: string, ...ready: string[]) =>
    workflowsWith((id) => ready.includes(id)).find(({ id }) => id === workflow)!.nodes[0]!.model
  const universal = (...ready: string[]) => modelOf('Universal', ...ready)
  assert.equal(universal(), 'general-image-embedding')
  assert.equal(universal('clip-vit-base-patch32'), 'multimodal-clip-embed')
  assert.equal(universal('clip-vit-base-patch32', 'clip-vit-large-patch14'), 'CLIP-ViT-L-14-DataComp-XL-s13B-b90K')
  assert.equal(modelOf('Text-Moderation'), 'profanity-english-obscenity')
  assert.equal(modelOf('Text-Moderation', 'toxic-bert'), 'moderation-multilingual-text-classification')
})

test('workflows run: their models are served without optional weights, by versions that exist', () => {
  for (const { id, nodes } of workflowsWith(() => false)) {
    for (const { model: modelId, home, version } of nodes) {
      const model = catalogueModel(modelId, home)
      assert.ok(model?.engine && hubWeights(model).length === 0, `${id} ${modelId}`)
      if (version) assert.ok(versionIds(model).includes(version), `${id} ${version}`)
    }
  }
})
