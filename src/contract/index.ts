/** Everything generated from the contract that the program uses, in one import. */
export * from './gen/proto/clarifai/api/resources_pb.js'
export * from './gen/proto/clarifai/api/service_pb.js'
export * from './gen/proto/clarifai/api/status/status_pb.js'
export { StatusCode } from './status-code.ts'
