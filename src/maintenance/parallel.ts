/** Runs `task` for every item, at most `atOnce` at a time; rejects with the first error after all running ones ended. */
export async function forEachInParallel<T>(
  items: readonly T[],
  atOnce: number,
  task: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0
  let failed = false
  const work = async (): Promise<void> => {
    while (next < items.length && !failed) {
      const item = items[next++] as T
      await task(item).catch((error: unknown) => {
        failed = true
        throw error
      })
    }
  }
  const results = await Promise.allSettled(Array.from({ length: atOnce }, work))
  for (const result of results) if (result.status === 'rejected') throw result.reason
}
