import assert from 'node:assert/strict'
import { test } from 'node:test'
import { splitFields } from '../fields.ts'
import { compileWith, model, node } from '../test-support.ts'
import { phasesOf } from './phases.ts'

const models = {
  detect: model('visual-detector', { modelId: 'detect' }),
  crop: model('image-crop', { engine: 'crop' }),
  embed: model('visual-embedder', { modelId: 'embed' }),
  track: model('centroid-tracker', { engine: 'track' }),
  represent: model('track-representation-operator', { engine: 'represent' }),
  threshold: model('region-thresholder', { engine: 'threshold' }),
  see: model('visual-classifier', { modelId: 'see' }),
  write: model('annotation-writer', { engine: 'write' }),
  words: model('text-classifier', { modelId: 'words' }),
}

async function phases(...nodes: ReturnType<typeof node>[]) {
  const { plan } = await compileWith(nodes, models)
  return phasesOf(plan.nodes, (index) => splitFields(plan.nodes[index]!.inputFields)).map((phase) => [
    phase.perFrame ? 'frames' : 'whole',
    [...phase.nodes].map((index) => plan.nodes[index]!.id),
    phase.needsPictures,
  ])
}

test('without trackers all runs on the frames', async () => {
  assert.deepEqual(await phases(node('detect'), node('crop', ['detect']), node('see', ['crop'])), [
    ['frames', ['detect', 'crop', 'see'], true],
  ])
})

test('a tracker waits for all frames, and what follows it runs on the frames again', async () => {
  assert.deepEqual(await phases(node('detect'), node('track', ['detect']), node('threshold', ['track'])), [
    ['frames', ['detect'], true],
    ['whole', ['track'], false],
    ['frames', ['threshold'], false],
  ])
  assert.deepEqual(await phases(node('detect'), node('track', ['detect']), node('crop', ['track'])), [
    ['frames', ['detect'], true],
    ['whole', ['track'], false],
    ['frames', ['crop'], true],
  ])
})

test('what follows tracks, not frames, runs on the whole', async () => {
  const chain = [node('detect'), node('crop', ['detect']), node('embed', ['crop']), node('track', ['embed'])]
  assert.deepEqual(await phases(...chain, node('represent', ['track']), node('write', ['represent'])), [
    ['frames', ['detect', 'crop', 'embed'], true],
    ['whole', ['track', 'represent', 'write'], false],
  ])
})

test('nodes that begin with something else come before the frames', async () => {
  assert.deepEqual(await phases(node('words'), node('see'), node('write', ['words', 'see'])), [
    ['whole', ['words'], false],
    ['frames', ['see', 'write'], true],
  ])
})
