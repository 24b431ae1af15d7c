import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { type Client, Metadata, type ServiceError } from '@grpc/grpc-js'
import { GetUserRequestSchema, SingleUserResponseSchema, StatusCode } from '../../contract/index.ts'
import type { RequestOf, ResponseOf, RpcName } from '../../contract/methods.ts'
import { grpcClient, listenForTest, stub } from '../port/test-support.ts'

function call<N extends RpcName>(
  client: Client,
  name: N,
  request: RequestOf<N>,
  metadata = new Metadata(),
  options = {},
) {
  const { path, serialize, deserialize } = stub(name)
  return new Promise<ResponseOf<N>>((resolve, reject) => {
    client.makeUnaryRequest(
      path,
      serialize,
      deserialize,
      request,
      metadata,
      options,
      (error: ServiceError | null, value) => (error ? reject(error) : resolve(value as ResponseOf<N>)),
    )
  })
}

test('unary', async () => {
  const port = await listenForTest({
    unary: {
      GetUser: (c, r) =>
        create(SingleUserResponseSchema, {
          status: { code: StatusCode.SUCCESS, details: c.header('authorization') },
          user: { id: r.userAppId?.userId },
        }),
    },
  })
  const client = grpcClient(port.target)
  const md = new Metadata()
  md.set('authorization', 'Key abc')
  const res = await call(client, 'GetUser', create(GetUserRequestSchema, { userAppId: { userId: 'me' } }), md)
  assert.equal(res.user?.id, 'me')
  assert.equal(res.status?.details, 'Key abc')
  client.close()
  await port.close()
})
