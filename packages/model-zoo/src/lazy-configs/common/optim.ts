import { lazy, lazyPartial } from "@detectron-ts/config";
import { getVitLrDecayRate, type VitLrDecayOptions } from "@detectron-ts/backbone";
import { AdamW, getDefaultOptimizerParams, SGD } from "@detectron-ts/solver";

// The options of `params` lack the model, which is set before the optimizer is constructed.

/** SGD as most detection models are trained. Mirrors `SGD` of detectron2's `configs/common/optim.py`. */
export function sgd() {
  return lazy(SGD, {
    params: lazyPartial(getDefaultOptimizerParams, { weightDecayNorm: 0 }),
    lr: 0.02,
    momentum: 0.9,
    weightDecay: 1e-4,
  });
}

/** AdamW as vision transformers are trained. Mirrors `AdamW` of detectron2's `configs/common/optim.py`. */
export function adamW() {
  return lazy(AdamW, {
    params: lazyPartial(getDefaultOptimizerParams, { baseLr: "${..lr}", weightDecayNorm: 0 }),
    lr: 1e-4,
    betas: [0.9, 0.999],
    weightDecay: 0.1,
  });
}

/** Factors of learning rates that decay toward a transformer's input, as a function of a parameter's name. */
export function vitLrDecay(options: VitLrDecayOptions): (name: string) => number {
  return (name) => getVitLrDecayRate(name, options);
}
