import { createRequire } from 'node:module'
import web from 'clarifai-web-grpc'
import resources from 'clarifai-web-grpc/proto/clarifai/api/resources_pb.js'
import service from 'clarifai-web-grpc/proto/clarifai/api/service_pb.js'
import { type LimpidServer, PAT } from './server.ts'

// The client is made for browsers; this is the only thing of theirs that it needs.
Object.assign(globalThis, { XMLHttpRequest: createRequire(import.meta.url)('xhr2') })

// Both gRPC clients put their messages under one global name, so a process can use only one of the two.
export { resources as webResources, service as webService }

/** The official gRPC-Web client, with promises. */
export function webClient(server: LimpidServer): InstanceType<typeof web.V2PromiseClient> {
  return new web.V2PromiseClient(server.url)
}

/** Headers that carry a key or token. */
export const webKey = (key: string = PAT): { authorization: string } => ({ authorization: `Key ${key}` })
