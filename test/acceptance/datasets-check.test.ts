// `limpid datasets check` on real embeddings of texts: finds the pair that says the same and the label that is wrong.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { send } from './kit/http.ts'
import { PAT, runLimpid, startLimpid, USER } from './kit/server.ts'

const APP = 'checked'
const AWAITING_REVIEW = 24157
const TEXTS = {
  food: [
    'The soup is hot and the bread is fresh from the oven.',
    'We cooked pasta with tomatoes, garlic and basil for dinner.',
    'She baked an apple cake with cinnamon and cream.',
    'The restaurant serves grilled fish with lemon and potatoes.',
    'He fried two eggs and ate them with toast for breakfast.',
    'A salad of cucumbers, olives and cheese is a light lunch.',
  ],
  football: [
    'The striker scored two goals in the last minutes of the match.',
    'Our team lost the cup final after a penalty shootout.',
    'The goalkeeper saved the shot and the crowd in the stadium cheered.',
    'The referee showed a red card to the defender after a foul.',
    'The coach praised the midfielders after the league game.',
    'They won the championship with a draw on the last matchday.',
  ],
}
const TWIN = 'The soup is hot, and the bread is fresh from the oven!'
const MISLABELLED = 'For dinner they cooked rice with vegetables and a spicy sauce.'

const limpid = await startLimpid()
after(() => limpid[Symbol.asyncDispose]())

const base = `/v2/users/${USER}/apps`
const post = async (path: string, body: object) => {
  const answer = await send(limpid.url, 'POST', path, { body })
  assert.equal(answer.body.status.code, 10000, answer.text)
}

before(async () => {
  await post(base, { apps: [{ id: APP, default_workflow: { id: 'Text', app_id: 'main', user_id: 'clarifai' } }] })
  await post(`${base}/${APP}/datasets`, { datasets: [{ id: 'texts' }] })
  const input = (id: string, raw: string, concept: string) => ({
    id,
    dataset_ids: ['texts'],
    data: { text: { raw }, concepts: [{ id: concept, value: 1 }] },
  })
  const inputs = Object.entries(TEXTS).flatMap(([label, texts]) =>
    texts.map((text, at) => input(`${label}-${at}`, text, label)),
  )
  inputs.push(input('twin', TWIN, 'football'), input('mislabelled', MISLABELLED, 'football'))
  await post(`${base}/${APP}/inputs`, { inputs })
  for (let ready = 0; ready < inputs.length; ) {
    const { body } = await send(limpid.url, 'GET', `${base}/${APP}/inputs?per_page=100`)
    ready = (body.inputs as { status: { code: number } }[]).filter(({ status }) => status.code === 30000).length
  }
})

/** Annotations of an input, of people and of models. */
async function annotationsOf(inputId: string) {
  const query = `input_ids=${inputId}&list_all_annotations=true&json_names=snake`
  const { body } = await send(limpid.url, 'GET', `${base}/${APP}/annotations?${query}`)
  return body.annotations as { status: { code: number }; annotation_info?: Record<string, unknown> }[]
}

const check = async (...args: string[]) =>
  runLimpid(['datasets', 'check', 'texts', '--app', APP, '--pat', PAT, '--url', limpid.url, ...args], {}).ended

test('the pair and the wrong label are told, and nothing is changed', async () => {
  const file = join(limpid.dataDir, 'findings.json')
  const { code, stdout, stderr } = await check('--json', file)
  assert.equal(code, 0, stderr)
  assert.match(stdout, /14 inputs: 1 pairs nearly the same, 2 labels that may be wrong\./)
  const { twins, doubtful } = JSON.parse(await readFile(file, 'utf8'))
  assert.deepEqual([twins[0].ids, twins[0].contradict], [['food-0', 'twin'], true])
  assert.deepEqual(doubtful.map(({ id, label, suggested }: Record<string, string>) => [id, label, suggested]).sort(), [
    ['mislabelled', 'football', 'food'],
    ['twin', 'football', 'food'],
  ])
  assert.ok((await annotationsOf('mislabelled')).every(({ status }) => status.code !== AWAITING_REVIEW))
})

test('asked for it leaves notes that await review', async () => {
  const { code, stdout, stderr } = await check('--annotate')
  assert.equal(code, 0, stderr)
  assert.match(stdout, /2 annotations that await review were added/)
  const note = (await annotationsOf('mislabelled')).find(({ status }) => status.code === AWAITING_REVIEW)
  assert.equal(note?.annotation_info?.suggested, 'food')
})

test('a dataset that is not there is told in one sentence', async () => {
  const args = ['datasets', 'check', 'nothing', '--app', APP, '--pat', PAT, '--url', limpid.url]
  const { code, stderr } = await runLimpid(args, {}).ended
  assert.equal(code, 1)
  assert.match(stderr, /^limpid: .*nothing.*\n$/)
})
