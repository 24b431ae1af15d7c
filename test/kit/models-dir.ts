import { join } from 'node:path'

/**
 * The folder in which tests keep fetched model weights, shared by all tests and kept between runs.
 *
 * `LIMPID_TEST_MODELS` names another one.
 */
export function testModelsDir(): string {
  return process.env.LIMPID_TEST_MODELS || join(import.meta.dirname, '..', '..', '.cache', 'models')
}
