import type { Plan } from '../../workflow/plan.ts'
import type { Runtime } from '../protocol.ts'

/**
 * A runtime that keeps plans of one kind apart: those that `isGuest` accepts go to a pool of their own, which is
 * started with the first of them. Whatever they do to their workers, the other plans keep theirs.
 */
export function withGuests(own: Runtime, isGuest: (plan: Plan) => boolean, startGuests: () => Runtime): Runtime {
  let guests: Runtime | undefined
  let closed = false
  const poolFor = (plan: Plan): Runtime => {
    if (closed || !isGuest(plan)) return own
    guests ??= startGuests()
    return guests
  }
  const both = (): Runtime[] => (guests ? [own, guests] : [own])
  return {
    run: (plan, files, inputs, options, signal) => poolFor(plan).run(plan, files, inputs, options, signal),
    ready: () => own.ready(),
    async unload(engine) {
      await Promise.all(both().map((pool) => pool.unload(engine)))
    },
    stats: async () => (await Promise.all(both().map((pool) => pool.stats()))).flat(),
    async close() {
      closed = true
      await Promise.all(both().map((pool) => pool.close()))
    },
  }
}
