/**
 * Engines for tests of the worker pool, loaded through its `engineModule` setting: each input says in its text what
 * is to happen. Nothing here waits for time to pass; waiting is for files that a test makes.
 */
import { existsSync, readdirSync, watch } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { create } from '@bufbuild/protobuf'
import { type Data, DataSchema } from '../contract/index.ts'
import type { Engine, EngineItem, InferScope } from '../engines/engine.ts'

/** What an input tells the engine to do. */
export type TestOrder =
  /** Answer the text. */
  | { readonly do: 'echo'; readonly text: string }
  /** Answer a text of so many characters. */
  | { readonly do: 'big'; readonly size: number }
  /** Hand on a text piece by piece where somebody listens, then answer it, or die. */
  | { readonly do: 'say'; readonly pieces: readonly string[]; readonly die?: boolean }
  /** Die. */
  | { readonly do: 'crash' }
  /** Die unless the file exists, and make it before. */
  | { readonly do: 'crash-once'; readonly file: string }
  /** Keep the thread busy for ever, deaf to everything; makes the file first. */
  | { readonly do: 'spin'; readonly file: string }
  /** Take more and more memory, deaf to everything; makes the file first. */
  | { readonly do: 'eat'; readonly file: string }
  /** Put a file named after the process id into the folder, then wait for a file `go` there or for cancellation. */
  | { readonly do: 'wait'; readonly folder: string }
  /** Answer only when so many processes have come to the folder. */
  | { readonly do: 'meet'; readonly folder: string; readonly count: number }

/** What the engine answers, as JSON in `text.raw`. */
export interface TestAnswer {
  readonly pid: number
  readonly text: string
  /** Inputs that the engine got at once, with this one. */
  readonly together: number
  /** Sum of the bytes of the image. */
  readonly imageSum: number
}

/** Resolves when `found` is true of the names in a folder; rejects when the signal is aborted. */
export function folderHas(
  folder: string,
  found: (names: readonly string[]) => boolean,
  signal?: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const look = (): void => {
      if (!found(readdirSync(folder))) return
      watcher.close()
      resolve()
    }
    const watcher = watch(folder, look)
    signal?.addEventListener('abort', () => {
      watcher.close()
      reject(signal.reason)
    })
    look()
  })
}

async function obey(order: TestOrder, { signal, onText }: InferScope): Promise<string> {
  switch (order.do) {
    case 'echo':
      return order.text
    case 'big':
      return 'x'.repeat(order.size)
    case 'say':
      for (const piece of order.pieces) onText?.(piece)
      // What was said has to reach the server before.
      if (order.die) setImmediate(() => process.kill(process.pid, 'SIGKILL'))
      return order.die ? new Promise(() => {}) : order.pieces.join('')
    case 'crash':
      process.kill(process.pid, 'SIGKILL')
      return 'unreachable'
    case 'crash-once':
      if (existsSync(order.file)) return 'survived'
      await writeFile(order.file, '')
      process.kill(process.pid, 'SIGKILL')
      return 'unreachable'
    case 'spin':
      await writeFile(order.file, String(process.pid))
      for (;;);
    case 'eat': {
      await writeFile(order.file, String(process.pid))
      for (const eaten: Uint8Array[] = []; ; ) eaten.push(new Uint8Array(16 * 1024 * 1024).fill(1))
    }
    case 'wait':
      await writeFile(path.join(order.folder, `${process.pid}`), '')
      await folderHas(order.folder, (names) => names.includes('go'), signal)
      return 'waited'
    case 'meet':
      await writeFile(path.join(order.folder, `${process.pid}`), '')
      await folderHas(order.folder, (names) => names.length >= order.count, signal)
      return 'met'
  }
}

async function answer({ data, scope }: EngineItem, together: number): Promise<Data> {
  const text = await obey(JSON.parse(data.text!.raw) as TestOrder, scope)
  const imageSum = data.image?.base64.reduce((sum, byte) => sum + byte, 0) ?? 0
  const reply: TestAnswer = { pid: process.pid, text, together, imageSum }
  return create(DataSchema, { text: { raw: JSON.stringify(reply) } })
}

const infer = (items: readonly EngineItem[]) => Promise.all(items.map((item) => answer(item, items.length)))

export const engines: readonly Engine[] = [
  {
    name: 'test-obey',
    weights: [],
    load: async () => ({ bytes: 1_000, infer, dispose: async () => {} }),
  },
]
