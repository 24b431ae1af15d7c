import { mediaOfInputs, originalOf } from '../../store/repos/input-media.ts'
import type { Services } from '../services.ts'

/** The whole texts of inputs, by the input's pk; inputs without text are left out. */
export async function originalTexts(
  { db, blobs }: Pick<Services, 'db' | 'blobs'>,
  inputPks: readonly number[],
): Promise<Map<number, string>> {
  const texts = new Map<number, string>()
  const media = await mediaOfInputs(db.read, inputPks)
  for (const [inputPk, own] of media) {
    const text = own.find(({ kind }) => kind === 'text')
    const file = text && (await originalOf(db.read, text.pk))
    if (!file) continue
    const bytes = file.content ?? (await blobs.bytes(file.hash, file.size))
    texts.set(inputPk, new TextDecoder().decode(bytes))
  }
  return texts
}
