// The responses interface of OpenAI by its official client, in front of a model on a server of this test.
import assert from 'node:assert/strict'
import { after, beforeEach, test } from 'node:test'
import OpenAI from 'openai'
import { event, json, startOpenAi } from '../kit/remote-servers.ts'
import { send } from './kit/http.ts'
import { PAT, startLimpid, USER } from './kit/server.ts'

const remote = await startOpenAi()
const limpid = await startLimpid({ env: { LIMPID_FETCH_ALLOW: '127.0.0.1', LIMPID_WORKERS: '1' } })
after(async () => {
  await limpid[Symbol.asyncDispose]()
  await remote[Symbol.asyncDispose]()
})
beforeEach(() => {
  remote.got.length = 0
})

const base = `/v2/users/${USER}/apps`
const settings = { runtime: 'openai', base_url: `${remote.url}/v1`, model: 'tiny', api_key: 'sk-test', max_retries: 0 }
for (const [path, body] of [
  [base, { apps: [{ id: 'talk' }] }],
  [`${base}/talk/models`, { models: [{ id: 'chat', model_type_id: 'multimodal-to-text' }] }],
  [`${base}/talk/models/chat/versions`, { model_versions: [{ output_info: { params: { remote: settings } } }] }],
] as const) {
  const answer = await send(limpid.url, 'POST', path, { body })
  assert.equal(answer.body.status.code, 10000, answer.text)
}

const model = `${USER}/talk/models/chat`
const client = new OpenAI({ baseURL: `${limpid.url}/v2/ext/openai/v1`, apiKey: PAT, maxRetries: 0 })
const weather = { type: 'function' as const, name: 'weather', parameters: { type: 'object' }, strict: true }

test('a text is answered', async () => {
  const answer = await client.responses.create({ model, input: 'hello you', max_output_tokens: 50, temperature: 0.5 })
  assert.equal(answer.output_text, 'user: hello you')
  assert.deepEqual([answer.status, answer.model, answer.temperature, answer.created_at], ['completed', model, 0.5, 1])
  assert.deepEqual([answer.usage?.input_tokens, answer.usage?.output_tokens, answer.usage?.total_tokens], [3, 4, 7])
  const { messages, max_tokens, temperature } = remote.got[0]!.body
  assert.deepEqual([messages, max_tokens, temperature], [[{ role: 'user', content: 'hello you' }], 50, 0.5])
})

test('a whole conversation, with pictures, calls of functions and what they gave', async () => {
  const url = 'data:image/png;base64,AAAA'
  remote.next.push((_, res) => {
    const message = { role: 'assistant', content: 'Rain.' }
    json(res, { id: 'chat-1', object: 'chat.completion', created: 1, model: 'tiny', choices: [{ index: 0, message }] })
  })
  const answer = await client.responses.create({
    model,
    instructions: 'Be brief.',
    input: [
      { role: 'developer', content: 'In English.' },
      {
        role: 'user',
        content: [
          { type: 'input_text', text: 'Where is this?' },
          { type: 'input_image', image_url: url, detail: 'low' },
        ],
      },
      { type: 'function_call', call_id: 'c1', name: 'weather', arguments: '{"in":1}' },
      { type: 'function_call', call_id: 'c2', name: 'weather', arguments: '{"in":2}' },
      { type: 'function_call_output', call_id: 'c1', output: 'rain' },
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'And now?' }] },
    ],
    text: { format: { type: 'json_schema', name: 'place', schema: { type: 'object' }, strict: true } },
  })
  assert.deepEqual([answer.output_text, answer.instructions], ['Rain.', 'Be brief.'])
  const { messages, response_format } = remote.got[0]!.body
  const call = (id: string, given: string) => ({
    id,
    type: 'function',
    function: { name: 'weather', arguments: given },
  })
  assert.deepEqual(messages, [
    { role: 'system', content: 'Be brief.' },
    { role: 'system', content: 'In English.' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'Where is this?' },
        { type: 'image_url', image_url: { url, detail: 'low' } },
      ],
    },
    { role: 'assistant', content: null, tool_calls: [call('c1', '{"in":1}'), call('c2', '{"in":2}')] },
    { role: 'tool', tool_call_id: 'c1', content: 'rain' },
    { role: 'user', content: 'And now?' },
  ])
  const place = { name: 'place', schema: { type: 'object' }, strict: true }
  assert.deepEqual(response_format, { type: 'json_schema', json_schema: place })
})

test('functions go through, and so do the calls of them', async () => {
  const answer = await client.responses.create({ model, input: 'hello', tools: [weather], tool_choice: 'required' })
  const [item] = answer.output
  assert.ok(item?.type === 'function_call')
  assert.deepEqual([item.call_id, item.name, item.arguments], ['call_1', 'weather', '{}'])
  const { type: _, ...declared } = weather
  assert.deepEqual(remote.got[0]!.body.tools, [{ type: 'function', function: declared }])
})

test('a stream says when each part begins, grows and ends', async () => {
  const events = await Array.fromAsync(await client.responses.create({ model, input: 'hello you', stream: true }))
  assert.deepEqual(
    events.map(({ type }) => type.replace('response.', '')),
    [
      'created',
      'in_progress',
      'output_item.added',
      'content_part.added',
      'output_text.delta',
      'output_text.delta',
      'output_text.delta',
      'output_text.done',
      'content_part.done',
      'output_item.done',
      'completed',
    ],
  )
  assert.deepEqual(
    events.map(({ sequence_number }) => sequence_number),
    events.map((_, at) => at),
  )
  const last = events.at(-1)!
  assert.ok(last.type === 'response.completed')
  assert.deepEqual([last.response.usage?.total_tokens, last.response.created_at], [7, 1])
  // The helper of the client puts the events together as it likes them.
  const whole = await client.responses.stream({ model, input: 'hello you' }).finalResponse()
  assert.equal(whole.output_text, 'user: hello you')
})

test('calls of functions are streamed too; an answer that is broken off says so', async () => {
  remote.next.push((_, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' })
    const piece = (index: number, more: object) =>
      event(res, { choices: [{ index: 0, delta: { tool_calls: [{ index, ...more }] }, finish_reason: null }] })
    piece(0, { id: 'c1', type: 'function', function: { name: 'weather', arguments: '' } })
    piece(0, { function: { arguments: '{"in":' } })
    piece(0, { function: { arguments: '1}' } })
    event(res, { choices: [{ index: 0, delta: {}, finish_reason: 'length' }] })
    res.end('data: [DONE]\n\n')
  })
  const events = await Array.fromAsync(
    await client.responses.create({ model, input: 'hello', tools: [weather], stream: true }),
  )
  const last = events.at(-1)!
  assert.ok(last.type === 'response.incomplete')
  assert.deepEqual(last.response.incomplete_details, { reason: 'max_output_tokens' })
  const [item] = last.response.output
  assert.ok(item?.type === 'function_call')
  assert.deepEqual([item.call_id, item.name, item.arguments], ['c1', 'weather', '{"in":1}'])
  const deltas = events.filter(({ type }) => type === 'response.function_call_arguments.delta')
  assert.equal(deltas.length, 2)
})

test('what needs a memory or other tools is refused before anybody is asked', async () => {
  for (const [more, details] of [
    [{ input: 'x', previous_response_id: 'resp_1' }, /No response is kept/],
    [{ input: 'x', tools: [{ type: 'web_search' }] }, /type function/],
    [{ input: [{ type: 'item_reference', id: 'x' }] }, /item_reference/],
    [{ input: [{ role: 'user', content: [{ type: 'input_file', file_id: 'x' }] }] }, /input_file/],
    [{}, /input is missing/],
  ] as const) {
    for (const stream of [false, true]) {
      await assert.rejects(client.responses.create({ model, ...more, stream } as never), (error) => {
        assert.ok(error instanceof OpenAI.BadRequestError, String(error))
        assert.match(error.message, details)
        return true
      })
    }
  }
  assert.deepEqual(remote.got, [])
})
