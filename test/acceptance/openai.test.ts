// The official OpenAI client against the OpenAI-compatible endpoint, in front of a model on a server of this test and
// of a model that runs here.
import assert from 'node:assert/strict'
import { after, beforeEach, describe, test } from 'node:test'
import { Model } from 'clarifai-nodejs'
import OpenAI from 'openai'
import { event, failing, type Got, startOpenAi, vectorOf } from '../kit/remote-servers.ts'
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

const base = `/v2/users/${USER}/apps/talk`
const settings = { runtime: 'openai', base_url: `${remote.url}/v1`, model: 'tiny', api_key: 'sk-test', max_retries: 0 }

async function post(path: string, body: object): Promise<void> {
  const answer = await send(limpid.url, 'POST', path, { body })
  assert.equal(answer.body.status.code, 10000, answer.text)
}
await post(`/v2/users/${USER}/apps`, { apps: [{ id: 'talk' }] })
for (const [id, type] of [
  ['chat', 'multimodal-to-text'],
  ['embed', 'text-embedder'],
  ['draw', 'text-to-image'],
]) {
  await post(`${base}/models`, { models: [{ id, model_type_id: type }] })
  const version = { output_info: { params: { remote: settings } } }
  await post(`${base}/models/${id}/versions`, { model_versions: [version] })
}

const CHAT = `${USER}/talk/models/chat`
const LOCAL = 'clarifai/main/models/multilingual-text-embedding'
const clientWith = (apiKey: string) => new OpenAI({ baseURL: `${limpid.url}/v2/ext/openai/v1`, apiKey, maxRetries: 0 })
const client = clientWith(PAT)
const hello = [{ role: 'user' as const, content: 'hello you' }]

describe('chat completions', () => {
  test('plain, by the short name, by the URL of the model and by that of a version', async () => {
    const model = await send(limpid.url, 'GET', `${base}/models/chat`)
    const { id } = (model.body.model as { modelVersion: { id: string } }).modelVersion
    for (const name of [CHAT, `https://clarifai.com/${CHAT}`, `https://clarifai.com/${CHAT}/versions/${id}`]) {
      const answer = await client.chat.completions.create({ model: name, messages: hello, temperature: 0.5 })
      assert.equal(answer.choices[0]!.message.content, 'user: hello you')
      assert.equal(answer.usage?.total_tokens, 7)
    }
    const { messages, model: asked, temperature } = remote.got[0]!.body
    assert.deepEqual([messages, asked, temperature], [hello, 'tiny', 0.5])
  })

  test('as a stream, with usage at its end', async () => {
    const stream = await client.chat.completions.create({
      model: CHAT,
      messages: hello,
      stream: true,
      stream_options: { include_usage: true },
    })
    const chunks = await Array.fromAsync(stream)
    assert.deepEqual(
      chunks.map(({ choices }) => choices[0]?.delta.content ?? ''),
      ['user: ', 'hello ', 'you', '', ''],
    )
    assert.equal(chunks.at(-1)!.usage?.completion_tokens, 4)
  })

  test('the events end as the interface says', async () => {
    const answer = await fetch(`${limpid.url}/v2/ext/openai/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${PAT}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: CHAT, messages: hello, stream: true }),
    })
    assert.match(answer.headers.get('content-type') ?? '', /^text\/event-stream/)
    assert.match(answer.headers.get('x-request-id') ?? '', /^[0-9a-f]{32}$/)
    assert.match(await answer.text(), /\n\ndata: \[DONE\]\n\n$/)
  })

  test('tools go through, and so do the calls of them', async () => {
    const tools = [{ type: 'function' as const, function: { name: 'weather', parameters: { type: 'object' } } }]
    const answer = await client.chat.completions.create({
      model: CHAT,
      messages: hello,
      tools,
      tool_choice: 'required',
    })
    const call = answer.choices[0]!.message.tool_calls?.[0]
    assert.equal(call?.type === 'function' && call.function.name, 'weather')
    assert.deepEqual([remote.got[0]!.body.tools, remote.got[0]!.body.tool_choice], [tools, 'required'])
  })

  test('words arrive while they are written; a client that leaves ends the call of the other server', async () => {
    const asked = Promise.withResolvers<Got>()
    remote.next.push((got, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' })
      event(res, { choices: [{ index: 0, delta: { content: 'first' } }] })
      asked.resolve(got)
    })
    const stream = await client.chat.completions.create({ model: CHAT, messages: hello, stream: true })
    for await (const { choices } of stream) {
      assert.equal(choices[0]!.delta.content, 'first')
      break
    }
    await (await asked.promise).closed
  })

  test('a stream that breaks is an error for the client, not an end', async () => {
    remote.next.push((_, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' })
      event(res, { choices: [{ index: 0, delta: { content: 'first' } }] })
      setImmediate(() => res.destroy())
    })
    const stream = await client.chat.completions.create({ model: CHAT, messages: hello, stream: true })
    const words: unknown[] = []
    await assert.rejects(async () => {
      for await (const { choices } of stream) words.push(choices[0]!.delta.content)
    }, /broke off/)
    assert.deepEqual(words, ['first'])
  })
})

describe('chat completions of a language model that runs here', () => {
  const model = 'clarifai/main/models/tinyllama-1_1b-chat'
  const ask = { model, messages: hello, temperature: 0, max_tokens: 4 }

  test('plain and as a stream with usage at its end, the same', async () => {
    const answer = await client.chat.completions.create({ ...ask, stop: ['###'] })
    const { message, finish_reason } = answer.choices[0]!
    assert.ok(message.content!.length > 3)
    assert.equal(finish_reason, 'length')
    const { completion_tokens: written, prompt_tokens: read, total_tokens: total } = answer.usage!
    assert.ok(written === 4 && read > 10 && total === read + written)
    const stream = await client.chat.completions.create({
      ...ask,
      stream: true,
      stream_options: { include_usage: true },
    })
    const chunks = await Array.fromAsync(stream)
    assert.equal(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join(''), message.content)
    assert.deepEqual(chunks.at(-1)!.usage, answer.usage)
    assert.equal(chunks.at(-2)!.choices[0]!.finish_reason, 'length')
  })

  test('a client that leaves ends the writing, and the next one is served', async () => {
    const stream = await client.chat.completions.create({ ...ask, max_tokens: 2_000, stream: true })
    for await (const { choices } of stream) if (choices[0]!.delta.content) break
    // There is one worker, which would write for minutes.
    const next = await client.chat.completions.create({ ...ask, max_tokens: 1 }, { timeout: 90_000 })
    assert.ok(next.choices[0]!.message.content)
  })

  test('what it cannot do is refused before it begins', async () => {
    const tools = [{ type: 'function' as const, function: { name: 'weather', parameters: { type: 'object' } } }]
    for (const [more, details] of [
      [{ tools }, /cannot call tools/],
      [{ n: 2 }, /one answer/],
      [{ messages: [] }, /send at least one/],
      [{ temperature: 9 }, /temperature must be/],
      [{ messages: [{ role: 'tool', content: 'x', tool_call_id: 'y' }] }, /role is system, user or assistant/],
    ] as const) {
      for (const stream of [false, true]) {
        await assert.rejects(client.chat.completions.create({ ...ask, ...more, stream } as never), (error) => {
          assert.ok(error instanceof OpenAI.BadRequestError, String(error))
          assert.match(error.message, details)
          return true
        })
      }
    }
  })
})

describe('embeddings', () => {
  test('of a model on another server, as floats and packed', async () => {
    const model = `${USER}/talk/models/embed`
    const input = ['one', 'two words']
    for (const encoding_format of ['float', 'base64', undefined] as const) {
      const { data } = await client.embeddings.create({ model, input, encoding_format })
      const vectors = data
        .toSorted((a, b) => a.index - b.index)
        .map(({ embedding }) =>
          typeof embedding === 'string'
            ? [...new Float32Array(Uint8Array.from(Buffer.from(embedding as string, 'base64')).buffer)]
            : embedding,
        )
      assert.deepEqual(vectors, input.map(vectorOf))
    }
  })

  test('of a model that runs here: the same numbers as a prediction gives', async () => {
    const input = ['a cat', 'a dog on the street']
    const body = { inputs: input.map((raw) => ({ data: { text: { raw } } })) }
    const path = '/v2/users/clarifai/apps/main/models/multilingual-text-embedding/outputs'
    const predicted = await send(limpid.url, 'POST', path, { body })
    // The client asks for packed vectors unless told otherwise, and unpacks them.
    const { data, model } = await client.embeddings.create({ model: LOCAL, input })
    assert.equal(model, 'multilingual-text-embedding')
    for (const [at, output] of predicted.body.outputs.entries()) {
      assert.equal(data[at]!.index, at)
      assert.deepEqual(data[at]!.embedding.map(Math.fround), output.data.embeddings[0]!.vector.map(Math.fround))
    }
    const plain = await client.embeddings.create({ model: LOCAL, input: input[0]!, encoding_format: 'float' })
    assert.equal(plain.data[0]!.embedding.length, 384)
  })

  test('what cannot be embedded is refused', async () => {
    for (const [input, details] of [
      [[], /1 to 2048 texts/],
      [[[1, 2, 3]], /lists of tokens are not taken/],
      ['', /not empty/],
    ] as const) {
      await assert.rejects(client.embeddings.create({ model: LOCAL, input: input as never }), (error) => {
        assert.ok(error instanceof OpenAI.BadRequestError)
        assert.match(error.message, details)
        return true
      })
    }
    await assert.rejects(client.embeddings.create({ model: LOCAL, input: 'x', dimensions: 7 }), /384 numbers/)
    await assert.rejects(client.embeddings.create({ model: CHAT, input: 'x' }), /cannot answer \/embeddings/)
  })
})

test('pictures', async () => {
  const answer = await client.images.generate({ model: `${USER}/talk/models/draw`, prompt: 'a dot' })
  assert.match(answer.data![0]!.b64_json!, /^R0lGOD/)
})

test('models: those that the interface can ask, own and public', async () => {
  const names = (await Array.fromAsync(client.models.list())).map(({ id }) => id)
  assert.ok(names.includes(CHAT) && names.includes(LOCAL), names.join())
  assert.ok(!names.some((name) => name.endsWith('/general-image-recognition')))
  const one = await client.models.retrieve(CHAT)
  assert.deepEqual([one.id, one.owned_by], [CHAT, USER])
  assert.ok(one.created > 1_700_000_000)
  await assert.rejects(client.models.retrieve(`${USER}/talk/models/none`), OpenAI.NotFoundError)
})

describe('errors in the form of the interface', () => {
  const ask = (model: string, from = client) => from.chat.completions.create({ model, messages: hello })

  test('keys: none, unknown, without the scopes', async () => {
    await assert.rejects(ask(CHAT, clientWith('0'.repeat(32))), (error) => {
      assert.ok(error instanceof OpenAI.AuthenticationError)
      assert.equal(error.type, 'authentication_error')
      return true
    })
    const bare = await fetch(`${limpid.url}/v2/ext/openai/v1/models`)
    assert.equal(bare.status, 401)
    const keys = [{ description: 'reads apps', scopes: ['Apps_Get'], apps: [{ id: 'talk', user_id: USER }] }]
    const made = await send(limpid.url, 'POST', `/v2/users/${USER}/keys`, { body: { keys } })
    const { id } = (made.body.keys as { id: string }[])[0]!
    await assert.rejects(ask(CHAT, clientWith(id)), OpenAI.PermissionDeniedError)
    assert.equal(remote.got.length, 0)
  })

  test('models: unknown, without a name that can be read, of another kind', async () => {
    for (const name of [`${USER}/talk/models/none`, 'nobody/none/models/none', 'gpt-4', 'https://clarifai.com/x']) {
      await assert.rejects(ask(name), (error) => {
        assert.ok(error instanceof OpenAI.NotFoundError, String(error))
        assert.equal(error.code, 'model_not_found')
        return true
      })
    }
    await assert.rejects(ask(LOCAL), OpenAI.BadRequestError)
  })

  test('the other server: busy, broken, refusing', async () => {
    const cases = [
      [429, 503, OpenAI.InternalServerError],
      [500, 502, OpenAI.InternalServerError],
      [400, 400, OpenAI.BadRequestError],
    ] as const
    for (const [theirs, ours, kind] of cases) {
      remote.next.push(failing(theirs, 'so it is'), failing(theirs, 'so it is'))
      for (const stream of [false, true]) {
        await assert.rejects(client.chat.completions.create({ model: CHAT, messages: hello, stream }), (error) => {
          assert.ok(error instanceof kind, String(error))
          assert.equal(error.status, ours)
          assert.match(error.message, /so it is/)
          return true
        })
      }
    }
  })

  test('requests that are none', async () => {
    const raw = async (verb: string, path: string, body?: string): Promise<[number, string]> => {
      const headers = { authorization: `Bearer ${PAT}` }
      const answer = await fetch(`${limpid.url}/v2/ext/openai/v1${path}`, { method: verb, headers, body })
      const { error } = (await answer.json()) as { error: { message: string } }
      return [answer.status, error.message]
    }
    assert.match((await raw('POST', '/chat/completions', '[1]')).join(), /^400,The body is not a JSON object/)
    assert.match((await raw('POST', '/chat/completions', '{"messages": []}')).join(), /^400,Name the model/)
    assert.match((await raw('GET', '/chat/completions')).join(), /^405,Use POST/)
    assert.match((await raw('POST', '/assistants', '{}')).join(), /^404,This server has no such path/)
  })
})

test('the Node SDK calls the methods of the same model', async () => {
  const model = new Model({
    modelId: 'chat',
    modelUserAppId: { userId: USER, appId: 'talk' },
    authConfig: { userId: USER, appId: 'talk', pat: PAT, base: limpid.url },
  } as unknown as ConstructorParameters<typeof Model>[0])
  assert.deepEqual(await model.availableMethods(), [
    'predict',
    'generate',
    'openai_transport',
    'openai_stream_transport',
  ])
  const outputs = await model.predict({ methodName: 'predict', prompt: 'hi there', temperature: 0.25 })
  const answered = Model.getOutputDataFromModelResponse(outputs)
  assert.equal(answered?.stringValue, 'user: hi there')
  assert.equal(remote.got[0]!.body.temperature, 0.25)
  const words: (string | undefined)[] = []
  for await (const piece of model.generate({ methodName: 'generate', prompt: 'hi there' })) {
    words.push(Model.getOutputDataFromModelResponse(piece)?.stringValue)
  }
  assert.deepEqual(words, ['user: ', 'hi ', 'there'])
})
