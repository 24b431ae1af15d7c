import type { Compiled } from '../workflow/compile/index.ts'
import { Memo } from './access/memo.ts'

/**
 * Compiled workflows, by everything that decides the plan. Whoever changes a model, a workflow or a version of one
 * clears it after the commit; like all memos it also forgets by itself within seconds.
 */
export class PlanCache {
  readonly #memo = new Memo<string, Compiled>()

  get(key: string, compile: () => Promise<Compiled>): Promise<Compiled> {
    // The compiler answers or throws, so there is always a plan.
    return this.#memo.get(key, compile) as Promise<Compiled>
  }

  clear(): void {
    this.#memo.clear()
  }
}
