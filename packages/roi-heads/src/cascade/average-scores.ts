import { rowMajorData } from "@detectron-ts/structures";
import ndarray, { type NdArray } from "ndarray";

const { fround } = Math;

/** The mean of the stages' scores, added up in their order and rounded to float32 at each step. */
export function averageScores(stages: readonly NdArray<Float32Array>[]): NdArray<Float32Array> {
  const [first, ...others] = stages.map(rowMajorData);
  const mean = first.slice();
  for (const scores of others) {
    for (let i = 0; i < mean.length; i++) mean[i] += scores[i];
  }
  const factor = fround(1 / stages.length);
  for (let i = 0; i < mean.length; i++) mean[i] *= factor;
  return ndarray(mean, stages[0].shape);
}
