import { alternate, noteOf } from './kit/alternate.ts'
import { EMBEDDER, Engines, headNode, pictureInput, planOf } from './kit/engine-case.ts'
import { photos } from './kit/predict-case.ts'
import type { Result } from './kit/result.ts'
import { median } from './kit/statistics.ts'

const HEADS = 50
const ROUNDS = 60
const CALLS = 8

/** 50 linear heads of ten concepts on one image embedding, against one head: processor time of the whole plan. */
export async function run(): Promise<Result> {
  const engines = new Engines()
  await engines.fetch('mobilenet-v3-small')
  const pictures = (await photos()).map(pictureInput)
  const planWith = (count: number) => planOf([EMBEDDER, ...Array.from({ length: count }, (_, at) => headNode(at, 0))])
  const [many, one] = [planWith(HEADS), planWith(1)]
  let next = 0
  const picture = () => pictures[next++ % pictures.length]!
  const answers = await engines.run(many, pictures[0]!)
  const [, alone] = await engines.run(one, pictures[0]!)
  if (answers.length !== HEADS + 1 || answers[1]!.concepts[0]!.value !== alone!.concepts[0]!.value) {
    throw new Error('a head answers something else when it is not alone')
  }
  const compared = await alternate(
    ROUNDS,
    CALLS,
    () => engines.run(many, picture()),
    () => engines.run(one, picture()),
  )
  await engines.cache.unload()
  return {
    name: `${HEADS} heads on one image embedding, vs one head`,
    ours: compared.ours.cpuMs,
    baseline: compared.baseline.cpuMs,
    unit: 'ms of processor time',
    ratio: median(compared.cpuRatios),
    aim: '<= 1.1',
    note: noteOf(compared),
  }
}
