import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { type Data, DataSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { keywordFilter } from './keyword-filter.ts'
import { languageId } from './language-id.ts'
import { MAX_KEYWORDS, MAX_MADE_CHARS, MAX_REGEX_LENGTH, MAX_SEARCHED_CHARS } from './limits.ts'
import { prompter } from './prompter.ts'
import { regexBasedClassifier } from './regex-based-classifier.ts'
import { apply, concept, text } from './test-support.ts'

const ids = (data: Data) => data.concepts.map(({ id }) => id)
const refused = { code: StatusCode.MODEL_INVALID_ARGUMENT }
const regex = (pattern: unknown, raw: string) =>
  apply(regexBasedClassifier, text(raw), { params: { regex: pattern as string }, concepts: [concept('yes', 0.2)] })

test('a regular expression gives its concepts on a match anywhere in the text', async () => {
  const found = await regex('\\bcat\\b', 'the cat sat')
  assert.deepEqual([ids(found), found.concepts[0]!.value], [['yes'], 1])
  assert.deepEqual(ids(await regex('\\bcat\\b', 'concatenate')), [])
  assert.deepEqual(ids(await regex('(?i)CAT', 'cat')), ['yes'])
})

test('an expression that would keep a backtracking engine busy for ever is answered', async () => {
  assert.deepEqual(ids(await regex('^(a+)+$', `${'a'.repeat(50_000)}!`)), [])
  assert.deepEqual(ids(await regex('^(a|aa)+$', 'a'.repeat(50_000))), ['yes'])
})

test('expressions that cannot be used are refused with a reason', async () => {
  await assert.rejects(regex('(', 'x'), { ...refused, details: /missing closing/ })
  await assert.rejects(regex('(?=a)', 'x'), { ...refused, details: /RE2 syntax/ })
  await assert.rejects(regex('', 'x'), refused)
  await assert.rejects(regex(7, 'x'), refused)
  await assert.rejects(regex('a'.repeat(MAX_REGEX_LENGTH + 1), 'x'), refused)
  await assert.rejects(apply(regexBasedClassifier, text('x'), { params: { regex: 'x' } }), refused)
})

test('texts that are too long to search are refused', async () => {
  await assert.rejects(regex('x', 'a'.repeat(MAX_SEARCHED_CHARS + 1)), { code: StatusCode.INPUT_OVER_LIMIT })
})

const keywords = (raw: string, ...words: string[]) =>
  apply(keywordFilter, text(raw), { concepts: words.map((word) => concept(word)) }).then(ids)

test('keywords are found as whole words and phrases, whatever their case', async () => {
  assert.deepEqual(await keywords('The CAT, the dogs.', 'cat', 'dog', 'the'), ['cat', 'the'])
  assert.deepEqual(await keywords('Welcome to New York!', 'new york', 'york', 'new jersey'), ['new york', 'york'])
  assert.deepEqual(await keywords('renew yorks', 'new york'), [])
  assert.deepEqual(await keywords('we use C++ and c', 'c++', 'c#'), ['c++'])
  assert.deepEqual(await keywords('Straße nach Köln', 'köln', 'stra'), ['köln'])
  assert.deepEqual(await keywords('हिन्दी भाषा', 'हिन्दी', 'हिन'), ['हिन्दी'])
  assert.deepEqual(await keywords('我在北京吃饭', '北京', '上海'), ['北京'])
})

test('keywords may come as a parameter and are answered once', async () => {
  const setup = { params: { keywords: ['cat', 'Cat', 'dog'] }, concepts: [concept('cat')] }
  const found = await apply(keywordFilter, text('cat and dog'), setup)
  assert.deepEqual(ids(found), ['cat', 'dog'])
  assert.equal(found.concepts[0]!.value, 1)
  await assert.rejects(apply(keywordFilter, text('x'), { params: { keywords: 'cat' } }), refused)
  const many = Array.from({ length: MAX_KEYWORDS + 1 }, (_, n) => `w${n}`)
  await assert.rejects(apply(keywordFilter, text('x'), { params: { keywords: many } }), refused)
})

test('languages are told, best first, as many as asked for', async () => {
  const best = await apply(languageId, text('Das ist ein kurzer Satz über Hunde und Katzen.'))
  assert.deepEqual([ids(best), best.concepts[0]!.name], [['de'], 'German'])
  assert.deepEqual(ids(await apply(languageId, text('HOLA, CÓMO ESTÁS HOY, AMIGO MÍO'))), ['es'])
  const three = await apply(languageId, text('Good morning, my dear friend.'), { params: { topk: 3 } })
  assert.equal(three.concepts.length, 3)
  assert.equal(three.concepts[0]!.id, 'en')
  assert.ok(three.concepts[0]!.value >= three.concepts[1]!.value)
})

test('languages up to the threshold are left out; a text without letters has none', async () => {
  const params = { topk: 100, threshold: 0.6 }
  const sure = await apply(languageId, text('Good morning, my dear friend.'), { params })
  assert.ok(sure.concepts.length > 0 && sure.concepts.every(({ value }) => value > 0.6))
  assert.deepEqual(ids(await apply(languageId, text('12345'))), [])
  await assert.rejects(apply(languageId, text('x'), { params: { topk: 0 } }), refused)
})

test('a prompt takes the text in wherever it is named, as it is', async () => {
  const prompt = async (prompt_template: string, raw: string) =>
    (await apply(prompter, text(raw), { params: { prompt_template } })).text!.raw
  assert.equal(
    await prompt('Q: {data.text.raw}! ({data.text.raw})', "it's $& {data.text.raw}"),
    "Q: it's $& {data.text.raw}! (it's $& {data.text.raw})",
  )
  await assert.rejects(prompt('no place', 'x'), refused)
  await assert.rejects(apply(prompter, text('x')), refused)
})

test('a prompt that would grow without measure is refused', async () => {
  const params = { prompt_template: '{data.text.raw}'.repeat(100) }
  await assert.rejects(apply(prompter, text('x'.repeat(MAX_MADE_CHARS / 100 + 1)), { params }), {
    code: StatusCode.INPUT_OVER_LIMIT,
  })
})

test('operators on text say that there is none', async () => {
  for (const engine of [keywordFilter, languageId]) {
    await assert.rejects(apply(engine, create(DataSchema)), { code: StatusCode.INPUT_UNSUPPORTED_FORMAT })
  }
})
