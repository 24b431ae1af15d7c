import { create } from '@bufbuild/protobuf'
import { DataSchema } from '../../contract/index.ts'
import type { Engine } from '../engine.ts'
import { numberParam } from '../params.ts'
import { operator } from './operator.ts'

/** Makes the operator that passes on a share of the inputs; `random` gives numbers from 0 to below 1. */
export const makeRandomSample = (random: () => number): Engine =>
  operator('random-sample', ({ params }) => {
    const share = numberParam(params, 'keep_fraction', { otherwise: 1, min: 0, max: 1 })
    return ({ data }) => (share > random() ? data : create(DataSchema))
  })

/** Passes on a random share of the inputs, decided for each by itself. */
export const randomSample = makeRandomSample(Math.random)
