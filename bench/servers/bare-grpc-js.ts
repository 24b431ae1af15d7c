/*
 * grpc-js as it comes, with the official client's generated code for messages and one handler that answers the
 * message given in base64 as argument. Prints its port.
 */
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js'
import service from 'clarifai-nodejs-grpc/proto/clarifai/api/service_grpc_pb'
import messages from 'clarifai-nodejs-grpc/proto/clarifai/api/service_pb'

type Concepts = InstanceType<typeof messages.MultiConceptResponse>

const answer = messages.MultiConceptResponse.deserializeBinary(Buffer.from(process.argv[2]!, 'base64'))
const { postConcepts } = service.V2Service
const server = new Server()
server.addService(
  { postConcepts },
  { postConcepts: (_call: ServerUnaryCall<unknown, Concepts>, done: sendUnaryData<Concepts>) => done(null, answer) },
)
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error
  console.log(port)
})
