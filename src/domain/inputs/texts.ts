import { originalsOfInputs } from '../../store/repos/input-media.ts'
import type { Services } from '../services.ts'

/** The whole texts of inputs, by the input's pk; inputs without text are left out. */
export async function originalTexts(
  { db, blobs }: Pick<Services, 'db' | 'blobs'>,
  inputPks: readonly number[],
): Promise<Map<number, string>> {
  const texts = new Map<number, string>()
  for (const [inputPk, own] of await originalsOfInputs(db.read, inputPks)) {
    const text = own.find(({ kind }) => kind === 'text')
    if (!text) continue
    const bytes = text.content ?? (await blobs.bytes(text.hash, text.size))
    texts.set(inputPk, new TextDecoder().decode(bytes))
  }
  return texts
}
