import type { Config } from "@detectron-ts/config";
import { OptionError } from "@detectron-ts/layers";
import type { RandomGenerator } from "@detectron-ts/matcher";

/** How likely each class is to be drawn as a negative one, in any scale. */
export type FedLossClsWeights = ArrayLike<number>;

/**
 * Finds the weights of classes for the federated loss.
 *
 * @param datasetNames - `cfg.DATASETS.TRAIN`.
 * @param freqWeightPower - `cfg.MODEL.ROI_BOX_HEAD.FED_LOSS_FREQ_WEIGHT_POWER`: the weights are the number of images that
 *   have the class to this power.
 */
export type FedLossClsWeightsSource = (
  datasetNames: readonly string[],
  freqWeightPower: number,
) => FedLossClsWeights;

let source: FedLossClsWeightsSource | undefined;

/**
 * Says where heads that are built from a config with `USE_FED_LOSS` find the weights of classes. Heads know nothing of
 * data sets: with `getFedLossClsWeights` of `@detectron-ts/data` it is their metadata, which `@detectron-ts/engine` sees to.
 */
export function setFedLossClsWeightsSource(newSource: FedLossClsWeightsSource): void {
  source = newSource;
}

/**
 * The weights that a config means.
 *
 * @throws {@link OptionError} as long as there is no source of weights.
 */
export function configuredFedLossClsWeights(cfg: Config): FedLossClsWeights {
  if (source === undefined) {
    const wanted = "false, as long as setFedLossClsWeightsSource was not called";
    throw new OptionError("MODEL.ROI_BOX_HEAD.USE_FED_LOSS", true, wanted);
  }
  return source(cfg.DATASETS.TRAIN, cfg.MODEL.ROI_BOX_HEAD.FED_LOSS_FREQ_WEIGHT_POWER);
}

/**
 * Classes that take part in the federated loss ("Probabilistic two-stage detection", Zhou et al. 2021): those of the
 * proposals, and so many others, drawn by weight, that they are `numFedLossClasses` together.
 *
 * As in detectron2, background counts as one of them where there is any. Where there are not enough classes with a weight
 * above 0, all of these are taken.
 *
 * @param gtClasses - of the proposals, `numClasses` is background; negative ones are left out.
 * @param weights - one for each of the `numClasses` foreground classes.
 * @returns the classes of the proposals in ascending order, then those drawn.
 */
export function sampleFedLossClasses(
  gtClasses: Int32Array,
  numFedLossClasses: number,
  weights: FedLossClsWeights,
  generator: RandomGenerator,
): Int32Array {
  const present = [...new Set(gtClasses)].filter((label) => label >= 0).sort((a, b) => a - b);
  const numDrawn = Math.max(numFedLossClasses - present.length, 0);
  const isPresent = new Set(present);
  // The one whose bell rings first, of bells that ring at random with rates `weight`, is class i with probability
  // weightᵢ / Σ weights; the first few are a draw without replacement.
  const others = Array.from(weights, (weight, label) => ({
    label,
    time: weight > 0 ? -Math.log(1 - generator.next()) / weight : Infinity,
  })).filter(({ label, time }) => time < Infinity && !isPresent.has(label));
  others.sort((a, b) => a.time - b.time);
  return Int32Array.from([...present, ...others.slice(0, numDrawn).map(({ label }) => label)]);
}
