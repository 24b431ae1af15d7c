/*
 * One of the two servers of the unary transport benchmark, `ours` or `grpc-js` by its argument: both answer GetUser
 * with a small message. Prints its port.
 */
import { create, type Message } from '@bufbuild/protobuf'
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js'
import { silentLog } from '../../src/base/log.ts'
import { encodeMessage } from '../../src/contract/binary/index.ts'
import { type GetUserRequest, SingleUserResponseSchema, StatusCode } from '../../src/contract/index.ts'
import type { Dispatcher } from '../../src/wire/call.ts'
import { createRpc } from '../../src/wire/grpc/rpc.ts'
import { listen } from '../../src/wire/port/listen.ts'

function answerTo(userId: string) {
  return create(SingleUserResponseSchema, {
    status: { code: StatusCode.SUCCESS, description: 'Ok', reqId: '0123456789abcdef0123456789abcdef' },
    user: { id: userId },
  })
}

async function startOurs(): Promise<number> {
  const dispatcher: Dispatcher = {
    unary: async (_call, request) => answerTo((request as GetUserRequest).userAppId?.userId ?? ''),
    stream: () => (async function* (): AsyncGenerator<Message> {})(),
    failure: () => answerTo(''),
  }
  const rpc = createRpc({ dispatcher, log: silentLog })
  const port = await listen({ host: '127.0.0.1', port: 0, onHttp: (_req, res) => res.end(), rpc, log: silentLog })
  return port.port
}

/** grpc-js without any decoding or encoding: it hands out the same bytes every time. */
function startGrpcJs(): Promise<number> {
  const answer = encodeMessage(SingleUserResponseSchema, answerTo('me'))
  const same = (bytes: Buffer): Buffer => bytes
  const server = new Server()
  const method = {
    path: '/clarifai.api.V2/GetUser',
    requestStream: false,
    responseStream: false,
    requestDeserialize: same,
    requestSerialize: same,
    responseDeserialize: same,
    responseSerialize: same,
  }
  const getUser = (_call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>): void => done(null, answer)
  server.addService({ getUser: method }, { getUser })
  return new Promise((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    ),
  )
}

console.log(process.argv[2] === 'ours' ? await startOurs() : await startGrpcJs())
