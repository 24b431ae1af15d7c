import { type Model, threadsNow } from './onnx.ts'

interface Shared {
  readonly model: Promise<Model>
  users: number
}

const shared = new Map<string, Shared>()

/**
 * Loads a model that several engines of this process use with as many threads, once; its memory is freed when the last of them disposes it.
 */
export async function shareModel(path: string, load: () => Promise<Model>): Promise<Model> {
  const key = `${threadsNow()} ${path}`
  let entry = shared.get(key)
  if (!entry) {
    entry = { model: load(), users: 0 }
    shared.set(key, entry)
  }
  const mine = entry
  const forget = (): void => {
    if (shared.get(key) === mine) shared.delete(key)
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
