import { StatusCode } from '../contract/status-code.ts'

/** Fixed texts that clients compare or print; every other code gets a text made from its name. */
const TEXT = new Map<StatusCode, string>([
  [StatusCode.SUCCESS, 'Ok'],
  [StatusCode.MIXED_STATUS, 'Mixed Success'],
  [StatusCode.FAILURE, 'Failure'],
  [StatusCode.NOT_IMPLEMENTED, 'Not implemented'],
  [StatusCode.MOVED, 'Resource was moved'],
  [StatusCode.CONN_DOES_NOT_EXIST, 'Resource does not exist'],
  [StatusCode.CONN_INVALID_REQUEST, 'Invalid request'],
  [StatusCode.CONN_METHOD_NOT_ALLOWED, 'Method not allowed'],
  [StatusCode.CONN_BAD_REQUEST_FORMAT, 'Malformed or invalid request'],
  [StatusCode.CONN_KEY_INVALID, 'Invalid API key or Invalid API key/application pair'],
  [StatusCode.CONN_KEY_NOT_FOUND, 'API key not found'],
  [StatusCode.CONN_INSUFFICIENT_SCOPES, 'Insufficient scopes'],
  [StatusCode.CONCEPTS_INVALID_REQUEST, 'Invalid request'],
  [StatusCode.PREDICT_INVALID_REQUEST, 'Invalid request'],
  [StatusCode.SEARCH_INVALID_REQUEST, 'Invalid request'],
  [StatusCode.MODEL_TRAINED, 'Model is trained and ready'],
  [StatusCode.MODEL_TRAINING, 'Model is training'],
  [StatusCode.MODEL_UNTRAINED, 'Model not yet trained'],
  [StatusCode.MODEL_QUEUED_FOR_TRAINING, 'Model is currently in queue for training.'],
  [StatusCode.MODEL_DOES_NOT_EXIST, 'Model does not exist'],
  [StatusCode.MODEL_INVALID_ARGUMENT, 'Invalid model argument'],
  [StatusCode.MODEL_EVALUATED, 'Model was successfully evaluated.'],
  [StatusCode.MODEL_EVALUATING, 'Model is evaluating.'],
  [StatusCode.MODEL_NOT_EVALUATED, 'Model is not yet evaluated.'],
  [StatusCode.MODEL_QUEUED_FOR_EVALUATION, 'Model is queued for evaluation.'],
  [StatusCode.WORKFLOW_DOES_NOT_EXIST, 'Workflow does not exist'],
  [StatusCode.INPUT_SUCCESS, 'Download complete'],
  [StatusCode.INPUT_PENDING, 'Download pending'],
  [StatusCode.INPUT_FAILED, 'Download failed; check URL'],
  [StatusCode.INPUT_MODIFY_SUCCESS, 'Input image modification success'],
  [StatusCode.JOB_COMPLETED, 'Job successfully ran.'],
])

/** The fixed sentence of a status code, as it stands in `status.description`. */
export function statusText(code: StatusCode): string {
  const known = TEXT.get(code)
  if (known !== undefined) return known
  const name = (StatusCode[code] ?? 'UNKNOWN').toLowerCase().replaceAll('_', ' ')
  return name.charAt(0).toUpperCase() + name.slice(1)
}
