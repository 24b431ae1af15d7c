import type { Model } from './onnx.ts'

interface Shared {
  readonly model: Promise<Model>
  users: number
}

const shared = new Map<string, Shared>()

/**
 * Loads a model that several engines of this process use, once; its memory is freed when the last of them disposes it.
 */
export async function shareModel(path: string, load: () => Promise<Model>): Promise<Model> {
  let entry = shared.get(path)
  if (!entry) {
    entry = { model: load(), users: 0 }
    shared.set(path, entry)
  }
  const mine = entry
  const forget = (): void => {
    if (shared.get(path) === mine) shared.delete(path)
  }
  mine.users++
  let model: Model
  try {
    model = await mine.model
  } catch (error) {
    forget()
    throw error
  }
  let released = false
  return {
    bytes: model.bytes,
    run: (feeds) => model.run(feeds),
    async dispose() {
      if (released) return
      released = true
      mine.users--
      if (mine.users > 0) return
      forget()
      await model.dispose()
    },
  }
}
