import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { InputSchema, type Output, OutputSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { echoInput, itemStatus, overallStatus, resultStatus } from './answer.ts'

const { SUCCESS, FAILURE, MIXED_STATUS, MODEL_PREDICTION_FAILED, INPUT_DOWNLOAD_FAILED } = StatusCode

const outputs = (...codes: StatusCode[]): Output[] =>
  codes.map((code) => create(OutputSchema, { status: itemStatus(code, code === SUCCESS ? '' : `because ${code}`) }))

test('the status of a call is success, mixed or failure, with the first reason', () => {
  assert.equal(overallStatus([]), undefined)
  assert.equal(overallStatus(outputs(SUCCESS, SUCCESS)), undefined)
  const told = (...codes: StatusCode[]) => {
    const status = overallStatus(outputs(...codes))
    return [status?.code, status?.details]
  }
  assert.deepEqual(told(SUCCESS, INPUT_DOWNLOAD_FAILED), [MIXED_STATUS, `because ${INPUT_DOWNLOAD_FAILED}`])
  assert.deepEqual(told(INPUT_DOWNLOAD_FAILED, FAILURE), [FAILURE, `because ${INPUT_DOWNLOAD_FAILED}`])
  assert.deepEqual(told(MIXED_STATUS), [MIXED_STATUS, `because ${MIXED_STATUS}`])
  const silent = [create(OutputSchema, { status: itemStatus(MODEL_PREDICTION_FAILED) })]
  assert.notEqual(overallStatus(silent)?.details, '')
})

test('the status of an input is that of its nodes taken together', () => {
  const code = (...codes: StatusCode[]) => resultStatus(outputs(...codes)).code
  assert.equal(code(), SUCCESS)
  assert.equal(code(SUCCESS, SUCCESS), SUCCESS)
  assert.equal(code(SUCCESS, FAILURE), MIXED_STATUS)
  assert.equal(code(MIXED_STATUS), MIXED_STATUS)
  assert.equal(code(MODEL_PREDICTION_FAILED, MIXED_STATUS), MIXED_STATUS)
  assert.equal(code(MODEL_PREDICTION_FAILED, MODEL_PREDICTION_FAILED), MODEL_PREDICTION_FAILED)
  assert.equal(code(MODEL_PREDICTION_FAILED, FAILURE), FAILURE)
})

test('an echo has an id and no bytes, and leaves the input as it is', () => {
  const bytes = Buffer.from('long')
  const media = { url: 'https://example.com/a', base64: bytes }
  const input = create(InputSchema, { data: { image: media, video: media, audio: media, text: { raw: 'hi' } } })
  const { id, data } = echoInput(input)
  assert.match(id, /^[0-9a-f]{32}$/)
  for (const echoed of [data?.image, data?.video, data?.audio]) {
    assert.deepEqual([echoed?.url, Buffer.from(echoed?.base64 ?? []).toString()], ['https://example.com/a', 'true'])
  }
  assert.equal(data?.text?.raw, 'hi')
  assert.deepEqual(input.data?.image?.base64, bytes)
  assert.deepEqual(echoInput(create(InputSchema, { id: 'own' })), create(InputSchema, { id: 'own' }))
  const byUrl = create(InputSchema, { data: { image: { url: 'https://example.com/a' } } })
  assert.equal(echoInput(byUrl).data?.image?.base64.length, 0)
})
