import { type CallOptions, credentials, Metadata, type ServiceError } from '@grpc/grpc-js'
import resources from 'clarifai-nodejs-grpc/proto/clarifai/api/resources_pb'
import serviceGrpc from 'clarifai-nodejs-grpc/proto/clarifai/api/service_grpc_pb'
import service from 'clarifai-nodejs-grpc/proto/clarifai/api/service_pb'
import { type LimpidServer, PAT, USER } from './server.ts'

export { resources, service }

/** The official static gRPC client. */
export type StaticClient = InstanceType<typeof serviceGrpc.V2Client>

/** The official static gRPC client on the plaintext port, as its README makes it. */
export function staticClient(server: LimpidServer): StaticClient {
  return new serviceGrpc.V2Client(`${server.host}:${server.port}`, credentials.createInsecure())
}

/** Metadata that carries a key or token, as callers of the official clients make it. */
export function keyMetadata(key: string | null = PAT): Metadata {
  const metadata = new Metadata()
  if (key !== null) metadata.set('authorization', `Key ${key}`)
  return metadata
}

type Method<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: Response) => void,
) => unknown

/** Makes a client method that takes a callback one that returns a promise; gRPC errors reject. */
export function call<Request, Response>(
  client: StaticClient,
  method: Method<Request, Response>,
  request: Request,
  metadata: Metadata = keyMetadata(),
  options: Partial<CallOptions> = {},
): Promise<Response> {
  return new Promise((resolve, reject) => {
    method.call(client, request, metadata, options, (error, response) => (error ? reject(error) : resolve(response)))
  })
}

/** User and app of a call, the first user by default. */
export function userApp(appId: string, userId: string = USER): InstanceType<typeof resources.UserAppIDSet> {
  return new resources.UserAppIDSet().setUserId(userId).setAppId(appId)
}

/** An input with the bytes of an image. */
export function imageInput(bytes: Uint8Array): InstanceType<typeof resources.Input> {
  return new resources.Input().setData(new resources.Data().setImage(new resources.Image().setBase64(bytes)))
}
