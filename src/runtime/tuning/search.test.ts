import assert from 'node:assert/strict'
import { test } from 'node:test'
import { search } from './search.ts'
import { candidates, type Setup } from './setup.ts'

/** A machine on which each setup has a rate; measuring takes the time that it is told, and lies by up to `noise`. */
function machine(rateOf: (setup: Setup) => number, noise = 0) {
  let now = 0
  let seed = 1
  const measured: Setup[] = []
  const random = (): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
    return seed / 2_147_483_648
  }
  return {
    measured,
    now: () => now,
    async measure(setup: Setup, ms: number): Promise<number> {
      measured.push(setup)
      const rate = rateOf(setup)
      // A request takes at least as long as it takes.
      now += Math.max(ms, (setup.batch * setup.workers * 1000) / rate)
      return rate * (1 + noise * (2 * random() - 1))
    },
  }
}

const BUDGET_MS = 18_000

test('the fastest setup is found, within the time', async () => {
  for (const best of candidates(4, 4)) {
    const here = machine((setup) => (setup.threads === best.threads && setup.batch === best.batch ? 120 : 100))
    const found = await search(candidates(4, 4), here.measure, BUDGET_MS, here.now)
    assert.deepEqual([found.setup, found.rate], [best, 120])
    assert.ok(here.now() <= BUDGET_MS * 1.2, `${here.now()} ms`)
  }
})

test('on a noisy machine what is found is within a tenth of the best', async () => {
  const rateOf = ({ threads, batch }: Setup): number => 100 * (threads === 2 ? 1.3 : 1) * (1 + Math.log2(batch) / 20)
  const best = Math.max(...candidates(4, 4).map(rateOf))
  const here = machine(rateOf, 0.08)
  for (let round = 0; round < 50; round++) {
    const start = here.now()
    const found = await search(candidates(4, 4), here.measure, BUDGET_MS, () => here.now() - start)
    assert.ok(rateOf(found.setup) >= 0.9 * best, JSON.stringify(found))
  }
})

test('without a clear gain the plain setup stays, as it answers one input soonest', async () => {
  const here = machine((setup) => (setup.batch === 8 ? 102 : 100))
  const { setup } = await search(candidates(2, 2), here.measure, BUDGET_MS, here.now)
  assert.deepEqual(setup, { threads: 1, workers: 2, batch: 1 })
})

test('a slow model is not tried in batches that outlast the time', async () => {
  const here = machine(() => 0.5)
  await search(candidates(2, 2), here.measure, BUDGET_MS, here.now)
  assert.ok(here.measured.every(({ batch }) => batch === 1))
  assert.ok(here.now() <= BUDGET_MS * 2, `${here.now()} ms`)
})
