/** The status codes of the contract, under the name the rest of the program imports. */
export { StatusCode } from './gen/proto/clarifai/api/status/status_code_pb.js'
