import { create } from '@bufbuild/protobuf'
import { type Cluster, ClusterSchema } from '../contract/index.ts'
import { dataOf } from '../workflow/data.ts'
import { floatsOf } from './base64-floats.ts'
import type { Engine, EngineSetup } from './engine.ts'
import { eachItem } from './kit.ts'
import { invalidParam } from './params.ts'
import { vectorOfItem } from './projection.ts'

/**
 * Says which group of vectors an embedding belongs to: embeddings -> one cluster with the share of the training data
 * that it has, and where the embedding lies in the plane in which those data differ most. As base64 of float32,
 * `params.centres` has the centres row by row, `params.shares` the share of each, `params.mean` and `params.axes` the plane.
 */
export const clusterer: Engine = {
  name: 'clusterer',
  weights: [],
  load: async () => ({
    bytes: 0,
    dispose: async () => {},
    infer: (items, setup) =>
      eachItem(items, async (item) => dataOf({ clusters: [clusterOf(vectorOfItem(item), setup)] })),
  }),
}

function clusterOf(vector: readonly number[], { params }: EngineSetup): Cluster {
  const [centres, shares] = [floatsOf(params, 'centres'), floatsOf(params, 'shares')]
  const [mean, axes] = [floatsOf(params, 'mean'), floatsOf(params, 'axes')]
  const dims = mean.length
  if (centres.length !== shares.length * dims || axes.length !== 2 * dims) {
    throw invalidParam('The parameters centres, shares, mean and axes do not fit together.')
  }
  if (vector.length !== dims) {
    throw invalidParam(`The model was made for embeddings of ${dims} numbers, but this one has ${vector.length}.`)
  }
  let [best, nearest] = [0, Number.POSITIVE_INFINITY]
  for (let cluster = 0; cluster < shares.length; cluster++) {
    let distance = 0
    for (let at = 0; at < dims; at++) distance += (vector[at]! - centres[cluster * dims + at]!) ** 2
    if (distance < nearest) [best, nearest] = [cluster, distance]
  }
  const along = (axis: number): number =>
    vector.reduce((sum, value, at) => sum + (value - mean[at]!) * axes[axis * dims + at]!, 0)
  return create(ClusterSchema, { id: String(best), score: shares[best]!, projection: [along(0), along(1)] })
}
