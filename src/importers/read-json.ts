import { readFile, stat } from 'node:fs/promises'
import { ANNOTATION_FILE_BYTES_MAX } from './limits.ts'

/** The text of a file with annotations; says in one sentence what is wrong with it. */
export async function readText(path: string): Promise<string> {
  const { size } = await stat(path)
  if (size > ANNOTATION_FILE_BYTES_MAX) {
    throw new Error(`${path} has ${size} bytes; files with annotations may have ${ANNOTATION_FILE_BYTES_MAX}.`)
  }
  return (await readFile(path, 'utf8')).replace(/^\uFEFF/, '')
}

/** A JSON file; says in one sentence what is wrong with it. */
export async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readText(path))
  } catch (error) {
    throw new Error(`${path} cannot be read as JSON: ${(error as Error).message}`)
  }
}
