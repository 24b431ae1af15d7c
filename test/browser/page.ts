import { ClarifaiStub } from 'clarifai-web-grpc'
import resources from 'clarifai-web-grpc/proto/clarifai/api/resources_pb.js'
import service, { type PostWorkflowResultsResponse } from 'clarifai-web-grpc/proto/clarifai/api/service_pb.js'

const { Data, Image, Input, UserAppIDSet } = resources
const { PostWorkflowResultsRequest } = service

// Bundled for the browser by the test; each function is one way in which a page calls the server.

interface JsonAnswer {
  readonly status: { readonly code: number }
  readonly results?: readonly {
    readonly outputs: readonly { readonly data?: { readonly concepts?: readonly { readonly name: string }[] } }[]
  }[]
}

/** Predicts with the public General workflow by fetch, as a page without any client library does. */
export async function json(
  origin: string,
  key: string,
  photo: string,
): Promise<{ http: number; code: number; outputs: number; best: string }> {
  const response = await fetch(`${origin}/v2/users/clarifai/apps/main/workflows/General/results`, {
    method: 'POST',
    headers: { authorization: `Key ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ inputs: [{ data: { image: { base64: photo } } }] }),
  })
  const answer = (await response.json()) as JsonAnswer
  const outputs = answer.results?.[0]?.outputs ?? []
  return {
    http: response.status,
    code: answer.status.code,
    outputs: outputs.length,
    best: outputs[0]?.data?.concepts?.[0]?.name ?? '',
  }
}

/** The same through the official gRPC-Web client, with the token in the header that its manual names. */
export function grpcWeb(
  origin: string,
  key: string,
  photo: string,
): Promise<{ code: number; outputs: number; best: string }> {
  const image = new Image().setBase64(photo)
  const request = new PostWorkflowResultsRequest()
    .setUserAppId(new UserAppIDSet().setUserId('clarifai').setAppId('main'))
    .setWorkflowId('General')
    .setInputsList([new Input().setData(new Data().setImage(image))])
  return new Promise((resolve, reject) => {
    ClarifaiStub.grpc(origin).postWorkflowResults(
      request,
      { 'X-Clarifai-Session-Token': key },
      (error: Error | null, answer: PostWorkflowResultsResponse) => {
        if (error) return reject(new Error(`the call ended with ${JSON.stringify(error)}`))
        const outputs = answer.getResultsList()[0]?.getOutputsList() ?? []
        const best = outputs[0]?.getData()?.getConceptsList()[0]?.getName() ?? ''
        resolve({ code: answer.getStatus()!.getCode(), outputs: outputs.length, best })
      },
    )
  })
}
